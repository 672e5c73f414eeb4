"""What is to be adapted, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bireid_runtime.errors import ArgumentError
from bireid_runtime.suggestions import hint

from bireid_deploy.adaptation.centring import Centring

LEVELS = {
    "cluster": "training on clusters of the crops",
    "norm": "batch normalisation estimated from the crops",
    "camera": "each camera's mean embedding taken out",
}
"""In the order in which they are applied."""

Per = Literal["camera", "all"]


@dataclass(frozen=True)
class Plan:
    """Levels and their options; `of` checks them.

    Attributes:
        levels: Names of `LEVELS`, in their order.
        per: Whether `norm` estimates for every camera, or once for all.
        centring: What `camera` takes out.
    """

    levels: tuple[str, ...]
    per: Per = "camera"
    centring: Centring = "mean"

    @classmethod
    def of(cls, levels: Sequence[str], per: str, centring: str) -> "Plan":
        """Check what a person asks for.

        Raises:
            ArgumentError: No level, an unknown one, or another unknown word.
        """
        for level in levels:
            if level not in LEVELS:
                raise ArgumentError(f"there is no level {level!r}; {hint(level, LEVELS)}")
        if not levels:
            raise ArgumentError(f"no level to adapt at; choose of {', '.join(LEVELS)}")
        if per not in get_args(Per):
            raise ArgumentError(f"per {per!r}; {hint(per, get_args(Per))}")
        known = [each for each in get_args(Centring) if each != "none"]
        if centring not in known:
            raise ArgumentError(f"centring {centring!r}; {hint(centring, known)}")
        ordered = tuple(level for level in LEVELS if level in levels)
        return cls(ordered, per, centring)  # type: ignore[arg-type]

    @property
    def trains(self) -> bool:
        """Whether the network learns."""
        return "cluster" in self.levels

    @property
    def norms_cameras(self) -> bool:
        """Whether every camera gets batch normalisation of its own."""
        return "norm" in self.levels and self.per == "camera"

    @property
    def norms_all(self) -> bool:
        """Whether all cameras together get other batch normalisation."""
        return "norm" in self.levels and self.per == "all"

    @property
    def centres(self) -> bool:
        """Whether embeddings of every camera are centred."""
        return "camera" in self.levels

    @property
    def knows_cameras(self) -> bool:
        """Whether the result treats cameras differently, so that only a bundle can hold it."""
        return self.norms_cameras or self.centres

    def to_json(self) -> dict[str, Any]:
        """For records and cards."""
        return {
            "levels": list(self.levels),
            "batch_normalisation_per": self.per if "norm" in self.levels else None,
            "centring": self.centring if self.centres else None,
        }
