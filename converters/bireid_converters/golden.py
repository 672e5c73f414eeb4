"""Choosing golden inputs: inputs whose outputs do not hang on a single rounding."""

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from bireid_runtime.golden import Golden, Tolerance
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.resize import resize_bilinear

from bireid_converters.errors import ConversionError
from bireid_converters.output_rules import OUTPUT_RULES

GOLDEN_ITEMS = 3
# So many are tried at once, and no more where these will do.
ROUND = 32
MAX_CANDIDATES = 256
TOLERANCE = 1e-3

# Another engine differs from Keras like input noise of about 1e-6; the first two levels must not
# break a golden item, the last one only ranks those that hold.
_NOISE = (1e-6, 1e-5, 1e-4)
_MUST_HOLD = 2
_DRAWS = 2

# Raw items by the name of the input, as many of each.
Candidates = Mapping[str, Sequence[np.ndarray]]
# As many of them as asked for; the first ones are the same for every number.
MoreCandidates = Callable[[int], Candidates]

_Arrays = Mapping[str, np.ndarray]


class Runnable(Protocol):
    """A network that runs; `NamedModel` is one. This module needs no TensorFlow."""

    def run(self, inputs: _Arrays) -> dict[str, np.ndarray]:
        """All outputs float32 `(N, ...)` by name, of prepared inputs `(N, ...)` by name."""


def choose_golden(
    network: Runnable,
    inputs: Sequence[InputSpec],
    outputs: Sequence[OutputSpec],
    candidates: Candidates | None = None,
    seed: int = 0,
    more: MoreCandidates | None = None,
) -> Golden:
    """Take the three items whose Keras outputs move least under tiny noise on the input.

    A sum that lands within float rounding of zero takes the other sign in another engine, and a
    1-bit network spreads the difference; such an item would fail the self-test of a sound device.
    The larger a network's maps, the rarer are items without such a sum.

    Args:
        network: The trained network.
        inputs: What it takes.
        outputs: What it gives.
        candidates: Raw items by the name of the input, at least three; they are stored in the
            bundle, so they must be free to pass on. None takes generated ones.
        seed: Seed of the generated items and the noise.
        more: Where more of `candidates` come from when too few of them are stable, up to 256.

    Returns:
        Items and outputs. Of images, at least one is higher and wider than the input, of clouds
        one has more points.

    Raises:
        ConversionError: Fewer than three candidates, or fewer than three stable ones.
    """
    if candidates is None:
        more = functools.partial(generate_items, inputs, seed=seed)
        candidates = more(ROUND)
    count = len(candidates[inputs[0].name])
    if count < GOLDEN_ITEMS:
        raise ConversionError(f"{count} candidates for golden inputs; {GOLDEN_ITEMS} or more")
    tried = _Tried(network, inputs, outputs, seed)
    for items in _rounds(candidates, more, inputs):
        tried.add(items)
        if tried.is_enough:
            break
    chosen = tried.best()
    return Golden(
        inputs={name: tuple(items[index] for index in chosen) for name, items in tried.raw.items()},
        outputs={name: rows[chosen] for name, rows in tried.expected.items()},
        tolerances={
            spec.name: Tolerance(
                TOLERANCE * OUTPUT_RULES[spec.kind].scale(tried.expected[spec.name]),
                OUTPUT_RULES[spec.kind].golden_cosine,
            )
            for spec in outputs
        },
    )


def _rounds(
    candidates: Candidates, more: MoreCandidates | None, inputs: Sequence[InputSpec]
) -> Iterator[dict[str, list[np.ndarray]]]:
    """Raw items, so many at a time as are tried at once."""
    done = 0
    while True:
        count = len(candidates[inputs[0].name])
        while done < count:
            yield {spec.name: list(candidates[spec.name][done : done + ROUND]) for spec in inputs}
            done += ROUND
        if more is None or count >= MAX_CANDIDATES:
            return
        done, candidates = count, more(min(2 * count, MAX_CANDIDATES))


