"""What blocks a CDNet is made of, as a line of text: the published ones and any other.

A place has a pair of kernel sizes and how many blocks of that pair follow one another: `3+5` is one
block whose branches see 3 and 5 pixels, `3+7x2` two of the pair 3 and 7. Six places make a network.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

PLACES = 6
KERNELS = (3, 5, 7, 9)
MAX_DEPTH = 2

PUBLISHED = {
    "cdnet": "3+5 3+7x2 5+7x2 5+9 5+7x2 5+7",
    "cnet": "5+7 7+9 7+9 7+9 7+9 3+5",
}
"""Found by top-2 sample search: CDNet with depths, CNet without (Li et al. 2021)."""

_CHOICE = re.compile(r"([3579])\+([3579])(?:x([12]))?")


@dataclass(frozen=True)
class Choice:
    """What stands at one place.

    Attributes:
        kernels: Kernel sizes of the two branches, ascending, of `KERNELS`.
        depth: Blocks of that pair behind one another, 1 or 2.
    """

    kernels: tuple[int, int]
    depth: int = 1

    def __str__(self) -> str:
        """As `parse_architecture` reads it."""
        first, second = self.kernels
        return f"{first}+{second}" + (f"x{self.depth}" if self.depth > 1 else "")


Architecture = tuple[Choice, ...]


def parse_architecture(text: str) -> Architecture:
    """Read a published name, or the choices of all places.

    Raises:
        ValueError: It is neither; one line that says what is wrong with which choice.
    """
    words = PUBLISHED.get(text, text).split()
    if len(words) != PLACES:
        raise ValueError(
            f"architecture is {text!r}; give {' or '.join(map(repr, PUBLISHED))}, or {PLACES} "
            f"choices such as {PUBLISHED['cdnet']!r}"
        )
    return tuple(_parse_choice(word) for word in words)


def write_architecture(architecture: Architecture) -> str:
    """The line that `parse_architecture` reads."""
    return " ".join(map(str, architecture))


def weights_of(architecture: Architecture, channels: Sequence[tuple[int, int]]) -> int:
    """Weights of all places, real-valued, two per channel of a normalisation among them.

    Args:
        architecture: The choices.
        channels: Channels of the map before and behind each place.
    """
    return sum(
        _block_weights(before if index == 0 else behind, behind, choice.kernels)
        for choice, (before, behind) in zip(architecture, channels, strict=True)
        for index in range(choice.depth)
    )


def _block_weights(before: int, behind: int, kernels: tuple[int, int]) -> int:
    inner = behind // 4
    gate = max(1, inner // 4)
    lites = sum((size - 1) // 2 for size in kernels)
    return (
        before * inner
        + 2 * inner
        + lites * (inner * inner + 9 * inner + 2 * inner)
        + 2 * inner * gate
        + gate
        + inner
        + inner * behind
        + 2 * behind
        + (0 if before == behind else before * behind + 2 * behind)
    )


def _parse_choice(word: str) -> Choice:
    found = _CHOICE.fullmatch(word)
    if found is None or found[1] >= found[2]:
        raise ValueError(
            f"architecture has the choice {word!r}; it must be two of the kernels 3, 5, 7 and 9, "
            "the smaller one first, such as '3+7' or '3+7x2'"
        )
    return Choice((int(found[1]), int(found[2])), int(found[3] or 1))
