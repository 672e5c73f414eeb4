"""Pictures of a search as SVG files: the architecture, and alpha over time."""

from collections.abc import Mapping, Sequence

from bireid_models.backbones.cdnet_architecture import Architecture, write_architecture

_STYLE = (
    "<style>text{font:12px sans-serif;fill:#222}.end{text-anchor:end}.mid{text-anchor:middle}"
    "rect{fill:#eef3fb;stroke:#46689c}.lite{fill:#cfe0f7}path{fill:none;stroke:#46689c}"
    ".axis{stroke:#ccc}.other{stroke:#b9bfc9}.best{stroke:#c2410c;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}rect{fill:#1d2836}.lite{fill:#2d4a70}}"
    "</style>"
)
_BLOCK, _GAP, _CELL = 190, 26, 16


def architecture_picture(architecture: Architecture) -> str:
    """The six places from left to right: their blocks, with a cell per Lite convolution."""
    parts, x, height = [], 10.0, 150
    for number, choice in enumerate(architecture, start=1):
        for index in range(choice.depth):
            parts += _block(x, choice.kernels, f"place {number}" if index == 0 else "")
            x += _BLOCK / 2 + 14
            parts.append(f'<path d="M{x - 14:.0f} 90h14"/>')
        if number % 2 == 0 and number < len(architecture):
            parts.append(f'<text class="mid" x="{x + _GAP / 2:.0f}" y="94">/2</text>')
            x += _GAP
    title = f"Architecture {write_architecture(architecture)}"
    return _svg(x + 10, height, title, parts)


def alphas_picture(history: Sequence[Sequence[Mapping[str, float]]]) -> str:
    """A panel per place: every candidate's alpha by epoch, the final best one marked.

    Args:
        history: For each epoch, for each place, alpha by choice; not empty.
    """
    width, height, parts = 300, 170, []
    values = [alpha for epoch in history for place in epoch for alpha in place.values()]
    low, high = min(values), max(values)
    for number in range(len(history[-1])):
        left, top = 60 + width * (number % 3), 34 + (height + 30) * (number // 3)
        last = history[-1][number]
        best = max(last, key=lambda name: last[name])
        parts += _panel((left, top, width - 80, height - 30), (low, high), number, best)
        for name in sorted(last, key=lambda each: each == best):
            line = _line(
                [epoch[number][name] for epoch in history],
                (left, top, width - 80, height - 30),
                (low, high),
            )
            kind = "best" if name == best else "other"
            parts.append(f'<path class="{kind}" d="{line}"><title>{name}</title></path>')
    rows = -(-len(history[-1]) // 3)
    return _svg(3 * width + 20, 34 + rows * (height + 30), "Alpha by epoch at each place", parts)


def _block(x: float, kernels: tuple[int, int], label: str) -> list[str]:
    width = _BLOCK / 2
    parts = [
        f'<rect x="{x:.0f}" y="40" width="{width:.0f}" height="100" rx="6"/>',
        f'<text x="{x:.0f}" y="32">{label}</text>',
    ]
    for row, size in enumerate(kernels):
        y = 58 + 44 * row
        parts.append(f'<text x="{x + 6:.0f}" y="{y + 13}">{size}</text>')
        parts += [
            f'<rect class="lite" x="{x + 22 + _CELL * index:.0f}" y="{y}" width="{_CELL - 3}" '
            'height="18" rx="2"/>'
            for index in range((size - 1) // 2)
        ]
    return parts


def _panel(
    frame: tuple[int, int, int, int], limits: tuple[float, float], number: int, best: str
) -> list[str]:
    left, top, width, height = frame
    return [
        f'<text x="{left}" y="{top - 8}">place {number + 1}: {best}</text>',
        f'<path class="axis" d="M{left} {top}v{height}h{width}"/>',
        f'<text class="end" x="{left - 4}" y="{top + 10}">{limits[1]:.2g}</text>',
        f'<text class="end" x="{left - 4}" y="{top + height}">{limits[0]:.2g}</text>',
    ]


def _line(
    values: Sequence[float], frame: tuple[int, int, int, int], limits: tuple[float, float]
) -> str:
    left, top, width, height = frame
    low, high = limits
    across, up = width / max(1, len(values) - 1), height / ((high - low) or 1.0)
    places = [
        f"{left + across * index:.1f} {top + height - up * (value - low):.1f}"
        for index, value in enumerate(values)
    ]
    # A single epoch is a point; a line of no length with a width is one.
    return "M" + "L".join(places if len(places) > 1 else places * 2)


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    inside = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'role="img" aria-label="{title}"><title>{title}</title>{_STYLE}{inside}</svg>\n'
    )
