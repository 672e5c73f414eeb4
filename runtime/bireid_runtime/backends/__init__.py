"""The engines that can run a bundle, as one table; a further engine is one more line."""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from bireid_runtime import native_library
from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import ArgumentError, BackendUnavailableError
from bireid_runtime.suggestions import hint

MAX_THREADS = 64


class EngineSession(Protocol):
    """A model loaded by an engine. Inputs and outputs are bound by their names in the bundle."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Map float32 `(N, *shape)` by input, N at least 1, to float32 `(N, *shape)` by output."""

    def describe(self) -> str:
        """Name the engine and its version."""


@runtime_checkable
class ImageEngineSession(EngineSession, Protocol):
    """An engine that prepares images itself, as `bireid_runtime.preprocess` does, bit for bit."""

    def run_images(self, images: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Map uint8 `(H, W, C)`, each of any size, at least one, to float32 by output."""


@dataclass(frozen=True)
class Reference:
    """What an engine is held to.

    Attributes:
        backend: Name of the back end.
        tolerances: Largest difference of an output, relative to the size of its kind, by the format
            of the file. Of a 1-bit one both add the same numbers in the same order up to the last
            convolution, and only what comes after may round otherwise; of a real-valued one every
            convolution may.
    """

    backend: str
    tolerances: Mapping[str, float]


@dataclass(frozen=True)
class Backend:
    """One line of the table.

    Attributes:
        name: What a caller passes as `backend`.
        formats: The formats that the engine reads. Of a bundle it takes the first that is there.
        package: The import that must be installed, or None if the engine is part of this package.
        session: What opens an EngineSession from `(bundle, threads, camera=...)`, as
            `"module:name"`; imported on first use.
        install: The command or step that installs the engine.
        description: One line for people.
        automatic: Whether `backend="auto"` may choose it.
        library: The native library of this package that it needs, if any.
        exact: Whether it computes what the file says, up to float rounding. Engines that are must
            agree with each other; one that is not is for those who measured it on their data.
        held_to: The back end of the same file whose outputs it must reproduce, and how closely.
    """

    name: str
    formats: tuple[str, ...]
    package: str | None
    session: str
    install: str
    description: str
    automatic: bool = True
    library: str | None = None
    exact: bool = True
    held_to: Reference | None = None

    def format_in(self, bundle: Bundle) -> str | None:
        """The format of the file of a bundle that the engine runs, or None if there is none."""
        return next((each for each in self.formats if each in bundle.formats), None)

    def file_in(self, bundle: Bundle) -> Path:
        """That file.

        Raises:
            BundleError: There is none.
        """
        return bundle.file(bundle.first_format(self.formats))

    def unavailable_reason(self) -> str | None:
        """Say what is missing and how to mend it, or None if nothing is."""
        if self.package is not None and importlib.util.find_spec(self.package) is None:
            return f"{self.package} is not installed: {self.install}"
        return None if self.library is None else native_library.missing_reason(self.library)


# Of a 1-bit network they run the 1-bit file, though its real-valued counterpart lies beside.
TFLITE_FORMATS = ("lce", "float")
ONNX_FORMATS = ("onnx", "float-onnx")

# "auto" tries them in this order.
BACKENDS = (
    Backend(
        name="native",
        formats=TFLITE_FORMATS,
        package=None,
        session="bireid_runtime.backends.native:NativeSession",
        install="reinstall the wheel of bireid-runtime for this machine",
        description="the engine of this package, needs nothing else",
        library=native_library.ENGINE,
        held_to=Reference("lce", {"lce": 1e-6, "float": 1e-5}),
    ),
    Backend(
        name="litert",
        formats=TFLITE_FORMATS,
        package="ai_edge_litert",
        session="bireid_runtime.backends.litert:LitertSession",
        install="pip install ai-edge-litert",
        description="LiteRT with native 1-bit kernels",
        library=native_library.DELEGATE,
        held_to=Reference("lce", {"lce": 5e-7, "float": 1e-5}),
    ),
    Backend(
        name="onnx",
        formats=ONNX_FORMATS,
        package="onnxruntime",
        session="bireid_runtime.backends.onnx:OnnxSession",
        install="pip install onnxruntime",
        description="ONNX Runtime on the CPU",
    ),
    Backend(
        name="lce",
        formats=TFLITE_FORMATS,
        package="larq_compute_engine",
        session="bireid_runtime.backends.lce:LceSession",
        install="pip install larq-compute-engine",
        description="Larq Compute Engine interpreter, the reference on a workstation",
        automatic=False,
    ),
    Backend(
        name="litert-uint8",
        formats=TFLITE_FORMATS,
        package="ai_edge_litert",
        session="bireid_runtime.backends.litert:open_uint8_stem",
        install="pip install ai-edge-litert",
        description="as litert, the first convolution on 8-bit pixels: faster, slightly inexact",
        automatic=False,
        library=native_library.DELEGATE,
        exact=False,
    ),
)


def find_backend(name: str, bundle: Bundle) -> Backend:
    """Look up a back end, or choose one for a bundle.

    Args:
        name: A name of the table, or `"auto"`: the first automatic back end whose format is in
            the bundle and whose package is installed.
        bundle: The bundle to open.

    Returns:
        A line of the table.

    Raises:
        ArgumentError: No back end of that name.
        BackendUnavailableError: `"auto"` found none; the message says why for each.
    """
    if name != "auto":
        backends = {backend.name: backend for backend in BACKENDS}
        if name in backends:
            return backends[name]
        raise ArgumentError(f"no back end '{name}'; {hint(name, ['auto', *backends])}")
    reasons = []
    for backend in BACKENDS:
        if not backend.automatic:
            reasons.append(f"{backend.name}: never chosen by itself, ask for it by name")
        elif backend.format_in(bundle) is None:
            formats = "' or '".join(backend.formats)
            reasons.append(f"{backend.name}: the bundle has no file of format '{formats}'")
        elif reason := backend.unavailable_reason():
            reasons.append(f"{backend.name}: {reason}")
        else:
            return backend
    raise BackendUnavailableError(f"{bundle.path}: no back end; " + "; ".join(reasons))


def open_engine(
    backend: Backend, bundle: Bundle, threads: int, camera: str | None = None
) -> EngineSession:
    """Load the model of a bundle with an engine.

    Args:
        backend: A line of the table.
        bundle: The bundle to open.
        threads: Threads that one call may use, 1 to 64.
        camera: Whose numbers go into the model file; None loads it as it is.

    Returns:
        The loaded model.

    Raises:
        ArgumentError: `threads` is out of range.
        BundleError: The bundle has no file of the back end's format.
        BackendUnavailableError: The engine's package is missing or cannot be imported.
        UnsupportedModelError: The engine refuses the model.
    """
    if not 1 <= threads <= MAX_THREADS:
        raise ArgumentError(f"threads is {threads}; it must be 1 to {MAX_THREADS}")
    backend.file_in(bundle)
    module, _, name = backend.session.partition(":")
    try:
        return getattr(importlib.import_module(module), name)(bundle, threads, camera=camera)
    except ImportError as error:
        raise BackendUnavailableError(
            f"back end '{backend.name}' cannot be imported ({error}): {backend.install}"
        ) from error
