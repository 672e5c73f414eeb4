"""The description of a network: everything that is needed to build it again."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from bireid_models.backbones import BACKBONES
from bireid_models.backbones.cdnet_architecture import parse_architecture
from bireid_models.binarizations import BINARIZATIONS, SURROGATES
from bireid_models.heads import HEADS

Precision = Literal["binary", "binary_activations", "binary_weights", "real"]
Stem = Literal["imagenet", "cifar"]
UnitOrder = Literal["fused", "paper"]
Downsample = Literal["real", "binary"]
MaxShift = Literal["bn_after_max", "ema", "none"]

MAX_SIDE = 1 << 16
"""Of an input, pixels or points."""

MAX_DIM = 1 << 16
"""Of an embedding."""


@dataclass(frozen=True)
class NetworkConfig:
    """A network: backbone, head and input size.

    Attributes:
        backbone: Name in `bireid_models.backbones.BACKBONES`.
        precision: `binary` for 1-bit kernels and activations, `binary_activations` for real-valued
            kernels on 1-bit activations (the first of two training stages), `binary_weights` for
            1-bit kernels on real-valued activations, which 8-bit accelerators want, `real` for the
            real-valued counterpart; the last two have one topology.
        binarization: How kernels and activations become 1-bit, a name in
            `bireid_models.binarizations.BINARIZATIONS`. A real-valued network ignores it but for
            its wiring.
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
        head: Name in `bireid_models.heads.HEADS`.
        input_channels: Channels of the input image, 1 to 64.
        classes: Classes that a head such as `detector` tells apart, 1 to 1000; `bnneck` has none.
        max_shift: What `pointnet` does to the maximum over all points, nearly all of which is
            positive, before its sign: `bn_after_max` learns a shift per channel, `ema` subtracts
            the median of the maximum of as many standard normal numbers (BiPointNet's EMA-max).
            A real-valued network has none.
        stage_channels: Channels of the stages of a ResNet at width 1 in the place of its own; None
            leaves those. The stem has as many as the first.
        masks: Whether a soft mask stands behind the normalisation of every unit, for pruning: one
            number per filter where only the next convolution reads them, otherwise one for the
            whole branch beside a shortcut.
        pruned: What a pruning left, by the name of a unit: its filters, or 0 where its whole branch
            is gone. Only deployed networks have any.
        architecture: The blocks of `cdnet`: `cdnet` or `cnet` as published, or the choices of its
            six places, such as "3+5 3+7x2 5+7x2 5+9 5+7x2 5+7"; see
            `bireid_models.backbones.cdnet_architecture`.

    Raises:
        ValueError: A field has an impossible value; one line that names it and what is possible.
    """

    backbone: str = "resnet18"
    precision: Precision = "binary"
    binarization: str = "bireid"
    width: float = 1.0
    input_height: int = 256
    input_width: int = 128
    last_stride: int = 2
    downsample: Downsample = "real"
    unit_order: UnitOrder = "fused"
    kernel_surrogate: str = "poly"
    embedding_dim: int | None = None
    stem: Stem = "imagenet"
    dropout: float = 0.0
    head: str = "bnneck"
    input_channels: int = 3
    classes: int = 1
    max_shift: MaxShift = "bn_after_max"
    stage_channels: tuple[int, ...] | None = None
    masks: bool = False
    pruned: tuple[tuple[str, int], ...] = ()
    architecture: str = "cdnet"

    def __post_init__(self) -> None:
        # JSON, of a manifest or a record, has lists.
        if self.stage_channels is not None:
            object.__setattr__(self, "stage_channels", tuple(self.stage_channels))
        object.__setattr__(self, "pruned", tuple((name, left) for name, left in self.pruned))
        choices: dict[str, Iterable[object]] = {
            "backbone": BACKBONES,
            "precision": get_args(Precision),
            "binarization": BINARIZATIONS,
            "stem": get_args(Stem),
            "last_stride": (1, 2),
            "downsample": get_args(Downsample),
            "unit_order": get_args(UnitOrder),
            "kernel_surrogate": SURROGATES,
            "head": HEADS,
            "max_shift": get_args(MaxShift),
        }
        for name, allowed in choices.items():
            _check_choice(name, getattr(self, name), list(allowed))
        self._check_sides()
        parse_architecture(self.architecture)
        if not 1 <= self.input_channels <= 64:
            raise ValueError(f"input_channels is {self.input_channels}; it must be 1 to 64")
        if not 1 <= self.classes <= 1000:
            raise ValueError(f"classes is {self.classes}; it must be 1 to 1000")
        if not 0.125 <= self.width <= 4:
            raise ValueError(f"width is {self.width}; it must be between 0.125 and 4")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; it must be in [0, 1)")
        if self.embedding_dim is not None and not 8 <= self.embedding_dim <= MAX_DIM:
            raise ValueError(f"embedding_dim is {self.embedding_dim}; it must be 8 to {MAX_DIM}")
        if self.stage_channels is not None and not all(
            8 <= count <= 2048 for count in self.stage_channels
        ):
            raise ValueError(
                f"stage_channels is {list(self.stage_channels)}; each must be 8 to 2048"
            )
        if self.masks:
            self._check_masks()
        self._check_matrix()

    def _check_sides(self) -> None:
        sides = {"input_height": self.input_height, "input_width": self.input_width}
        for (name, side), least in zip(
            sides.items(), BACKBONES[self.backbone].least_input, strict=True
        ):
            if side < least:
                raise ValueError(f"{name} is {side}; it must be at least {least}")
            if side > MAX_SIDE:
                raise ValueError(f"{name} is {side}; it must be at most {MAX_SIDE}")

    def _check_matrix(self) -> None:
        if self.precision == "binary_weights" and BINARIZATIONS[self.binarization].matrix:
            raise ValueError(
                f"binary_weights needs one number per channel, and {self.binarization!r} learns a "
                "matrix; set binarization to another one"
            )

    @property
    def has_real_maps(self) -> bool:
        """Whether activations are real-valued, so that nothing depends on their sign alone."""
        return self.precision in ("real", "binary_weights")

    def _check_masks(self) -> None:
        binarization = BINARIZATIONS[self.binarization]
        if (binarization.order or self.unit_order) != "fused":
            raise ValueError("masks stand in units of the order fused; choose another binarization")
        if not (binarization.learned_alpha or binarization.matrix):
            fitting = [
                name for name, row in BINARIZATIONS.items() if row.learned_alpha or row.matrix
            ]
            raise ValueError(
                f"masks need a learned scale, which {self.binarization!r} has not: set "
                f"binarization to one of {', '.join(fitting)}"
            )

    def stages(self, own: tuple[int, ...]) -> tuple[int, ...]:
        """Channels of the stages: `stage_channels`, or the backbone's own, times the width.

        Raises:
            ValueError: `stage_channels` are not as many as the stages of the backbone.
        """
        wanted = self.stage_channels or own
        if len(wanted) != len(own):
            raise ValueError(
                f"stage_channels has {len(wanted)} numbers; {self.backbone} has {len(own)} stages"
            )
        return tuple(self.channels(count) for count in wanted)

    def channels(self, base: int) -> int:
        """Channel count of a layer that has `base` channels at width 1, a multiple of 8."""
        return max(8, round(base * self.width / 8) * 8)


def _check_choice(name: str, value: object, allowed: list[object]) -> None:
    if value in allowed:
        return
    choices = [str(choice) for choice in allowed]
    close = difflib.get_close_matches(str(value), choices, n=1)
    advice = f"did you mean {close[0]}?" if close else f"choose one of: {', '.join(choices)}"
    raise ValueError(f"{name} is {value!r}; {advice}")
