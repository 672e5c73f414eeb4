"""Training recipes: TOML files, validated before anything heavy is imported."""

import difflib
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from bireid_models.config import (
    Backbone,
    Binarization,
    Downsample,
    NetworkConfig,
    Precision,
    Stem,
    Surrogate,
    UnitOrder,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bireid_deploy.errors import RecipeError

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Stage = Literal["stage1", "stage2", "stage3", "stage4"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NetworkSection(_Section):
    """The network to train; fields as in `bireid_models.NetworkConfig`."""

    backbone: Backbone = "resnet18"
    precision: Precision = "binary"
    binarization: Binarization = "bireid"
    width: Positive = 1.0
    input_height: int = 256
    input_width: int = 128
    last_stride: Literal[1, 2] = 2
    downsample: Downsample = "real"
    unit_order: UnitOrder = "fused"
    kernel_surrogate: Surrogate = "poly"
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


class BatchSection(_Section):
    """A batch holds `identities` x `images_per_identity` images (P x K).

    `identity` sampling draws P people with K images each; `shuffled` draws the images without
    looking at identities, for cross-entropy alone.
    """

    sampling: Literal["identity", "shuffled"] = "identity"
    identities: Annotated[int, Field(ge=2)] = 16
    images_per_identity: Annotated[int, Field(ge=1)] = 4


class AugmentationSection(_Section):
    """Training augmentation; `pad` in pixels before a random crop back to the input size."""

    flip: Probability = 0.5
    pad: Annotated[int, Field(ge=0)] = 10
    erasing: Probability = 0.5


class LossSection(_Section):
    """The task losses: cross-entropy over identities and batch-hard triplet."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    triplet_weight: NonNegative = 1.0
    triplet_margin: Positive | Literal["soft"] = 0.3


class DiscriminatorSection(_Section):
    """Fully connected discriminator: widths of its hidden blocks and slope of its LeakyReLU."""

    widths: Annotated[tuple[int, ...], Field(min_length=1)] = (128, 256, 128)
    leaky_slope: NonNegative = 0.2


class KernelRefiningSection(_Section):
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


class FeaturePair(_Section):
    """A low-level map that is pulled towards a high-level one."""

    low: Stage
    high: Stage = "stage4"

    @model_validator(mode="after")
    def _is_ordered(self) -> "FeaturePair":
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must come before high ({self.high})")
        return self


class FeatureRefiningSection(_Section):
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


class OptimizerSection(_Section):
    """Adam with one learning rate per parameter group, eq. 6.25, 6.27, 6.33.

    `kernel_rate` is eta1 (latent kernels), `alpha_rate` eta2, `other_rate` eta3. Weight decay
    (decoupled) touches other parameters only, and neither normalisation nor PReLU.
    `task_gradient_only`: other parameters follow the task loss alone (eq. 6.32), at the price of a
    second backward pass; otherwise FR-GAL reaches them too.
    """

    epochs: Annotated[int, Field(ge=1)] = 60
    kernel_rate: Positive = 1e-3
    alpha_rate: Positive = 1e-4
    other_rate: Positive = 1e-3
    discriminator_rate: Positive = 1e-4
    weight_decay: NonNegative = 5e-4
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup_epochs: NonNegative = 0.0
    task_gradient_only: bool = False
    alpha_init: Literal["mean_abs", "random", "ones"] = "mean_abs"


class Recipe(_Section):
    """Everything that decides a training run apart from the data set.

    `repeatable`: the same recipe and data give the same weights to the last bit, interrupted or
    not; without it training is about a fifth faster on a CPU.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    description: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    repeatable: bool = True
    network: NetworkSection = NetworkSection()
    batch: BatchSection = BatchSection()
    augmentation: AugmentationSection = AugmentationSection()
    loss: LossSection = LossSection()
    kernel_refining: KernelRefiningSection = KernelRefiningSection(enabled=False)
    feature_refining: FeatureRefiningSection = FeatureRefiningSection(enabled=False)
    optimizer: OptimizerSection = OptimizerSection()

    @model_validator(mode="after")
    def _methods_fit_the_network(self) -> "Recipe":
        if self.kernel_refining.enabled and self.network.precision == "real":
            raise ValueError("kernel_refining needs 1-bit kernels: set network.precision='binary'")
        batch = self.batch
        if self.loss.triplet_weight > 0 and (
            batch.images_per_identity < 2 or batch.sampling != "identity"
        ):
            raise ValueError(
                "the triplet loss needs batch.sampling='identity' and at least 2 "
                "batch.images_per_identity; or set loss.triplet_weight=0"
            )
        return self


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file.

    Args:
        path: TOML file.
        overrides: `section.key=value` assignments, the value in TOML syntax (bare words are
            strings), applied on top of the file.

    Raises:
        RecipeError: The file is missing, not TOML, or does not validate; the message names the key
            and, for an unknown one, the nearest known.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"{path}: no such recipe; see models/recipes for examples") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: not a readable TOML file: {error}") from error
    for override in overrides:
        _assign(document, override)
    return parse_recipe(document, source=str(path))


def parse_recipe(document: dict[str, Any], source: str) -> Recipe:
    """Validate a recipe given as nested dictionaries; `source` opens the error message."""
    try:
        return Recipe.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise RecipeError(f"{source}: {_first_problem(error)}") from error


def find_recipe(name: str) -> Path:
    """Path of a recipe shipped with the project, by its file name without `.toml`."""
    import bireid_models

    package = Path(bireid_models.__file__).parent
    for folder in (package / "recipes", package.parent / "recipes"):
        candidate = folder / f"{name}.toml"
        if candidate.is_file():
            return candidate
    raise RecipeError(f"no recipe named {name!r} is installed; give the path of a TOML file")


def differences(first: Recipe, second: Recipe) -> list[str]:
    """Dotted names of the keys in which two recipes differ."""
    one, two = _flatten(first.model_dump()), _flatten(second.model_dump())
    return sorted(key for key in one.keys() | two.keys() if one.get(key) != two.get(key))


def _flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, item in value.items():
        flat.update(_flatten(item, f"{prefix}.{key}" if prefix else key))
    return flat


def _assign(document: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {override}: expected section.key=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *sections, last = key.strip().split(".")
    for section in sections:
        document = document.setdefault(section, {})
        if not isinstance(document, dict):
            raise RecipeError(f"--set {override}: {section} is not a section")
    document[last] = value


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"]) or "recipe"
    if problem["type"] == "extra_forbidden":
        return f"unknown key {where}{_suggestion(problem['loc'])}"
    message = problem["msg"].removeprefix("Value error, ")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {message}{more}"


def _suggestion(location: tuple[int | str, ...]) -> str:
    known: list[str] = []
    section: Any = Recipe
    for part in location[:-1]:
        field = section.model_fields.get(part) if hasattr(section, "model_fields") else None
        section = field.annotation if field else None
    if hasattr(section, "model_fields"):
        known = list(section.model_fields)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known keys: {', '.join(known)}" if known else ""
