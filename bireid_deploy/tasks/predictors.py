"""Networks that run, whoever runs them, as tasks measure them."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec


class Predictor(Protocol):
    """A network that runs, whoever runs it: Keras, or an engine of the runtime."""

    @property
    def fingerprint(self) -> str:
        """Identifies the space of its outputs; empty where nothing does."""

    def run_images(self, images: Sequence[np.ndarray]) -> Mapping[str, np.ndarray]:
        """From uint8 images (H, W, C) of any size to every output, by name: float32 (N, ...)."""


@runtime_checkable
class CameraPredictor(Predictor, Protocol):
    """A network that is adapted to cameras, if it has any."""

    @property
    def cameras(self) -> tuple[str, ...]:
        """Their names; empty for a network that takes all cameras alike."""

    def for_camera(self, camera: str) -> Predictor:
        """The network for the crops of one of them."""


@runtime_checkable
class NetworkPredictor(Predictor, Protocol):
    """A predictor that says how it prepares images: all are that run a network."""

    @property
    def inputs(self) -> tuple[InputSpec, ...]:
        """What the network takes."""


@runtime_checkable
class ItemPredictor(Predictor, Protocol):
    """A predictor of a network with one input of any kind: all are that run a network."""

    def run_items(self, items: Sequence[np.ndarray]) -> Mapping[str, np.ndarray]:
        """As `run_images`, from raw items of the kind that the network takes."""


class Baseline(Predictor, Protocol):
    """A predictor that needs no training."""

    @property
    def engine(self) -> str:
        """What tables call it."""

    @property
    def outputs(self) -> tuple[OutputSpec, ...]:
        """What it gives."""
