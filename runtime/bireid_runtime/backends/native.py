"""The engine of this package: the native library reads the bundle and runs it alone."""

import ctypes
import os
import weakref
from functools import cache
from threading import Lock

import numpy as np

from bireid_runtime import native_library
from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import (
    ArgumentError,
    BundleError,
    SelfTestError,
    UnsupportedModelError,
)

_MAX_THREADS = 256
# bireid_status of engine/bireid.h, without BIREID_OK and BIREID_INTERNAL.
_EXCEPTIONS: dict[int, type[Exception]] = {
    1: ArgumentError,
    2: UnsupportedModelError,
    3: MemoryError,
    4: BundleError,
    5: SelfTestError,
}


class NativeSession:
    """The `lce` file of a bundle, run by the engine of this package.

    One image uses `threads` threads; of several, each has one thread and they run side by side.
    The embeddings are the same. Calls from several threads wait for each other, without holding
    Python's interpreter lock.

    Args:
        bundle: A bundle with a file of format `lce`. The engine reads its directory again.
        threads: Threads that one call may use, 1 to 256.
        isa: Instruction set: `"auto"`, or `"scalar"`, `"avx2"`, `"avx512"` or `"neon"`.
        stem: `"float32"`, or `"uint8"`: the first convolution goes back to the 8-bit pixels and
            runs in integers, with weights of 16 bits. Embeddings then differ by that rounding,
            which turns a sign now and then.

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
        self, bundle: Bundle, threads: int, isa: str = "auto", stem: str = "float32"
    ) -> None:
        self._path = bundle.file("lce")
        self._image_shape = (bundle.preprocess.height, bundle.preprocess.width, 3)
        self._embedding_dim = bundle.embedding_dim
        if not 1 <= threads <= _MAX_THREADS:
            raise ArgumentError(f"threads is {threads}; it must be 1 to {_MAX_THREADS}")
        # `Bundle.open` has compared the checksums, unless it was asked not to.
        options = _Options(
            size=ctypes.sizeof(_Options),
            threads=threads,
            isa=isa.encode(),
            stem=stem.encode(),
            skip_checksums=1,
        )
        self._library = _engine()
        handle = ctypes.c_void_p()
        self._check(
            self._library.bireid_open(
                os.fsencode(bundle.path), ctypes.byref(options), ctypes.byref(handle)
            )
        )
        self._handle: ctypes.c_void_p | None = handle
        self._description = self._library.bireid_describe(handle).decode()
        self._lock = Lock()
        self._close = weakref.finalize(self, self._library.bireid_close, handle)
        # When Python ends, daemon threads may still be in `run`; the system takes the memory back.
        self._close.atexit = False

    def run(self, images: np.ndarray) -> np.ndarray:
        """Map float32 images `(N, H, W, 3)` to embeddings `(N, D)`."""
        if images.shape[1:] != self._image_shape:
            raise UnsupportedModelError(
                f"{self._path}: bireid cannot run it on {images.shape}, only on "
                f"(N, {', '.join(map(str, self._image_shape))})"
            )
        images = np.ascontiguousarray(images, np.float32)
        embeddings = np.empty((len(images), self._embedding_dim), np.float32)
        with self._lock:
            if self._handle is None:
                raise ArgumentError(f"{self._path}: the session is closed; open another one")
            self._check(
                self._library.bireid_embed_images(
                    self._handle,
                    images.ctypes.data,
                    len(images),
                    embeddings.ctypes.data,
                    self._embedding_dim,
                )
            )
        return embeddings

    def describe(self) -> str:
        """Name the engine, its version, its instruction set and a stem that is not float32."""
        return self._description

    def close(self) -> None:
        """Free the network; otherwise that happens when the session goes. Twice does no harm."""
        with self._lock:
            self._handle = None
            self._close()

    def _check(self, status: int) -> None:
        if status == 0:
            return
        message = self._library.bireid_last_error().decode(errors="replace")
        if status not in _EXCEPTIONS:
            raise RuntimeError(f"{self._path}: a defect of the engine (status {status}): {message}")
        raise _EXCEPTIONS[status](message)


class _Options(ctypes.Structure):
    """`bireid_options` of engine/bireid.h."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("threads", ctypes.c_int32),
        ("isa", ctypes.c_char_p),
        ("stem", ctypes.c_char_p),
        ("skip_checksums", ctypes.c_int32),
    )


@cache
def _engine() -> ctypes.CDLL:
    """The library, with those functions of engine/bireid.h that a session calls."""
    library = native_library.load(native_library.engine_path())
    handle, array, length = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32
    library.bireid_last_error.restype = ctypes.c_char_p
    library.bireid_describe.restype = ctypes.c_char_p
    library.bireid_describe.argtypes = [handle]
    library.bireid_open.argtypes = [
        ctypes.c_char_p,
        ctypes.POINTER(_Options),
        ctypes.POINTER(handle),
    ]
    library.bireid_embed_images.argtypes = [handle, array, length, array, length]
    library.bireid_close.restype = None
    library.bireid_close.argtypes = [handle]
    return library
