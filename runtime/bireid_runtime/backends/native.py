"""The engine of this package: the native library runs the model of a bundle alone."""

import ctypes
import os
import weakref
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from threading import Lock

import numpy as np

from bireid_runtime import native_library
from bireid_runtime.backends import MAX_THREADS, TFLITE_FORMATS
from bireid_runtime.backends.binding import require_manifest
from bireid_runtime.bundle import Bundle
from bireid_runtime.bundle_files import MANIFEST_NAME
from bireid_runtime.errors import ArgumentError
from bireid_runtime.native_status import require_ok

_MAX_RANK = 7

_SESSIONS: "weakref.WeakSet[NativeSession]" = weakref.WeakSet()


def _open_locks() -> None:
    """In a forked child: who held a lock there is a thread of the parent, and never opens it."""
    for session in _SESSIONS:
        session._lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_locks)


class NativeSession:
    """The TFLite file of a bundle, 1-bit or real-valued, run by the engine of this package.

    One item uses `threads` threads; of several, each has one thread and they run side by side.
    The outputs are the same. Calls from several threads wait for each other, without holding
    Python's interpreter lock.

    Args:
        bundle: A bundle with a file of format `lce` or `float`. The engine gets its bytes and reads
            `manifest.json` again.
        threads: Threads that one call may use, 1 to 64.
        isa: Instruction set: `"auto"`, `"scalar"`, `"avx2"`, `"avx512f"`, `"avx512"`, `"amx"` or
            `"neon"`.
        stem: `"float32"`, or `"uint8"`: the first convolution goes back to the 8-bit pixels and
            runs in integers, with weights of 16 bits. Outputs then differ by that rounding, which
            turns a sign now and then.
        profile: File for the time of every step, written as JSON by `close`: a list of
            `{"name", "runs", "nanoseconds", "fastest_nanoseconds"}`; names are the fused operators
            with their numbers in the model file.
        camera: Whose numbers go into the file; None runs it as it is. The engine is not told: like
            any other it runs the bytes that it is given.

    Raises:
        ArgumentError: A bad option; from `run`, with `stem="uint8"`, an image that was not
            normalised from 8 bits as the bundle says.
        BackendUnavailableError: The native library is missing or cannot be loaded.
        BundleError: The model is damaged or not that of the manifest.
        UnsupportedModelError: The network needs something that the engine lacks, or this CPU lacks
            the instruction set.
        MemoryError: There is not enough memory.
    """

    def __init__(
        self,
        bundle: Bundle,
        threads: int,
        isa: str = "auto",
        stem: str = "float32",
        profile: str | os.PathLike[str] | None = None,
        camera: str | None = None,
    ) -> None:
        format = bundle.first_format(TFLITE_FORMATS)
        self._path = bundle.file(format)
        if not 1 <= threads <= MAX_THREADS:
            raise ArgumentError(f"threads is {threads}; it must be 1 to {MAX_THREADS}")
        model = bundle.read(format, camera)
        # `Bundle` has compared the checksums, unless it was asked not to.
        options = _Options(
            size=ctypes.sizeof(_Options),
            threads=threads,
            isa=isa.encode(),
            stem=stem.encode(),
            skip_checksums=1,
            model=model,
            model_bytes=len(model),
            profile=None if profile is None else os.fsencode(profile),
        )
        if bundle.memory is not None:
            manifest = bundle.memory[MANIFEST_NAME]
            options.files = (_File * 1)(_File(MANIFEST_NAME.encode(), manifest, len(manifest)))
            options.file_count = 1
        self._library = _engine()
        handle = ctypes.c_void_p()
        self._check(
            self._library.bireid_session_open(
                os.fsencode(bundle.path), ctypes.byref(options), ctypes.byref(handle)
            )
        )
        self._handle: ctypes.c_void_p | None = handle
        self._lock = Lock()
        _SESSIONS.add(self)
        self._close = weakref.finalize(self, self._library.bireid_session_close, handle)
        # When Python ends, daemon threads may still be in `run`; the system takes the memory back.
        self._close.atexit = False
        self._description = self._library.bireid_session_describe(handle).decode()
        self._inputs = self._tensors("input", handle)
        self._outputs = self._tensors("output", handle)
        require_manifest(self._path, bundle, self._inputs, self._outputs)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See `EngineSession.run`."""
        arrays = [np.ascontiguousarray(inputs[name], np.float32) for name in self._inputs]
        outputs = self._empty_outputs(len(arrays[0]))
        with self._lock:
            self._check(
                self._library.bireid_session_run(
                    self._open_handle(),
                    _addresses(arrays),
                    len(arrays[0]),
                    _addresses(outputs.values()),
                )
            )
        return outputs

    def run_images(self, images: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """See `ImageEngineSession.run_images`."""
        # Pixels of a row must lie side by side; rows may lie apart.
        pixels = [_with_whole_rows(image) for image in images]
        records = (_Image * len(pixels))(
            *(
                _Image(image.ctypes.data, image.shape[1], image.shape[0], image.strides[0])
                for image in pixels
            )
        )
        outputs = self._empty_outputs(len(pixels))
        with self._lock:
            self._check(
                self._library.bireid_session_run_images(
                    self._open_handle(), records, len(pixels), _addresses(outputs.values())
                )
            )
        return outputs

    def describe(self) -> str:
        """Name the engine, its version, its instruction set and a stem that is not float32."""
        return self._description

    def close(self) -> None:
        """Free the network; otherwise that happens when the session goes. Twice does no harm."""
        with self._lock:
            self._handle = None
            self._close()

    def _open_handle(self) -> ctypes.c_void_p:
        if self._handle is None:
            raise ArgumentError(f"{self._path}: the session is closed; open another one")
        return self._handle

    def _empty_outputs(self, count: int) -> dict[str, np.ndarray]:
        return {
            name: np.empty((count, *shape), np.float32) for name, shape in self._outputs.items()
        }

    def _tensors(self, side: str, handle: ctypes.c_void_p) -> dict[str, tuple[int, ...]]:
        """Shape of one item by name, in the order of the manifest."""
        count = getattr(self._library, f"bireid_session_{side}_count")(handle)
        found = {}
        for index in range(count):
            info = _TensorInfo(size=ctypes.sizeof(_TensorInfo))
            describe = getattr(self._library, f"bireid_session_{side}")
            self._check(describe(handle, index, ctypes.byref(info)))
            found[info.name.decode()] = tuple(info.shape[: info.rank])
        return found

    def _check(self, status: int) -> None:
        require_ok(self._library, status, str(self._path))


def _addresses(arrays: Iterable[np.ndarray]) -> ctypes.Array[ctypes.c_void_p]:
    addresses = [array.ctypes.data for array in arrays]
    return (ctypes.c_void_p * len(addresses))(*addresses)


def _with_whole_rows(image: np.ndarray) -> np.ndarray:
    channels = image.shape[2]
    whole = image.strides[1:] == (channels, 1) and image.strides[0] >= image.shape[1] * channels
    return image if whole else np.ascontiguousarray(image)


class _File(ctypes.Structure):
    """`bireid_file` of engine/bireid.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_char_p),
        ("bytes", ctypes.c_size_t),
    )


