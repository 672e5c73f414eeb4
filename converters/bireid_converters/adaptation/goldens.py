"""Golden items of an adapted bundle: each belongs to a camera."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from bireid_runtime.centring import centre
from bireid_runtime.golden import MAX_GOLDEN_ITEMS, Golden
from bireid_runtime.outputs import OutputSpec

from bireid_converters.errors import ConversionError
from bireid_converters.golden import GOLDEN_ITEMS, TOLERANCE, Runnable

_NOISE = 1e-5
_DRAWS = 4

Statistics = tuple[np.ndarray, np.ndarray | None]
"""Mean and deviation of a camera, float32 (D,) each."""


@dataclass(frozen=True)
class CentredNetwork:
    """A network with what is done to embeddings behind it.

    Attributes:
        network: The network.
        outputs: Specs of its outputs.
        statistics: Of the camera; None leaves embeddings as they are.
    """

    network: Runnable
    outputs: Sequence[OutputSpec]
    statistics: Statistics | None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All outputs float32 (N, ...) by name."""
        return centred(self.network.run(inputs), self.outputs, self.statistics)


def centred(
    rows: Mapping[str, np.ndarray], outputs: Sequence[OutputSpec], statistics: Statistics | None
) -> dict[str, np.ndarray]:
    """Outputs (N, ...) by name, with embeddings as a camera's bundle gives them."""
    kinds = {spec.name: spec.kind for spec in outputs}
    return {
        name: centre(values, *statistics)
        if statistics is not None and kinds[name] == "embedding"
        else values
        for name, values in rows.items()
    }


def cameras_of_items(names: Sequence[str]) -> list[str]:
    """The camera of each golden item: all cameras in turn, as far as there is room."""
    count = min(max(GOLDEN_ITEMS, len(names)), MAX_GOLDEN_ITEMS)
    return [names[index % len(names)] for index in range(count)]


def merged(parts: Mapping[str, Golden], cameras: Sequence[str]) -> Golden:
    """One set of items of those that fit each camera.

    Args:
        parts: By camera, as many items as it needs or more.
        cameras: Camera of each item.
    """
    places = [cameras[:index].count(camera) for index, camera in enumerate(cameras)]
    chosen = [(parts[camera], place) for camera, place in zip(cameras, places, strict=True)]
    first = chosen[0][0]
    return Golden(
        inputs={
            name: tuple(golden.inputs[name][place] for golden, place in chosen)
            for name in first.inputs
        },
        outputs={
            name: np.stack([golden.outputs[name][place] for golden, place in chosen])
            for name in first.outputs
        },
        tolerances=first.tolerances,
        cameras=tuple(cameras),
    )


def centred_golden(
    base: Golden, outputs: Sequence[OutputSpec], statistics: Statistics, camera: str, turn: int
) -> Golden:
    """The items of a bundle with the embeddings of a camera, those that tiny noise leaves alone.

    Args:
        base: Items of the bundle, which hold under noise on their inputs.
        outputs: Specs of the outputs.
        statistics: Of the camera.
        camera: Its name, for messages.
        turn: Which item to begin with, so that cameras do not all have the same one.

    Raises:
        ConversionError: Of no item anything is left but noise when the mean is taken out.
    """
    rows = centred(base.outputs, outputs, statistics)
    rng = np.random.default_rng(0)
    changes = np.zeros(base.items)
    for _ in range(_DRAWS):
        noisy = {
            name: values + rng.normal(0, _NOISE, values.shape).astype(np.float32)
            for name, values in base.outputs.items()
        }
        moved = centred(noisy, outputs, statistics)
        for spec in outputs:
            if spec.kind == "embedding":
                difference = np.abs(moved[spec.name] - rows[spec.name]).max(axis=1)
                changes = np.maximum(changes, difference)
    order = [(turn + index) % base.items for index in range(base.items)]
    stable = [index for index in order if changes[index] <= TOLERANCE]
    if not stable:
        raise ConversionError(
            f"camera '{camera}': its mean leaves nothing of the golden inputs; give it more crops"
        )
    # Fewer stable items than asked for are asked for again.
    places = [stable[index % len(stable)] for index in range(max(base.items, GOLDEN_ITEMS))]
    return Golden(
        inputs={
            name: tuple(items[index] for index in places) for name, items in base.inputs.items()
        },
        outputs={name: values[places] for name, values in rows.items()},
        tolerances=base.tolerances,
    )
