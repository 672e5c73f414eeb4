"""The description of a network: everything that is needed to build it again."""

from dataclasses import dataclass
from typing import Literal, get_args

Precision = Literal["binary", "real"]
UnitOrder = Literal["fused", "paper"]
Downsample = Literal["real", "binary"]
Surrogate = Literal["poly", "clip"]


@dataclass(frozen=True)
class NetworkConfig:
    """A Re-ID network: backbone, neck and input size.

    Attributes:
        backbone: Name of the backbone; `resnet18`.
        precision: `binary` for 1-bit kernels and activations, `real` for the real-valued
            counterpart of the same topology.
        width: Multiplier of all channel counts; 1.0 gives 64, 128, 256, 512.
        input_height: Rows of the input image, pixels.
        input_width: Columns of the input image, pixels.
        last_stride: Stride of the last stage, 1 or 2.
        downsample: Precision of the 1x1 convolutions in the shortcuts of a binary network.
        unit_order: `fused` is sign, conv, alpha, BN, add, PReLU: alpha and BN vanish into the
            binary convolution when converted. `paper` is the BN, conv, BN, PReLU of Fig. 6.1.
        kernel_surrogate: Gradient of sign for latent kernels: `poly` is 2 - 2|w| (eq. 6.19),
            `clip` is 1 on |w| <= 1 (Bi-Real Net).
        embedding_dim: Length of the embedding. None takes the channels of the last stage (512 at
            width 1); another number adds a real-valued projection before the neck.
    """

    backbone: str = "resnet18"
    precision: Precision = "binary"
    width: float = 1.0
    input_height: int = 256
    input_width: int = 128
    last_stride: int = 2
    downsample: Downsample = "real"
    unit_order: UnitOrder = "fused"
    kernel_surrogate: Surrogate = "poly"
    embedding_dim: int | None = None

    def __post_init__(self) -> None:
        for name, allowed in (
            ("backbone", ("resnet18",)),
            ("precision", get_args(Precision)),
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
        if self.embedding_dim is not None and self.embedding_dim < 8:
            raise ValueError(f"embedding_dim is {self.embedding_dim}; it must be at least 8")

    def channels(self, base: int) -> int:
        """Channel count of a layer that has `base` channels at width 1, a multiple of 8."""
        return max(8, round(base * self.width / 8) * 8)