class _Options(ctypes.Structure):
    """`bireid_options` of engine/bireid.h."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("threads", ctypes.c_int32),
        ("isa", ctypes.c_char_p),
        ("stem", ctypes.c_char_p),
        ("skip_checksums", ctypes.c_int32),
        ("model", ctypes.c_char_p),
        ("model_bytes", ctypes.c_size_t),
        ("profile", ctypes.c_char_p),
        ("camera", ctypes.c_char_p),
        ("uncentred", ctypes.c_int32),
        ("files", ctypes.POINTER(_File)),
        ("file_count", ctypes.c_int32),
    )


class _TensorInfo(ctypes.Structure):
    """`bireid_tensor_info` of engine/bireid_session.h."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("name", ctypes.c_char_p),
        ("kind", ctypes.c_char_p),
        ("rank", ctypes.c_int32),
        ("shape", ctypes.c_int64 * _MAX_RANK),
        ("elements", ctypes.c_int64),
    )


class _Image(ctypes.Structure):
    """`bireid_image` of engine/bireid_session.h."""

    _fields_ = (
        ("pixels", ctypes.c_void_p),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("row_bytes", ctypes.c_int64),
    )


@cache
def _engine() -> ctypes.CDLL:
    """The library, with those functions of engine/bireid_session.h that a session calls."""
    library = native_library.load(native_library.engine_path())
    handle, arrays, count = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int32
    info = ctypes.POINTER(_TensorInfo)
    library.bireid_last_error.restype = ctypes.c_char_p
    library.bireid_session_describe.restype = ctypes.c_char_p
    library.bireid_session_describe.argtypes = [handle]
    library.bireid_session_open.argtypes = [
        ctypes.c_char_p,
        ctypes.POINTER(_Options),
        ctypes.POINTER(handle),
    ]
    library.bireid_session_close.restype = None
    library.bireid_session_close.argtypes = [handle]
    for side in ("input", "output"):
        getattr(library, f"bireid_session_{side}_count").argtypes = [handle]
        getattr(library, f"bireid_session_{side}").argtypes = [handle, count, info]
    library.bireid_session_run.argtypes = [handle, arrays, count, arrays]
    library.bireid_session_run_images.argtypes = [handle, ctypes.POINTER(_Image), count, arrays]
    return library
