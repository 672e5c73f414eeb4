"""The sections of a training recipe; see `bireid_deploy.training.recipe`."""

from typing import Annotated, Literal

from bireid_models.config import Downsample, NetworkConfig, Precision, Stem, UnitOrder
from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Stage = Literal["stage1", "stage2", "stage3", "stage4"]


class Section(BaseModel):
    """A table of a recipe: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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
    it is not set) without looking at identities, for cross-entropy alone.
    """

    sampling: Literal["identity", "shuffled"] = "identity"
    identities: Annotated[int, Field(ge=2)] = 16
    images_per_identity: Annotated[int, Field(ge=1)] = 4
    size: Annotated[int, Field(ge=2)] | None = None

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


class AugmentationSection(Section):
    """Training augmentation; `pad` in pixels before a random crop back to the input size."""

    flip: Probability = 0.5
    pad: Annotated[int, Field(ge=0)] = 10
    erasing: Probability = 0.5


class LossSection(Section):
    """The task losses: cross-entropy over identities (or classes) and batch-hard triplet."""

    identity_weight: NonNegative = 1.0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    triplet_weight: NonNegative = 1.0
    triplet_margin: Positive | Literal["soft"] = 0.3


class DiscriminatorSection(Section):
    """Fully connected discriminator: widths of its hidden blocks and slope of its LeakyReLU."""

    widths: Annotated[tuple[int, ...], Field(min_length=1)] = (128, 256, 128)
    leaky_slope: NonNegative = 0.2


class KernelRefiningSection(Section):
    """KR-GAL, eq. 6.9-6.11.

    `mse_gradient`: `direct` treats sign(w) as a constant (eq. 6.21), `total` adds the path through
    it. `saturating`: the generator descends log(1 - D), as printed; otherwise it ascends log D.
    `filters_per_step`: filters of a layer that the discriminator sees in one step, for speed; the
    filters take turns, and 0 shows it all of them.
    """

    enabled: bool = True
    mse_weight: NonNegative = 5e-5
    mse_reduction: Literal["sum", "mean"] = "sum"
    mse_gradient: Literal["direct", "total"] = "direct"
    adversarial_weight: NonNegative = 1.0
    saturating: bool = True
    filters_per_step: Annotated[int, Field(ge=0)] = 64
    discriminator: DiscriminatorSection = DiscriminatorSection()


class FeaturePair(Section):
    """A low-level map that is pulled towards a high-level one."""

    low: Stage
    high: Stage = "stage4"

    @model_validator(mode="after")
    def _is_ordered(self) -> "FeaturePair":
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must come before high ({self.high})")
        return self


class FeatureRefiningSection(Section):
    """FR-GAL, eq. 6.12-6.15.

    `trainable_projection`: whether the 1x1 convolution of eq. 6.12 learns, from the MSE alone.
    `discriminator_input`: what one sample is: a spatial position, the spatial mean, or the
    flattened map. `sampled_positions`: positions drawn per image in each step; 0 takes them all.
    """

    enabled: bool = True
    pairs: Annotated[tuple[FeaturePair, ...], Field(min_length=1)] = (
        FeaturePair(low="stage1"),
        FeaturePair(low="stage2"),
        FeaturePair(low="stage3"),
    )
    mse_weight: NonNegative = 5e-3
    mse_reduction: Literal["sum", "mean"] = "mean"
    adversarial_weight: NonNegative = 1.0
    saturating: bool = True
    trainable_projection: bool = True
    discriminator_input: Literal["positions", "gap", "flatten"] = "positions"
    sampled_positions: Annotated[int, Field(ge=0)] = 16
    discriminator: DiscriminatorSection = DiscriminatorSection()


class DistillationSection(Section):
    """Learning from the teacher that `train --teacher` names.

    `target`: `logits` is `T^2 KL(softmax(teacher / T) || softmax(student / T))` over the same
    classes, ReActNet's distribution loss at `temperature` T = 1; `embedding` is one minus the
    cosine between the two embeddings, for a teacher of other identities.
    """

    enabled: bool = True
    target: Literal["logits", "embedding"] = "logits"
    weight: Positive = 1.0
    temperature: Positive = 1.0


class OptimizerSection(Section):
    """One optimiser per parameter group, eq. 6.25, 6.27, 6.33.

    `method`: `adam`, or `sgd` with Nesterov momentum 0.9; the discriminators always take Adam.
    `kernel_rate` is eta1 (latent kernels), `alpha_rate` eta2, `other_rate` eta3; the rates of the
    backbone are multiplied by `backbone_factor`. Weight decay (decoupled) touches other parameters
    only, and neither normalisation, PReLU nor shifts. `schedule`: after the warm-up `linear` or
    `cosine` to 0, `constant`, or `step`: a tenth at each of the `milestones`, in epochs.
    `task_gradient_only`: other parameters follow the task loss alone (eq. 6.32), at the price of a
    second backward pass; otherwise FR-GAL reaches them too.
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
