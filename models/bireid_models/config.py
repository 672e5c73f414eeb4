"""The description of a network: everything that is needed to build it again."""

from dataclasses import dataclass
from typing import Literal, get_args

Backbone = Literal["resnet18", "resnet34", "resnet50", "mobilenet"]
Precision = Literal["binary", "binary_activations", "real"]
Binarization = Literal["bireid", "xnor", "bireal", "reactnet", "irnet"]
Stem = Literal["imagenet", "cifar"]
UnitOrder = Literal["fused", "paper"]
Downsample = Literal["real", "binary"]
Surrogate = Literal["poly", "clip"]


@dataclass(frozen=True)
class NetworkConfig:
    """A Re-ID network: backbone, neck and input size.

    Attributes:
        backbone: `resnet18`, `resnet34`, `resnet50` (bottlenecks) or `mobilenet` (the MobileNetV1
            layout of ReActNet-A).
        precision: `binary` for 1-bit kernels and activations, `binary_activations` for real-valued
            kernels on 1-bit activations (the first of two training stages), `real` for the
            real-valued counterpart of the same topology.
        binarization: How kernels and activations become 1-bit; see
            `bireid_models.binarization`. A real-valued network ignores it but for its wiring.
        width: Multiplier of all channel counts; 1.0 gives 64, 128, 256, 512 in the blocks of a
            ResNet.
        input_height: Rows of the input image, pixels.
        input_width: Columns of the input image, pixels.
        last_stride: Stride of the last stage, 1 or 2.
        downsample: Precision of the 1x1 convolutions in the shortcuts of a binary network.
        unit_order: `fused` is sign, conv, alpha, BN, add, PReLU: alpha and BN vanish into the
            binary convolution when converted. `paper` is the BN, conv, BN, PReLU of Fig. 6.1. Only
            `bireid` leaves it open.
        kernel_surrogate: Gradient of sign for latent kernels: `poly` is 2 - 2|w| (eq. 6.19),
            `clip` is 1 on |w| <= 1 (Bi-Real Net). Only `bireid` leaves it open.
        embedding_dim: Length of the embedding. None takes the channels of the last stage (512 of
            ResNet-18 at width 1); a number adds a real-valued projection before the neck.
        stem: `imagenet` is a 7x7 convolution of stride 2 and max pooling (MobileNet: a 3x3
            convolution of stride 2), `cifar` one 3x3 convolution of stride 1 for images of 32x32.
        dropout: Share of the neck's outputs dropped in training, before the classifier.
    """

    backbone: Backbone = "resnet18"
    precision: Precision = "binary"
    binarization: Binarization = "bireid"
    width: float = 1.0
    input_height: int = 256
    input_width: int = 128
    last_stride: int = 2
    downsample: Downsample = "real"
    unit_order: UnitOrder = "fused"
    kernel_surrogate: Surrogate = "poly"
    embedding_dim: int | None = None
    stem: Stem = "imagenet"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in (
            ("backbone", get_args(Backbone)),
            ("precision", get_args(Precision)),
            ("binarization", get_args(Binarization)),
            ("stem", get_args(Stem)),
            ("last_stride", (1, 2)),
            ("downsample", get_args(Downsample)),
            ("unit_order", get_args(UnitOrder)),
            ("kernel_surrogate", get_args(Surrogate)),
        ):
            if getattr(self, name) not in allowed:
                choices = ", ".join(str(choice) for choice in allowed)
                raise ValueError(f"{name} is {getattr(self, name)!r}; choose one of: {choices}")
        for name in ("input_height", "input_width"):
            if getattr(self, name) < 32:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 32")
        if not 0.125 <= self.width <= 4:
            raise ValueError(f"width is {self.width}; it must be between 0.125 and 4")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; it must be in [0, 1)")
        if self.embedding_dim is not None and self.embedding_dim < 8:
            raise ValueError(f"embedding_dim is {self.embedding_dim}; it must be at least 8")

    def channels(self, base: int) -> int:
        """Channel count of a layer that has `base` channels at width 1, a multiple of 8."""
        return max(8, round(base * self.width / 8) * 8)
