"""Point clouds in, classes out."""

import os
from collections.abc import Iterable
from itertools import islice

import numpy as np

from bireid_runtime.bundle import Bundle
from bireid_runtime.classifier import Prediction, ranked
from bireid_runtime.errors import ArgumentError, CloudError, UnsupportedModelError
from bireid_runtime.session import Session


class PointClassifier:
    """A network that turns a point cloud into one number per class. `open` opens it.

    Args:
        session: The loaded network.

    Attributes:
        session: The loaded network.
        bundle: The bundle.
        backend: Name of the back end, such as `"onnx"`.
        engine: Engine and version, such as `"onnxruntime 1.20.0"`.
        cloud: How clouds become network input, and which axis points up.
        classes: Names of the K classes, in the order of the logits.
        fingerprint: Identifies what comes out; see `Bundle`.

    Raises:
        UnsupportedModelError: The network has another input or output; the message names the class
            that opens it.
    """

    def __init__(self, session: Session) -> None:
        self._output = session.bundle.output_of_kind("logits")
        cloud = session.bundle.input_of_kind("points").cloud
        assert cloud is not None
        self.cloud = cloud
        self.session = session
        self.bundle = session.bundle
        self.backend = session.backend
        self.engine = session.engine
        self.classes = self._output.classes
        self.fingerprint = session.fingerprint

    @classmethod
    def open(
        cls,
        bundle: Bundle | str | os.PathLike[str],
        backend: str = "auto",
        threads: int = 1,
    ) -> "PointClassifier":
        """Load the network of a bundle.

        Args:
            bundle: As for `Session.open`.
            backend: As for `Session.open`.
            threads: As for `Session.open`.

        Raises:
            BireidError: As `Session.open`, or the network takes or gives something else.
        """
        return cls(Session.open(bundle, backend, threads))

    def classify(self, clouds: Iterable[np.ndarray], batch_size: int = 16) -> np.ndarray:
        """Compute one number per class.

        Args:
            clouds: float32 arrays `(M, 3)`, each of 3 to 2^24 finite points, not all at one place;
                the axis `cloud.up_axis` points up.
            batch_size: Clouds per call of the engine, at least 1.

        Returns:
            Logits, float32 `(N, K)` in the order of `clouds` and `classes`; `(0, K)` for none.

        Raises:
            CloudError: A cloud has impossible points; its number is named.
            UnsupportedModelError: The model returned numbers that are not finite.
            ArgumentError: `batch_size` is below 1.
        """
        if batch_size < 1:
            raise ArgumentError(f"batch_size is {batch_size}; it must be at least 1")
        if isinstance(clouds, np.ndarray) and clouds.ndim == 2:
            raise CloudError("expected a sequence of clouds; put a single one into a list")
        found = [np.empty((0, len(self.classes)), np.float32)]
        remaining, first = iter(clouds), 0
        while batch := list(islice(remaining, batch_size)):
            found.append(self._rows(batch, first))
            first += len(batch)
        return np.concatenate(found)

    def predict(self, clouds: Iterable[np.ndarray], top: int = 5) -> list[list[Prediction]]:
        """Name the most probable classes.

        Args:
            clouds: As for `classify`.
            top: How many classes to name, at least 1; at most all are named.

        Returns:
            Per cloud, the classes from the most probable one on.

        Raises:
            CloudError, UnsupportedModelError: As for `classify`.
            ArgumentError: `top` is below 1.
        """
        if top < 1:
            raise ArgumentError(f"top is {top}; it must be at least 1")
        return [ranked(row, self.classes, top) for row in self.classify(clouds)]

    def _rows(self, batch: list[np.ndarray], first: int) -> np.ndarray:
        (taken,) = self.session.inputs
        prepared = []
        for index, cloud in enumerate(batch, start=first):
            try:
                prepared.append(taken.prepare(cloud))
            except CloudError as error:
                raise CloudError(f"cloud {index}: {error}") from error
        rows = self.session.run({taken.name: np.stack(prepared)})[self._output.name]
        if defect := self._output.defect(rows):
            index, problem = defect
            raise UnsupportedModelError(
                f"{self.bundle.path}: {self.engine} returned a row for cloud {first + index} that "
                f"{problem}; convert the network again"
            )
        return rows
