"""The engines that `bench` can time, each opened in a process of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from bireid_runtime import Bundle, Preprocess
from bireid_runtime.backends import BACKENDS, Backend, EngineSession
from bireid_runtime.errors import BackendUnavailableError, UnsupportedModelError
from bireid_runtime.preprocess import normalize

from bireid_deploy.benchmark.cpu_features import of_native_path
from bireid_deploy.benchmark.file_engines import Loaded, load_litert, load_onnxruntime
from bireid_deploy.benchmark.ncnn_engine import SUFFIX as NCNN_SUFFIX
from bireid_deploy.benchmark.ncnn_engine import load_ncnn, weights_of
from bireid_deploy.benchmark.openvino_engine import SETTINGS, load_openvino, settings_for
from bireid_deploy.benchmark.whole_item import Rows, WholeItem, whole_item


class Opened(NamedTuple):
    """A loaded model.

    Attributes:
        run: Computes the outputs of one prepared item, float32 (1, ...): the network alone.
        version: The engine, its version and what it chose for this CPU.
        item: What it takes instead of the engine's own item: all inputs of a foreign file.
        session: The engine of a bundle's own file.
        rows: How to run a foreign file on what the bundle's network takes; None if it takes
            something else.
        features: The strongest level of the CPU that the engine may use, of `cpu_features`.
    """

    run: Callable[[Any], Any]
    version: str
    item: Any = None
    session: EngineSession | None = None
    rows: Rows | None = None
    features: str = ""


@dataclass(frozen=True)
class Engine:
    """One row of a benchmark.

    Attributes:
        label: What the table calls it.
        kind: A key of the table `_KINDS` in this module.
        path: The bundle or, for a file to compare with, that file.
        bundle: The bundle.
        bytes: Size of the model file.
        threads: Threads of one call.
        shape: What the network takes, without the batch.
        preprocess: What the bundle does to a crop; None of a network that takes no image.
    """

    label: str
    kind: str
    path: str
    bundle: str
    bytes: int
    threads: int
    shape: tuple[int, ...]
    preprocess: Preprocess | None

    def to_json(self) -> dict[str, Any]:
        """For the worker's command line."""
        spec = None if self.preprocess is None else self.preprocess.to_manifest()
        return {**vars(self), "shape": list(self.shape), "preprocess": spec}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Engine":
        """Read back what `to_json` returned."""
        spec = fields["preprocess"]
        preprocess = None if spec is None else Preprocess.from_manifest(spec)
        return cls(**{**fields, "shape": tuple(fields["shape"]), "preprocess": preprocess})

    def item(self) -> np.ndarray:
        """Return what the network takes, float32 (1, ...): random pixels, or else numbers."""
        rng = np.random.default_rng(0)
        if self.preprocess is None:
            return rng.normal(size=(1, *self.shape)).astype(np.float32)
        return normalize(rng.integers(256, size=(1, *self.shape), dtype=np.uint8), self.preprocess)

    def whole_item(self, opened: Opened) -> WholeItem | None:
        """The whole way of one item through what `open` returned; None if there is none."""
        bundle = Bundle.open(self.bundle)
        return whole_item(bundle, opened.session, opened.rows, opened.version)

    def open(self) -> Opened:
        """Import the engine and load the model.

        Raises:
            BireidError: The engine is missing or refuses the model.
        """
        return _KINDS[self.kind].open(self)

    def unavailable_reason(self) -> str | None:
        """Say what is not installed and how to mend it, or None if nothing is missing."""
        kind = _KINDS[self.kind]
        if kind.package is None:
            return kind.backend_row.unavailable_reason()
        # Here and not above: the time that an engine takes to load is measured with this module.
        from bireid_deploy.extras import install_command, is_installed

        if is_installed(kind.package):
            return None
        return f"{kind.package} is not installed: {install_command(_EXTRA)}"

    @property
    def may_be_left_out(self) -> bool:
        """Whether it is an engine more than a person asked for who named a file."""
        return _KINDS[self.kind].is_further

    @property
    def needs_a_stem(self) -> bool:
        """Whether it is an engine's way with a first convolution that not every network has."""
        return _KINDS[self.kind].needs_image


