"""What is known of a framework's configuration, and what one says of a network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bireid_converters.checkpoints.configs.settings import Settings
from bireid_converters.checkpoints.tensors import Tensor
from bireid_converters.errors import CheckpointError

Tensors = Mapping[str, Tensor]

SIDES = range(1, 4097)
"""Height and width of an image in pixels."""

STRIDES = range(1, 3)
"""Stride of a ResNet's last stage."""


@dataclass(frozen=True)
class Stated:
    """What a configuration says where the checkpoint cannot.

    Attributes:
        size: Height and width of the images; None if it does not say.
        preprocess: Fields of `bireid_runtime.preprocess.Preprocess` besides the size.
        options: What the builder is told.
        dropped: Patterns of keys of the checkpoint that then have no part in the features.
        said: The same in words.
        unread: Names in the configuration that are not known.
        source: Name of its file.
        beside: Names of entries of the checkpoint that say it.
        feeds_classifier: Whether the features are still those that the classifier of the checkpoint
            takes.
    """

    size: tuple[int, int] | None = None
    preprocess: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    source: str = ""
    beside: tuple[str, ...] = ()
    feeds_classifier: bool = True

    def over(self, other: "Stated") -> "Stated":
        """Both; where they differ, this one counts."""
        return Stated(
            self.size or other.size,
            {**other.preprocess, **self.preprocess},
            {**other.options, **self.options},
            (*other.dropped, *self.dropped),
            (*other.said, *self.said),
            (*other.unread, *self.unread),
            " and ".join(each for each in (other.source, self.source) if each),
            (*other.beside, *self.beside),
            self.feeds_classifier and other.feeds_classifier,
        )


@dataclass(frozen=True)
class Framework:
    """A framework whose configuration is read.

    Attributes:
        name: Of the framework.
        families: Kinds of checkpoints that it writes.
        marks: Beginnings of names that only its configuration has.
        training: Patterns of names that say nothing of the network after training.
        read: Says what the configuration says, and refuses one that contradicts the checkpoint.
    """

    name: str
    families: tuple[str, ...]
    marks: tuple[str, ...]
    training: tuple[str, ...]
    read: Callable[[Settings, Tensors], Stated]


def colours(
    settings: Settings, mean_key: str, std_key: str, scale: float
) -> dict[str, tuple[float, ...]]:
    """Mean and deviation of the pixels, on the scale 0 to 1.

    Args:
        settings: The configuration.
        mean_key: Name of the mean there.
        std_key: Name of the deviation there.
        scale: What white is there.

    Raises:
        CheckpointError: They are no colours, or a deviation is not positive.
    """
    found = {}
    for name, key in (("mean", mean_key), ("std", std_key)):
        numbers = settings.numbers(key, 3)
        if numbers is None:
            continue
        # 123.675 / 255 is not 0.485 to the last digit.
        found[name] = tuple(round(number / scale, 9) for number in numbers)
        if any(abs(number) > 1 for number in found[name]):
            raise settings.wrong(key, f"must be colours on the scale 0 to {scale:g}")
        if name == "std" and min(found[name]) <= 0:
            raise settings.wrong(key, "must be positive")
    return found


def in_words(
    size: tuple[int, int] | None, preprocess: Mapping[str, Any], *more: str | None
) -> tuple[str, ...]:
    """What was said, a phrase each."""
    said = [] if size is None else [f"images of {size[0]}x{size[1]}"]
    for name, word in (("mean", "mean"), ("std", "deviation")):
        if name in preprocess:
            said.append(f"{word} " + " ".join(f"{number:g}" for number in preprocess[name]))
    return (*said, *(each for each in more if each is not None))


def require_agreement(settings: Settings, key: str, agrees: bool, found: str) -> None:
    """See that a value is true of the checkpoint.

    Raises:
        CheckpointError: It is not.
    """
    if not agrees:
        raise CheckpointError(
            f"{settings.source}: {key} is {settings.shown(key)}, but the checkpoint has {found}; "
            "it is the configuration of another network"
        )
