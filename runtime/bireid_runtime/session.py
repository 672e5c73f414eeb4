"""Named tensors in, named tensors out: a network of a bundle, loaded by an engine."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from bireid_runtime.backends import EngineSession, ImageEngineSession, find_backend, open_engine
from bireid_runtime.bundle import Bundle
from bireid_runtime.centring import centre
from bireid_runtime.errors import (
    ArgumentError,
    BireidError,
    ImageError,
    UnsupportedModelError,
)
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.preprocess import fit_to_input, normalize


class Session:
    """A network of a bundle, ready to run. `Session.open` chooses the engine.

    Args:
        bundle: The bundle that the engine was opened from.
        engine: The loaded model, with the numbers of `camera` in it.
        backend: Name of the back end.
        threads: Threads that one call may use.
        camera: Whose crops come in, of a bundle that is adapted to cameras.
        centred: Whether the bundle's mean (and deviation) of the camera is taken out of embeddings.

    Attributes:
        bundle: The bundle.
        backend: Name of the back end, such as `"onnx"`.
        engine: Engine and version, such as `"onnxruntime 1.20.0"`.
        camera: Whose crops come in; None where the network takes all cameras alike.
        cameras: Names of the cameras that the network is adapted to; empty if it is to none.
        task: What the network is for.
        inputs: What it takes.
        outputs: What it gives.
        fingerprint: Identifies what comes out; see `Bundle`.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: EngineSession,
        backend: str,
        threads: int = 1,
        camera: str | None = None,
        centred: bool = True,
    ) -> None:
        bundle.check_camera(camera)
        self.bundle = bundle
        self.backend = backend
        self.camera = camera
        self.cameras = bundle.cameras
        self._threads = threads
        self._centred = centred
        self._statistics = _statistics(bundle, camera) if centred else None
        self.engine = engine.describe()
        self.task = bundle.task
        self.inputs = bundle.inputs
        self.outputs = bundle.outputs
        self.fingerprint = bundle.fingerprint
        self._engine = engine
        # Asked once: to look at a protocol takes longer than a check of an image.
        self._image_engine = engine if isinstance(engine, ImageEngineSession) else None

    @classmethod
    def open(
        cls,
        bundle: Bundle | str | os.PathLike[str],
        backend: str = "auto",
        threads: int = 1,
        camera: str | None = None,
        centred: bool = True,
    ) -> "Session":
        """Load the network of a bundle.

        Args:
            bundle: A bundle or the path of one; a path is opened with all its hashes verified.
            backend: A name of `bireid_runtime.backends.BACKENDS`, or `"auto"` for the first one
                that is installed and whose format is in the bundle.
            threads: Threads that one call may use, 1 to 64.
            camera: Whose crops come in; needed if the bundle is adapted to cameras, and only then.
            centred: False leaves embeddings as the network gives them, for `CameraStatistics`:
                they must not be compared with others then.

        Returns:
            The session.

        Raises:
            BundleError: The bundle cannot be read or lacks the format.
            BackendUnavailableError: The engine is not installed; the message says what is missing.
            UnsupportedModelError: The engine refuses the model.
            ArgumentError: Unknown `backend`, `threads` out of range, or no camera of the bundle.
        """
        opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
        opened.check_camera(camera)
        chosen = find_backend(backend, opened)
        engine = open_engine(chosen, opened, threads, camera)
        session = cls(opened, engine, chosen.name, threads, camera, centred)
        if opened is not bundle:
            opened.release()
        return session

    def for_camera(self, camera: str, centred: bool | None = None) -> "Session":
        """The same network for another camera of the bundle.

        The engine is shared if its file is the same for all cameras, else loaded once more.

        Args:
            camera: Name of the camera.
            centred: As for `open`; None as in this session.

        Raises:
            ArgumentError: The bundle does not know the camera.
            BundleError, UnsupportedModelError: As `open`.
        """
        self.bundle.check_camera(camera)
        centring = self._centred if centred is None else centred
        if (camera, centring) == (self.camera, self._centred):
            return self
        adaptation = self.bundle.adaptation
        shared = camera == self.camera or (adaptation is not None and not adaptation.patches)
        if shared:
            return Session(self.bundle, self._engine, self.backend, self._threads, camera, centring)
        return Session.open(self.bundle, self.backend, self._threads, camera, centring)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the network on prepared inputs.

        Args:
            inputs: float32 `(N, *shape)` by the name of the input, N items of each.

        Returns:
            float32 `(N, *shape)` by the name of the output, all outputs.

        Raises:
            ArgumentError: A name, dtype or shape is not that of the network.
            UnsupportedModelError: The model returned something else than the bundle promises.
        """
        count = self._checked_count(inputs)
        if count == 0:
            return {spec.name: np.empty((0, *spec.shape), np.float32) for spec in self.outputs}
        return self._checked(self._engine.run(inputs), count)

    def run_images(self, images: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Run a network that takes one image on raw images.

        Args:
            images: uint8 `(H, W, C)`, each of any size; three channels are RGB.

        Returns:
            As `run`, one row per image.

        Raises:
            ImageError: An image has another dtype or shape; it is named.
            UnsupportedModelError: The network takes something else, or as `run`.
        """
        taken = self.bundle.image_input
        for index, image in enumerate(images):
            try:
                taken.check(image)
            except ImageError as error:
                raise ImageError(f"image {index}: {error}") from error
        if not len(images):
            return self.run({taken.name: np.empty((0, *taken.shape), np.float32)})
        if self._image_engine is not None:
            return self._checked(self._image_engine.run_images(images), len(images))
        spec = self.bundle.preprocess
        fitted = np.stack([fit_to_input(each, spec) for each in images])
        return self.run({taken.name: normalize(fitted, spec)})

    def run_items(self, items: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Run a network that takes one input, of any kind, on raw items.

        Args:
            items: What the kind of the input takes, see `InputSpec.prepare`.

        Returns:
            As `run`, one row per item.

        Raises:
            ImageError, CloudError, ArgumentError: An item is not what the kind takes; its number is
                named.
            UnsupportedModelError: The network takes several inputs, or as `run`.
        """
        if len(self.inputs) != 1:
            raise UnsupportedModelError(
                f"{self.bundle.path}: the network takes {len(self.inputs)} inputs; use run"
            )
        (spec,) = self.inputs
        if spec.kind == "image":
            return self.run_images(items)
        prepared = np.empty((len(items), *spec.shape), np.float32)
        for index, item in enumerate(items):
            try:
                prepared[index] = spec.prepare(item)
            except BireidError as error:
                raise type(error)(f"item {index}: {error}") from error
        return self.run({spec.name: prepared})

    def _checked_count(self, inputs: Mapping[str, np.ndarray]) -> int:
        expected = {spec.name for spec in self.inputs}
        if inputs.keys() != expected:
            raise ArgumentError(
                f"inputs are {', '.join(sorted(inputs)) or 'none'}; the network takes "
                f"{', '.join(sorted(expected))}"
            )
        counts = set()
        for spec in self.inputs:
            value = inputs[spec.name]
            if value.dtype != np.float32 or value.shape[1:] != spec.shape or value.ndim == 0:
                raise ArgumentError(
                    f"input '{spec.name}': expected float32 "
                    f"{('N', *spec.shape)}, got {value.dtype} {value.shape}"
                )
            counts.add(len(value))
        if len(counts) > 1:
            raise ArgumentError(f"inputs have {sorted(counts)} items; give as many of each")
        return counts.pop()

    def _checked(self, results: Mapping[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
        return {
            spec.name: self._adapted(self._checked_rows(results, spec, count), spec)
            for spec in self.outputs
        }

    def _adapted(self, rows: np.ndarray, spec: OutputSpec) -> np.ndarray:
        if self._statistics is None or spec.kind != "embedding":
            return rows
        return centre(rows, *self._statistics)

    def _checked_rows(
        self, results: Mapping[str, np.ndarray], spec: OutputSpec, count: int
    ) -> np.ndarray:
        rows = results[spec.name]
        if rows.shape != (count, *spec.shape) or rows.dtype != np.float32:
            raise UnsupportedModelError(
                f"{self.bundle.path}: {self.engine} returned {rows.dtype} {rows.shape} as "
                f"'{spec.name}', the manifest promises float32 {(count, *spec.shape)}"
            )
        return rows


def _statistics(bundle: Bundle, camera: str | None) -> tuple[np.ndarray, np.ndarray | None] | None:
    adaptation = None if camera is None else bundle.read_adaptation()
    return None if adaptation is None or camera is None else adaptation.statistics(camera)