# By kind. The first one that a bundle has a file for is the reference of the ratios.
_BUNDLE_ENGINES = {
    "native": "bireid (native)",
    "native-uint8-stem": "bireid (native), uint8 stem",
    "bireid": "bireid (fused)",
    "bireid-uint8-stem": "LiteRT + bireid, uint8 stem",
    "bireid-lce-operators": "bireid (LCE operators)",
    "lce-indirect": "LCE (indirect)",
    "lce-default": "LCE (default)",
    "onnx": "ONNX Runtime",
}
# What a bundle's own file holds, by the precision of its network.
_KINDS_OF_WEIGHTS = {"binary": "1-bit", "real": "float32"}
_FILE_ENGINES = {
    ".onnx": ("ONNX Runtime", "onnxruntime"),
    ".tflite": ("LiteRT", "litert"),
    NCNN_SUFFIX: ("ncnn", "ncnn"),
}
_FURTHER = "OpenVINO"
# The extra that brings the engines which the runtime does not use.
_EXTRA = "peers"


def engines_of(bundle: Bundle, against: tuple[Path, ...], threads: int) -> list[Engine]:
    """The engines for a bundle's own files, and for further files to compare with.

    Args:
        bundle: Bundle.
        against: `.onnx`, `.tflite` or ncnn's `.param` files of any networks; each is fed what it
            declares, or, where it declares nothing, what the bundle's network takes.
        threads: Threads of one call.

    Raises:
        UnsupportedModelError: A file to compare with is of another kind, or the network takes
            several inputs.
    """
    from bireid_converters.formats import ELSEWHERE

    found = []
    if len(bundle.inputs) > 1:
        raise UnsupportedModelError(f"{bundle.path}: takes several inputs, which bench cannot")
    (taken,) = bundle.inputs
    holds = _KINDS_OF_WEIGHTS[bundle.manifest["network"]["precision"]]
    for kind, label in _BUNDLE_ENGINES.items():
        row = _KINDS[kind]
        runs_it = row.backend_row.format_in(bundle) is not None
        if runs_it and (taken.preprocess or not row.needs_image):
            size = row.backend_row.file_in(bundle).stat().st_size
            found.append(
                Engine(
                    f"{holds}, {label}",
                    kind,
                    str(bundle.path),
                    str(bundle.path),
                    size,
                    threads,
                    taken.shape,
                    taken.preprocess,
                )
            )
    read = {backend.format_in(bundle) for backend in BACKENDS}
    own = [
        (name, bundle.file(name))
        for name in bundle.formats
        if name not in read and name not in ELSEWHERE
    ]
    for name, path in [*own, *((path.name, path) for path in against)]:
        if path.suffix not in _FILE_ENGINES or not path.is_file():
            raise UnsupportedModelError(
                f"{path}: compare with an existing {', '.join(_FILE_ENGINES)} file"
            )
        for engine, kind in _engines_of_file(path):
            size, label = _size(path), f"{name}, {engine}"
            found.append(
                Engine(
                    label,
                    kind,
                    str(path),
                    str(bundle.path),
                    size,
                    threads,
                    taken.shape,
                    taken.preprocess,
                )
            )
    return found


def _size(path: Path) -> int:
    """Bytes of a file, and of the weights that lie beside it."""
    beside = weights_of(path)
    apart = path.suffix == NCNN_SUFFIX and beside.is_file()
    return path.stat().st_size + (beside.stat().st_size if apart else 0)


def _engines_of_file(path: Path) -> list[tuple[str, str]]:
    """Label and kind of every engine for a file to compare with."""
    found = [_FILE_ENGINES[path.suffix]]
    if path.suffix == ".onnx":
        found += [(f"{_FURTHER}{SETTINGS[kind].label}", kind) for kind in settings_for(path)]
    return found


def installed(engines: Sequence[Engine], against: Sequence[Path] = ()) -> list[Engine]:
    """Those engines whose packages are installed.

    Args:
        engines: What `engines_of` returned.
        against: Files that the person asked for: their engines may not be left out.

    Raises:
        BackendUnavailableError: None is left, or one that may not be left out is missing.
    """
    ready = [engine for engine in engines if engine.unavailable_reason() is None]
    wanted = {str(path) for path in against}
    for engine in engines:
        asked = engine.path in wanted and not engine.may_be_left_out
        if engine not in ready and (not ready or asked):
            raise BackendUnavailableError(f"{engine.label}: {engine.unavailable_reason()}")
    return ready


def _of(bundle: Bundle, session: EngineSession) -> Opened:
    name = bundle.inputs[0].name
    described = session.describe()
    return Opened(
        lambda item: session.run({name: item}),
        described,
        session=session,
        features=of_native_path(described),
    )


def _open_native(engine: Engine) -> Opened:
    from bireid_runtime.backends.native import NativeSession

    stem = "float32" if engine.kind == "native" else "uint8"
    bundle = Bundle.open(engine.path)
    return _of(bundle, NativeSession(bundle, engine.threads, stem=stem))


