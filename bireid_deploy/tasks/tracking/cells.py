"""Which cells of a map take part: those that see no padding.

Padding would tell the network where in the crop it is. A map is sought in as a whole; the exemplar
is what the middle half of the crop alone would give, so that a crop of half the side shows it too.
"""

from dataclasses import dataclass

from bireid_runtime.matching import Matching

from bireid_deploy.tasks.tracking.section import TrackingSection

RESPONSE_SCALE = 0.001
"""SiamFC's; without it the sigmoids of untrained responses would be 0 or 1."""


@dataclass(frozen=True)
class Cells:
    """Cells of a map, the same on both axes.

    Attributes:
        stride: Pixels of the input from one cell to the next.
        rows: Of the map of a search crop.
        before: Cells at the upper left that see padding.
        after: At the lower right.
    """

    stride: int
    rows: int
    before: int
    after: int

    @property
    def searched(self) -> int:
        """Rows of the search."""
        return self.rows - self.before - self.after

    @property
    def exemplar(self) -> int:
        """Rows of the exemplar, of the map of a crop of half the side."""
        return self.rows // 2 - self.before - self.after

    @property
    def responses(self) -> int:
        """Rows of a response."""
        return self.searched - self.exemplar + 1

    def matching(self, options: TrackingSection, bias: float) -> Matching:
        """The constants of a bundle."""
        return Matching(
            stride=self.stride,
            # The crop of half the side lies amid the other one.
            exemplar_first=self.rows // 4 + self.before,
            exemplar_cells=self.exemplar,
            search_first=self.before,
            search_cells=self.searched,
            context=options.context,
            scales=options.scales,
            scale_step=options.scale_step,
            scale_penalty=options.scale_penalty,
            scale_rate=options.scale_rate,
            window_weight=options.window_weight,
            upsampling=options.upsampling,
            response_scale=RESPONSE_SCALE,
            response_bias=bias,
        )
