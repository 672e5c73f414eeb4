"""Charts as inline SVG; their colours come from the page, light or dark."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.evaluation.pages.document import escaped

_WIDTH, _HEIGHT = 460, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 14, 40


def share_by_rank(title: str, label: str, shares: NDArray[np.float64]) -> str:
    """A rising line from rank 1 on: float64 (R,), shares 0..1; the axis begins where it is seen."""
    low = np.floor(10 * float(shares[0])) / 10 if len(shares) else 0.0
    low = min(low, 0.9)
    ranks = np.arange(1, len(shares) + 1)
    frame = _Frame((1, max(2, len(shares))), (low, 1.0))
    line = frame.path(ranks, shares)
    dots = "".join(
        f'<circle class="right" cx="{frame.x(rank):.1f}" cy="{frame.y(share):.1f}" r="3">'
        f"<title>rank-{rank}: {100 * share:.1f} %</title></circle>"
        for rank, share in zip(ranks.tolist(), shares.tolist(), strict=True)
    )
    marks = [rank for rank in ranks.tolist() if rank == 1 or rank % 5 == 0]
    return _figure(
        title,
        frame.axes(marks, "{:.0f}", np.linspace(low, 1, 6), "{:.0%}", label),
        f'<path class="right" d="{line}"/>{dots}',
    )


def two_distributions(
    title: str,
    label: str,
    names: tuple[str, str],
    edges: NDArray[np.float64],
    shares: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> str:
    """Two distributions over the same bins, the first one drawn through, the second one dashed.

    Args:
        title: Text.
        label: Of the horizontal axis.
        names: What the two are.
        edges: Of the bins, ascending, float64 (B + 1,).
        shares: Of each, how much lies in every bin, float64 (B,).
    """
    top = float(max(each.max() for each in shares)) or 1.0
    frame = _Frame((float(edges[0]), float(edges[-1])), (0.0, 1.05 * top))
    drawn = []
    for kind, share in zip(("right", "wrong"), shares, strict=True):
        outline = np.repeat(share, 2)
        path = frame.path(np.repeat(edges, 2), np.concatenate([[0.0], outline, [0.0]]))
        drawn.append(f'<path class="area {kind}" d="{path}Z"/>')
    legend = "".join(
        f'<text class="{kind}" x="{_LEFT + 8}" y="{_TOP + 14 + 16 * place}">{mark} {escaped(name)}'
        "</text>"
        for place, (kind, mark, name) in enumerate(
            zip(("right", "wrong"), ("\u2014", "- -"), names, strict=True)
        )
    )
    across = round_marks(float(edges[0]), float(edges[-1]))
    axes = frame.axes(across, "{:.2g}", np.array(round_marks(0, top)), "{:.3g}%", label, 100)
    return _figure(title, axes, *drawn, legend)


def round_marks(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`, three to seven of them."""
    rough = (high - low) / 6
    power = 10 ** np.floor(np.log10(rough))
    step = float(next(power * each for each in (1, 2, 5, 10) if power * each >= rough))
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [round(number * step, 10) for number in range(first, last + 1)]


class _Frame:
    """From values to places in the picture."""

    def __init__(self, across: tuple[float, float], up: tuple[float, float]) -> None:
        self._across, self._up = across, up

    def x(self, value: float) -> float:
        low, high = self._across
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (value - low) / ((high - low) or 1)

    def y(self, value: float) -> float:
        low, high = self._up
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (value - low) / ((high - low) or 1)

    def path(self, across: NDArray, up: NDArray) -> str:
        places = zip(across.tolist(), up.tolist(), strict=True)
        return "M" + "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in places)

    def axes(
        self,
        across: Sequence[float],
        across_form: str,
        up: NDArray[np.float64],
        up_form: str,
        label: str,
        up_scale: float = 1,
    ) -> str:
        parts = []
        for value in up.tolist():
            at = self.y(value)
            parts.append(
                f'<path class="axis" d="M{_LEFT} {at:.1f}H{_WIDTH - _RIGHT}"/>'
                f'<text class="end" x="{_LEFT - 6}" y="{at + 4:.1f}">'
                f"{up_form.format(up_scale * value)}</text>"
            )
        floor = _HEIGHT - _BOTTOM
        for value in across:
            parts.append(
                f'<text class="middle" x="{self.x(value):.1f}" y="{floor + 16}">'
                f"{across_form.format(value)}</text>"
            )
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        parts.append(f'<text class="middle" x="{middle}" y="{_HEIGHT - 6}">{escaped(label)}</text>')
        return "".join(parts)


def _figure(title: str, *parts: str) -> str:
    inside = "".join(parts)
    return (
        f"<figure><figcaption>{escaped(title)}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escaped(title)}">'
        f"{inside}</svg></figure>"
    )