class _Tried:
    """Candidates, what the network makes of them, and what noise does to that.

    Attributes:
        raw: Items by the name of the input.
        expected: Outputs float32 (N, ...) by name.
    """

    def __init__(
        self,
        network: Runnable,
        inputs: Sequence[InputSpec],
        outputs: Sequence[OutputSpec],
        seed: int,
    ) -> None:
        self._network, self._inputs, self._outputs, self._seed = network, inputs, outputs, seed
        self.raw: dict[str, list[np.ndarray]] = {spec.name: [] for spec in inputs}
        self.expected: dict[str, np.ndarray] = {}
        self._changes = np.empty((len(_NOISE), _DRAWS, 0))

    def add(self, items: Candidates) -> None:
        """Try some more, and larger ones too if none is larger than the input."""
        count = len(items[self._inputs[0].name])
        if not any(_is_larger(items, self._inputs, index) for index in range(count)):
            items = {
                spec.name: [*raw, *(_enlarged(item, spec) for item in raw)]
                for spec, raw in ((spec, items[spec.name]) for spec in self._inputs)
            }
        prepared = prepare(items, self._inputs)
        expected, changes = _outputs_and_changes(self._network, prepared, self._outputs, self._seed)
        for name, values in items.items():
            self.raw[name] += values
        for name, rows in expected.items():
            before = [self.expected[name]] if name in self.expected else []
            self.expected[name] = np.concatenate([*before, rows])
        self._changes = np.concatenate([self._changes, changes], axis=2)

    @property
    def is_enough(self) -> bool:
        """Whether three hold, of which one is larger than the input."""
        stable, larger = self._stable()
        return len(stable) >= GOLDEN_ITEMS and bool(larger)

    def best(self) -> list[int]:
        """The numbers of three.

        Raises:
            ConversionError: Too few hold.
        """
        stable, larger = self._stable()
        if not self.is_enough:
            raise ConversionError(
                f"only {len(stable)} of {self._changes.shape[2]} candidates for golden inputs "
                f"({len(larger)} larger than the input) keep their outputs under noise of "
                f"{_NOISE[_MUST_HOLD - 1]:g}; give more of them, or train longer"
            )
        return [larger[0], *[index for index in stable if index != larger[0]]][:GOLDEN_ITEMS]

    def _stable(self) -> tuple[list[int], list[int]]:
        """Those that hold, from the one that moves least, and the larger ones among them."""
        broken = self._changes > TOLERANCE
        stable = [
            index
            for index in range(self._changes.shape[2])
            if not broken[:_MUST_HOLD, :, index].any()
        ]
        stable.sort(key=lambda index: (broken[:, :, index].sum(), self._changes[:, :, index].max()))
        return stable, [index for index in stable if _is_larger(self.raw, self._inputs, index)]


def prepare(items: Candidates, inputs: Sequence[InputSpec]) -> dict[str, np.ndarray]:
    """Network inputs float32 `(N, ...)` from raw items, by name."""
    return {
        spec.name: np.stack([spec.prepare(item) for item in items[spec.name]]) for spec in inputs
    }


def generate_items(
    inputs: Sequence[InputSpec], count: int = ROUND, seed: int = 0
) -> dict[str, list[np.ndarray]]:
    """Raw items for a network of which nothing is known.

    Args:
        inputs: What the network takes.
        count: Number of items.
        seed: Seed; the same seed gives the same items.

    Returns:
        Items by the name of the input, the first ones the same for every count: of images random
        soft patterns with grain, from half to twice the input size, which no person is in; of
        points clouds without a form, of half to twice as many; of tensors normally distributed
        numbers.
    """
    rng = np.random.default_rng(seed)
    items: dict[str, list[np.ndarray]] = {spec.name: [] for spec in inputs}
    for index in range(count):
        for spec in inputs:
            items[spec.name].append(_ITEMS[spec.kind].generate(spec, index, rng))
    return items


_SCALES = (0.5, 0.75, 1.0, 1.5, 2.0)


