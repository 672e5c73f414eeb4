"""The sections that every training recipe has; see `bireid_deploy.training.recipe`."""

from typing import Annotated, Literal, Self

from bireid_models.config import (
    Downsample,
    MaxShift,
    NetworkConfig,
    Precision,
    Stem,
    UnitOrder,
)
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bireid_deploy.data.color import ColorJitter
from bireid_deploy.data.degradation import Degradation

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, le=1)]


MAX_WHOLE = 2**31 - 1
"""Of whole numbers in a recipe: seeds, counts and sizes, as all that reads them can keep them."""


class Section(BaseModel):
    """A table of a recipe: unknown keys, wrong types and numbers beyond all use are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _numbers_are_bounded(self) -> Self:
        for name, value in self:
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, int) and abs(each) > MAX_WHOLE:
                    raise ValueError(f"{name} exceeds {MAX_WHOLE}")
        return self


class NetworkSection(Section):
    """The network to train; fields as in `bireid_models.NetworkConfig`."""

    backbone: str = "resnet18"
    precision: Precision = "binary"
    binarization: str = "bireid"
    width: Positive = 1.0
    input_height: int = 256
    input_width: int = 128
    last_stride: Literal[1, 2] = 2
    downsample: Downsample = "real"
    unit_order: UnitOrder = "fused"
    kernel_surrogate: str = "poly"
    embedding_dim: int | None = None
    stem: Stem = "imagenet"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    head: str = "bnneck"
    classes: int = 1
    max_shift: MaxShift = "bn_after_max"
    stage_channels: tuple[int, ...] | None = None
    masks: bool = False
    architecture: str = "cdnet"

    @model_validator(mode="after")
    def _is_buildable(self) -> "NetworkSection":
        self.config()
        return self

    def config(self) -> NetworkConfig:
        """The description that `bireid_models.network.build_network` takes."""
        return NetworkConfig(**self.model_dump())


class BatchSection(Section):
    """A batch holds `identities` x `images_per_identity` images (P x K).

    `identity` sampling draws P people with K images each; `shuffled` draws `size` images (P x K if
    it is not set) without looking at identities, for cross-entropy alone. With several workers each
    has batches of that size; `sync_batch_norm` normalises over those of all of them.
    """

    sampling: Literal["identity", "shuffled"] = "identity"
    identities: Annotated[int, Field(ge=2)] = 16
    images_per_identity: Annotated[int, Field(ge=1)] = 4
    size: Annotated[int, Field(ge=2)] | None = None
    sync_batch_norm: bool = False

    @model_validator(mode="after")
    def _has_one_size(self) -> "BatchSection":
        if self.size is not None and self.sampling == "identity":
            raise ValueError(
                "size is for sampling='shuffled'; set identities and images_per_identity instead"
            )
        return self

    @property
    def images(self) -> int:
        """Images in a batch."""
        return self.size or self.identities * self.images_per_identity


class ColorSection(Section):
    """Random colours, `bireid_deploy.data.color`; off unless `probability` or `grey` is set."""

    probability: Probability = 0.0
    brightness: Probability = 0.4
    contrast: Probability = 0.4
    saturation: Probability = 0.4
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    white_balance: Probability = 0.2
    gamma: Probability = 0.2
    grey: Probability = 0.0

    def jitter(self) -> ColorJitter:
        """What `bireid_deploy.data.color.jitter_colors` takes."""
        return ColorJitter(**self.model_dump())


class DegradationSection(Section):
    """Random loss of detail, each with a probability: `bireid_deploy.data.degradation`."""

    resolution: Probability = 0.0
    blur: Probability = 0.0
    jpeg: Probability = 0.0

    def losses(self) -> Degradation:
        """What `bireid_deploy.data.degradation.degrade` takes."""
        return Degradation(**self.model_dump())


class AugmentationSection(Section):
    """Training augmentation; `pad` in pixels before a random crop back to the input size."""

    flip: Probability = 0.5
    pad: Annotated[int, Field(ge=0)] = 10
    erasing: Probability = 0.5
    color: ColorSection = ColorSection()
    degradation: DegradationSection = DegradationSection()


class ValidationSection(Section):
    """Measuring on training people (or images) that are held out, each `every` so many epochs.

    0 holds nothing out. The first score of the task decides which checkpoint is kept as the best.
    Which ones are held out depends on the data and `fraction` alone, so that a teacher and those
    who learn from it see the same people.
    """

    every: Annotated[int, Field(ge=0)] = 0
    fraction: Annotated[float, Field(gt=0, le=0.5)] = 0.05


class MethodSection(Section):
    """A table of a training method; without the table the method is off."""

    enabled: bool = True


class OptimizerSection(Section):
    """One optimiser per parameter group, eq. 6.25, 6.27, 6.33.

    `method`: `adam`, or `sgd` with Nesterov momentum 0.9; the discriminators always take Adam.
    `kernel_rate` is eta1 (latent kernels), `alpha_rate` eta2, `other_rate` eta3; the rates of the
    backbone are multiplied by `backbone_factor`. Weight decay (decoupled) touches other parameters
    only, and neither normalisation, PReLU nor shifts. `schedule`: after the warm-up `linear` or
    `cosine` to 0, `constant`, or `step`: a tenth at each of the `milestones`, in epochs.
    `task_gradient_only`: other parameters follow the task loss alone (eq. 6.32), at the price of a
    second backward pass; otherwise what methods refine reaches them too.
    """

    method: Literal["adam", "sgd"] = "adam"
    epochs: Annotated[int, Field(ge=1)] = 60
    kernel_rate: Positive = 1e-3
    alpha_rate: Positive = 1e-4
    other_rate: Positive = 1e-3
    discriminator_rate: Positive = 1e-4
    backbone_factor: Positive = 1.0
    weight_decay: NonNegative = 5e-4
    schedule: Literal["linear", "cosine", "constant", "step"] = "linear"
    milestones: tuple[Positive, ...] = ()
    warmup_epochs: NonNegative = 0.0
    task_gradient_only: bool = False
    alpha_init: Literal["mean_abs", "random", "ones"] = "mean_abs"

    @model_validator(mode="after")
    def _milestones_fit_the_schedule(self) -> "OptimizerSection":
        if (self.schedule == "step") != bool(self.milestones):
            raise ValueError("milestones and schedule='step' go together")
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"milestones {list(self.milestones)} are not in ascending order")
        return self
