"""Checkpoints of other projects as networks; importing it loads TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bireid_models.imported import WeightsError
from bireid_models.imported.network import ImportedConfig, ImportedNetwork, build_imported
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.preprocess import Preprocess

from bireid_converters.checkpoints import Checkpoint
from bireid_converters.checkpoints.configs import (
    Settings,
    Stated,
    boxmot_says,
    require_stored_colours,
    what_it_says,
)
from bireid_converters.checkpoints.families import Family
from bireid_converters.checkpoints.families.resnets import RESNET
from bireid_converters.checkpoints.weights import weights_of
from bireid_converters.errors import CheckpointError


@dataclass(frozen=True)
class ImportSettings:
    """What a checkpoint cannot say of itself.

    Attributes:
        family: Its kind; None to find out.
        size: Height and width of its images; None for the family's.
        last_stride: Stride of a ResNet's last stage; None for the family's.
        preprocess: What becomes of an image besides its size, where it is another than the
            family's: fields of `Preprocess`.
        config: The framework's own configuration; what stands above counts more.
    """

    family: str | None = None
    size: tuple[int, int] | None = None
    last_stride: int | None = None
    preprocess: Mapping[str, Any] = field(default_factory=dict)
    config: Settings | None = None


@dataclass(frozen=True)
class ReadNetwork:
    """A checkpoint, rebuilt.

    Attributes:
        network: The network.
        family: Its kind.
        preprocess: What becomes of an image.
        dropped: Keys that only training needed.
        skipped: What else the file held: its kind by its name.
        stated: What the framework's own configuration, or what it wrote beside the weights, says;
            None without either.
    """

    network: ImportedNetwork
    family: Family
    preprocess: Preprocess
    dropped: tuple[str, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    stated: Stated | None = None


def rebuild(checkpoint: Checkpoint, family: Family, settings: ImportSettings) -> ReadNetwork:
    """Rebuild the network of an open checkpoint.

    Args:
        checkpoint: It.
        family: Its kind.
        settings: What it cannot say of itself; `family` is not read.

    Raises:
        CheckpointError: Its weights are not those of the architecture, or a configuration
            contradicts them.
        UnsupportedModelError: A layer, or an option, that the architecture has not; or a way to
            prepare images that is not built.
    """
    tensors = checkpoint.tensors
    if settings.last_stride is not None and family.architecture != RESNET:
        raise UnsupportedModelError(f"a last stride has no meaning for {family.name}")
    told = settings.config
    stated = boxmot_says(checkpoint.beside, "resize" in settings.preprocess)
    if told is not None:
        stated = what_it_says(told, family.name, tensors).over(stated)
    options = {**family.options(tensors), **stated.options}
    if settings.last_stride is not None:
        options["last_stride"] = settings.last_stride
    whole = family.preprocess
    height, width = settings.size or stated.size or (whole.height, whole.width)
    try:
        weights = weights_of(tensors)
        stored = family.colours(weights)
        if told is not None:
            require_stored_colours(told, stated, stored)
        fields = {**stored, **stated.preprocess, **settings.preprocess}
        spec = replace(whole, height=height, width=width, **fields)
        config = ImportedConfig(family.name, family.architecture, options, height, width)
        network = build_imported(config, weights)
        weights.drop((*family.dropped, *stated.dropped))
        weights.require_all_used()
    except WeightsError as error:
        raise CheckpointError(f"{family.name}: {error}") from error
    return ReadNetwork(
        network,
        family,
        spec,
        tuple(weights.dropped),
        {name: kind for name, kind in checkpoint.skipped.items() if name not in stated.beside},
        stated if stated.source else None,
    )
