"""The table of configurations that frameworks leave beside a checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from bireid_converters.checkpoints.configs.boxmot import boxmot_says
from bireid_converters.checkpoints.configs.fast_reid import FAST_REID
from bireid_converters.checkpoints.configs.framework import Framework, Stated, Tensors
from bireid_converters.checkpoints.configs.layumi import LAYUMI
from bireid_converters.checkpoints.configs.settings import Settings, read_settings
from bireid_converters.checkpoints.configs.strong_baseline import STRONG_BASELINE
from bireid_converters.checkpoints.configs.torchreid import TORCHREID
from bireid_converters.errors import CheckpointError

__all__ = [
    "FRAMEWORKS",
    "Settings",
    "Stated",
    "boxmot_says",
    "read_settings",
    "require_stored_colours",
    "what_it_says",
]

# Half of what a pixel of 8 bits can tell.
_COLOUR_STEP = 0.5 / 255

# The first that fits is taken: the marks of the second are among the first's names.
FRAMEWORKS = (FAST_REID, STRONG_BASELINE, TORCHREID, LAYUMI)


def what_it_says(settings: Settings, family: str, tensors: Tensors) -> Stated:
    """What a configuration says of a checkpoint's network.

    Args:
        settings: The configuration.
        family: The kind of the checkpoint.
        tensors: The checkpoint.

    Raises:
        CheckpointError: It is of no framework that is known, of another one than the checkpoint,
            contradicts it, or has a value that is none.
        UnsupportedModelError: It names a layer that is not built.
    """
    framework = _recognised(settings)
    if family not in framework.families:
        raise CheckpointError(
            f"{settings.source}: a configuration of {framework.name}, but the checkpoint is of "
            f"{family}"
        )
    stated = framework.read(settings, tensors)
    unread = tuple(
        name
        for name in settings.unread()
        if not any(fnmatchcase(name, pattern) for pattern in framework.training)
    )
    return replace(stated, unread=unread, source=settings.source)


def require_stored_colours(
    settings: Settings, stated: Stated, stored: Mapping[str, Sequence[float]]
) -> None:
    """See that a configuration says of the colours what stands in the checkpoint.

    Args:
        settings: The configuration.
        stated: What it says.
        stored: `mean` and `std` in the checkpoint, if it has them.

    Raises:
        CheckpointError: It says otherwise.
    """
    for name, numbers in stored.items():
        said = stated.preprocess.get(name, numbers)
        if any(abs(a - b) > _COLOUR_STEP for a, b in zip(said, numbers, strict=True)):
            raise CheckpointError(
                f"{settings.source}: the {name} of its images is {_joined(said)}, in the "
                f"checkpoint {_joined(numbers)}; it is the configuration of another network"
            )


def _joined(numbers: Sequence[float]) -> str:
    return " ".join(f"{number:g}" for number in numbers)


def _recognised(settings: Settings) -> Framework:
    for framework in FRAMEWORKS:
        if any(name.startswith(framework.marks) for name in settings.names()):
            return framework
    known = ", ".join(framework.name for framework in FRAMEWORKS)
    raise CheckpointError(f"{settings.source}: no configuration that is known here ({known})")
