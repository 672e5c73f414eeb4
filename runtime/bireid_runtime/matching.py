"""How the maps of a Siamese network become places: the entry `decode` of the kind `correlation`.

SiamFC (Bertinetto et al. 2016) on a network with padding: only cells that see no padding take part,
so that the map moves with the image.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bireid_runtime.manifest import Section

_MAX_STRIDE = 1024
_MAX_CELLS = 1024
_MAX_SCALES = 9
_MAX_UPSAMPLING = 32
MAX_RESPONSE = 2048
"""Rows of an upsampled response."""

_MAX_BIAS = 1000.0


@dataclass(frozen=True)
class Matching:
    """How a target is found again.

    Attributes:
        stride: Pixels of the network's input from one cell to the next.
        exemplar_first: First cell of the exemplar on both axes, of the map of a search crop.
        exemplar_cells: Its rows, which are its columns too.
        search_first: First cell of the search on both axes; its middle is that of the exemplar.
        search_cells: Its rows, which are its columns too.
        search_scale: Side of the search crop by side of the exemplar's.
        context: Share of width + height that is added to both sides of the target's box.
        scales: How many sizes are tried in each frame; odd.
        scale_step: From one size to the next.
        scale_penalty: What the response of another size than the present one is multiplied by.
        scale_rate: How far the size follows the best one.
        window_weight: Weight of the Hann window on a response that sums to 1.
        upsampling: How many times a response is enlarged.
        response_scale: What a sum of products is multiplied by.
        response_bias: What is added before the sigmoid that makes a score of a response.
    """

    stride: int
    exemplar_first: int
    exemplar_cells: int
    search_first: int
    search_cells: int
    search_scale: float = 2.0
    context: float = 0.5
    scales: int = 3
    scale_step: float = 1.0375
    scale_penalty: float = 0.9745
    scale_rate: float = 0.59
    window_weight: float = 0.176
    upsampling: int = 16
    response_scale: float = 0.001
    response_bias: float = 0.0

    @property
    def response_cells(self) -> int:
        """Rows of a response, before it is enlarged."""
        return self.search_cells - self.exemplar_cells + 1

    @property
    def response_side(self) -> int:
        """Rows of a response, enlarged."""
        return self.response_cells * self.upsampling

    def to_manifest(self) -> dict[str, Any]:
        """Return the record as it stands in the manifest of a bundle."""
        return asdict(self)

    @classmethod
    def from_manifest(cls, section: Section, rows: int) -> "Matching":
        """Read the record, untrusted.

        Args:
            section: The entry `decode`.
            rows: Rows, and columns, of the map.

        Raises:
            BundleError: A key is missing, unknown or out of range; it is named.
        """
        section.refuse_unknown(cls.__dataclass_fields__)
        found = cls(
            stride=section.integer("stride", 1, _MAX_STRIDE),
            exemplar_first=section.integer("exemplar_first", 0, _MAX_CELLS),
            exemplar_cells=section.integer("exemplar_cells", 1, _MAX_CELLS),
            search_first=section.integer("search_first", 0, _MAX_CELLS),
            search_cells=section.integer("search_cells", 1, _MAX_CELLS),
            search_scale=_within(section, "search_scale", 1.0, 8.0),
            context=_within(section, "context", 0.0, 2.0),
            scales=section.integer("scales", 1, _MAX_SCALES),
            scale_step=_within(section, "scale_step", 1.0, 2.0),
            scale_penalty=_within(section, "scale_penalty", 0.0, 1.0),
            scale_rate=_within(section, "scale_rate", 0.0, 1.0),
            window_weight=_within(section, "window_weight", 0.0, 1.0),
            upsampling=section.integer("upsampling", 1, _MAX_UPSAMPLING),
            response_scale=_within(section, "response_scale", 1e-9, 1e3),
            response_bias=_within(section, "response_bias", -_MAX_BIAS, _MAX_BIAS),
        )
        found._check(section, rows)
        return found

    def _check(self, section: Section, rows: int) -> None:
        if self.scales % 2 == 0:
            raise section.error("scales", "must be odd")
        if self.exemplar_cells > self.search_cells:
            raise section.error("exemplar_cells", "is more than search_cells")
        if self.exemplar_first + self.exemplar_cells > rows:
            raise section.error("exemplar_cells", f"reaches beyond the {rows} rows of the map")
        if self.search_first + self.search_cells > rows:
            raise section.error("search_cells", f"reaches beyond the {rows} rows of the map")
        middles = [
            2 * self.exemplar_first + self.exemplar_cells,
            2 * self.search_first + self.search_cells,
        ]
        if middles[0] != middles[1]:
            raise section.error("exemplar_first", "does not put the exemplar amid the search")
        if not 3 <= self.response_side <= MAX_RESPONSE:
            raise section.error("upsampling", f"makes responses outside 3..{MAX_RESPONSE} rows")


def read_matching(details: Mapping[str, Any]) -> Matching:
    """The record of an output whose manifest was checked."""
    return Matching(**details["decode"])


def _within(section: Section, key: str, low: float, high: float) -> float:
    value = section.number(key)
    if not low <= value <= high:
        raise section.error(key, f"must lie in {low:g}..{high:g}")
    return value
