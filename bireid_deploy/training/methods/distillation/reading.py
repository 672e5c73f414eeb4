"""How a checkpoint of another project is read as a teacher, before TensorFlow is."""

from pathlib import Path

from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.checkpoints.configs import Settings, read_settings, what_it_says
from bireid_converters.checkpoints.families import find_family

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.methods.distillation.section import CheckpointSection
from bireid_deploy.training.taken_for import taken_for
from bireid_deploy.training.teacher_cache import CACHE_SUFFIX


def is_checkpoint(teacher: Path) -> bool:
    """Whether a teacher is a file that is no cache."""
    return teacher.is_file() and teacher.suffix != CACHE_SUFFIX


def refuse_settings(teacher: Path, settings: CheckpointSection) -> None:
    """See that nothing is said of how a checkpoint is read where the teacher is none.

    Raises:
        TrainingError: Something is.
    """
    if settings != CheckpointSection():
        raise TrainingError(
            f"{teacher}: no checkpoint of PyTorch, but the recipe says by distillation.checkpoint "
            "how one is read; leave that out"
        )


def configuration(checkpoint: Path, settings: CheckpointSection) -> Settings | None:
    """The framework's own configuration, read; None if the recipe names none.

    Raises:
        CheckpointError: It is damaged, or no configuration.
        OSError: There is no such file.
    """
    return None if settings.config is None else read_settings(checkpoint.parent / settings.config)


def said_of_checkpoint(path: Path, settings: CheckpointSection) -> tuple[str, ...]:
    """What a checkpoint is taken for, in words, and what its configuration says.

    Raises:
        CheckpointError, UnsupportedModelError: It cannot be read, or is of no family that is known;
            or the configuration is none, or contradicts it.
        OSError: There is no such configuration.
    """
    told = configuration(path, settings)
    with read_checkpoint(path) as opened:
        family = find_family(list(opened.tensors), settings.arch)
        stated = None if told is None else what_it_says(told, family.name, opened.tensors)
    said = [
        f"{name} {_words(value)}"
        for name, value in settings
        if value is not None and name not in ("arch", "config")
    ]
    other = f"; the recipe says {', '.join(said)}" if said else ""
    return taken_for(path, family, stated, other)


def _words(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