def _open_bireid(engine: Engine) -> Opened:
    from bireid_runtime.backends.litert import LitertSession

    fuse = "backbone" if engine.kind == "bireid" else "none"
    bundle = Bundle.open(engine.path)
    return _of(bundle, LitertSession(bundle, engine.threads, fuse=fuse))


def _open_uint8_stem(engine: Engine) -> Opened:
    from bireid_runtime.backends.litert import open_uint8_stem

    bundle = Bundle.open(engine.path)
    return _of(bundle, open_uint8_stem(bundle, engine.threads))


def _open_lce(engine: Engine) -> Opened:
    from bireid_runtime.backends.lce import LceSession

    indirect = engine.kind == "lce-indirect"
    bundle = Bundle.open(engine.path)
    return _of(bundle, LceSession(bundle, engine.threads, use_indirect_bgemm=indirect))


def _open_onnx(engine: Engine) -> Opened:
    from bireid_runtime.backends.onnx import OnnxSession

    bundle = Bundle.open(engine.path)
    return _of(bundle, OnnxSession(bundle, engine.threads))


def _open_onnxruntime(engine: Engine) -> Opened:
    return _of_file(engine, load_onnxruntime(engine.path, engine.shape, engine.threads))


def _open_litert(engine: Engine) -> Opened:
    return _of_file(engine, load_litert(engine.path, engine.shape, engine.threads))


def _open_ncnn(engine: Engine) -> Opened:
    return _of_file(engine, load_ncnn(engine.path, engine.shape, engine.threads))


def _open_openvino(engine: Engine) -> Opened:
    return _of_file(engine, load_openvino(engine.path, engine.kind, engine.shape, engine.threads))


def _of_file(engine: Engine, loaded: Loaded) -> Opened:
    rows = _rows(engine, loaded.run, loaded.feeds)
    return Opened(loaded.run, loaded.version, loaded.feeds, rows=rows, features=loaded.features)


def _rows(
    engine: Engine, run: Callable[[Any], Any], feeds: Mapping[Any, np.ndarray]
) -> Rows | None:
    """How a foreign file runs on what the bundle's network takes, if it takes that alone."""
    if len(feeds) != 1:
        return None
    ((key, example),) = feeds.items()
    item = np.empty((1, *engine.shape), np.float32)
    if example.dtype != item.dtype:
        return None
    if example.shape == item.shape:
        return lambda rows: run({key: rows})
    if len(engine.shape) == 3 and example.shape == item.transpose(0, 3, 1, 2).shape:
        return lambda rows: run({key: rows.transpose(0, 3, 1, 2)})
    return None


class _Kind(NamedTuple):
    """How to open an engine, and the back end of the runtime whose packages it needs.

    Attributes:
        backend: Name of the back end; empty of an engine that the runtime does not use.
        open: Opens it.
        needs_image: Whether it starts from 8-bit pixels.
        package: What it needs if it has no back end; the extra `peers` brings it.
        is_further: Whether it is one more for a file that another engine is for.
    """

    backend: str
    open: Callable[[Engine], Opened]
    needs_image: bool = False
    package: str | None = None
    is_further: bool = False

    @property
    def backend_row(self) -> Backend:
        """That back end."""
        (found,) = [each for each in BACKENDS if each.name == self.backend]
        return found


_KINDS = {
    "native": _Kind("native", _open_native),
    "native-uint8-stem": _Kind("native", _open_native, needs_image=True),
    "bireid": _Kind("litert", _open_bireid),
    "bireid-uint8-stem": _Kind("litert", _open_uint8_stem, needs_image=True),
    "bireid-lce-operators": _Kind("litert", _open_bireid),
    "lce-indirect": _Kind("lce", _open_lce),
    "lce-default": _Kind("lce", _open_lce),
    "onnx": _Kind("onnx", _open_onnx),
    "onnxruntime": _Kind("onnx", _open_onnxruntime),
    "litert": _Kind("litert", _open_litert),
    "ncnn": _Kind("", _open_ncnn, package="ncnn"),
    **{kind: _Kind("", _open_openvino, package="openvino", is_further=True) for kind in SETTINGS},
}


def engine_of_format(bundle: Bundle, name: str, threads: int) -> Engine | None:
    """The first installed engine for one file of a bundle; None if there is none.

    Args:
        bundle: Bundle.
        name: Format of the file.
        threads: Threads of one call.

    Raises:
        UnsupportedModelError: The network takes several inputs.
    """
    file = str(bundle.file(name))
    for engine in engines_of(bundle, (), threads):
        reads = engine.path == file or (
            engine.kind in _BUNDLE_ENGINES
            and _KINDS[engine.kind].backend_row.format_in(bundle) == name
        )
        if reads and engine.unavailable_reason() is None:
            return engine
    return None