def _pattern(spec: InputSpec, index: int, rng: np.random.Generator) -> np.ndarray:
    scale = _SCALES[index % len(_SCALES)]
    height, width, channels = spec.shape
    coarse = rng.integers(0, 256, (8, 4, channels), dtype=np.uint8)
    smooth = resize_bilinear(coarse, math.ceil(height * scale), math.ceil(width * scale))
    grain = rng.integers(-24, 25, smooth.shape)
    return np.clip(smooth + grain, 0, 255).astype(np.uint8)


def _larger_image(item: np.ndarray, spec: InputSpec) -> bool:
    return item.shape[0] > spec.shape[0] and item.shape[1] > spec.shape[1]


def _enlarged_image(item: np.ndarray, spec: InputSpec) -> np.ndarray:
    rows = spec.shape[0] // item.shape[0] + 1
    columns = spec.shape[1] // item.shape[1] + 1
    return item.repeat(rows, axis=0).repeat(columns, axis=1)


def _cloud(spec: InputSpec, index: int, rng: np.random.Generator) -> np.ndarray:
    points = math.ceil(spec.shape[0] * _SCALES[index % len(_SCALES)])
    axes = rng.uniform(0.4, 1, 3)
    return (rng.normal(size=(points, 3)) * axes).astype(np.float32)


def _larger_cloud(item: np.ndarray, spec: InputSpec) -> bool:
    return len(item) > spec.shape[0]


def _enlarged_cloud(item: np.ndarray, spec: InputSpec) -> np.ndarray:
    return item.repeat(spec.shape[0] // len(item) + 1, axis=0)


def _normal(spec: InputSpec, index: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=spec.shape).astype(np.float32)


@dataclass(frozen=True)
class _Items:
    """What is known of the raw items of a kind of input.

    Attributes:
        generate: Makes one for a network of which nothing is known, by its number.
        is_larger: Whether one must shrink to fit, so that the self-test sees that too.
        enlarged: Makes one larger.
    """

    generate: Callable[[InputSpec, int, np.random.Generator], np.ndarray]
    is_larger: Callable[[np.ndarray, InputSpec], bool]
    enlarged: Callable[[np.ndarray, InputSpec], np.ndarray]


_ITEMS: Mapping[str, _Items] = {
    "image": _Items(_pattern, _larger_image, _enlarged_image),
    "points": _Items(_cloud, _larger_cloud, _enlarged_cloud),
    # They have one size.
    "tensor": _Items(_normal, lambda item, spec: True, lambda item, spec: item),
}


def _is_larger(raw: Candidates, inputs: Sequence[InputSpec], index: int) -> bool:
    """Whether everything in an item that can shrink must."""
    return all(_ITEMS[spec.kind].is_larger(raw[spec.name][index], spec) for spec in inputs)


def _enlarged(item: np.ndarray, spec: InputSpec) -> np.ndarray:
    return _ITEMS[spec.kind].enlarged(item, spec)


def _outputs_and_changes(
    network: Runnable, inputs: _Arrays, outputs: Sequence[OutputSpec], seed: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Outputs by name, and how much noise changes them, (levels, draws, N)."""
    rng = np.random.default_rng(seed)
    expected = network.run(inputs)
    count = len(next(iter(inputs.values())))
    changes = np.empty((len(_NOISE), _DRAWS, count))
    for level, scale in enumerate(_NOISE):
        for draw in range(_DRAWS):
            noisy = network.run(
                {
                    name: value + rng.normal(0, scale, value.shape).astype(np.float32)
                    for name, value in inputs.items()
                }
            )
            changes[level, draw] = np.max(
                [_relative_change(noisy[spec.name], expected[spec.name], spec) for spec in outputs],
                axis=0,
            )
    return expected, changes


def _relative_change(noisy: np.ndarray, expected: np.ndarray, spec: OutputSpec) -> np.ndarray:
    difference = np.abs(noisy - expected).reshape(len(expected), -1).max(axis=1)
    change: np.ndarray = difference / OUTPUT_RULES[spec.kind].scale(expected)
    return change
