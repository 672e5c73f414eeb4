"""The kernels' C interface (runtime/native/tests/kernels_library), called with NumPy arrays."""

import ctypes
import fcntl
import os
import shutil
import subprocess
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_float, c_int, c_int32, c_size_t, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_ROOT = Path(__file__).parents[2]
_BUILDS = (_ROOT / "build" / "native", _ROOT / "build" / "kernels")

OK, INVALID_ARGUMENT, UNSUPPORTED = 0, 1, 2
ISAS = ("scalar", "avx2", "avx512f", "avx512", "amx", "neon")
PADDINGS = {"same": 0, "valid": 1}
ACTIVATIONS = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3}
OUTPUTS = {"float32": 0, "int8": 1, "bits": 2}

_CONVOLUTION_SIZES = (
    *("channels_in", "channels_out", "kernel_height", "kernel_width"),
    *("stride_height", "stride_width", "dilation_height", "dilation_width", "groups"),
)


class ConvolutionOptions(Structure):
    """bireid_binary_convolution_options."""

    _fields_ = (
        *((name, c_int32) for name in _CONVOLUTION_SIZES),
        ("padding", c_int),
        ("pad_value", c_int32),
        ("activation", c_int),
        ("output", c_int),
        ("output_scale", c_float),
        ("output_zero_point", c_int32),
        ("weights", c_void_p),
        ("weights_words", c_size_t),
        ("multiplier", c_void_p),
        ("bias", c_void_p),
        ("thresholds", c_void_p),
    )


class MaxPoolOptions(Structure):
    """bireid_binary_max_pool_options."""

    _fields_ = (
        *((name, c_int32) for name in ("filter_height", "filter_width")),
        *((name, c_int32) for name in ("stride_height", "stride_width")),
        ("padding", c_int),
    )


_SIGNATURES = {
    "bireid_pack_float32": (c_char_p, c_void_p, c_size_t, c_size_t, c_void_p),
    "bireid_pack_int8": (c_void_p, c_size_t, c_size_t, c_int32, c_void_p),
    "bireid_pack_bool": (c_void_p, c_size_t, c_size_t, c_void_p),
    "bireid_unpack_float32": (c_void_p, c_size_t, c_size_t, c_void_p),
    "bireid_unpack_int8": (c_void_p, c_size_t, c_size_t, c_float, c_int32, c_void_p),
    "bireid_unpack_bool": (c_void_p, c_size_t, c_size_t, c_void_p),
    "bireid_binary_convolution_create": (c_char_p, c_void_p, POINTER(c_void_p)),
    "bireid_binary_convolution_output_size": (c_void_p, c_int32, c_int32, c_void_p, c_void_p),
    "bireid_binary_convolution_run": (c_void_p, c_void_p, c_int32, c_int32, c_int32, c_void_p),
    "bireid_binary_max_pool_output_size": (c_void_p, c_int32, c_int32, c_void_p, c_void_p),
    "bireid_binary_max_pool": (c_void_p, c_void_p, *(c_int32,) * 4, c_void_p),
}


class KernelError(Exception):
    """A call that returned another status than OK."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def built(target: str) -> Path:
    """The folder of what was built, where a target is built first unless it is up to date."""
    cmake = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
    if cmake is None:
        raise RuntimeError("the kernels' tests need CMake (pip install cmake)")
    # What `make native-test` builds holds it, too.
    build = next((each for each in _BUILDS if (each / "CMakeCache.txt").is_file()), _BUILDS[-1])
    build.mkdir(parents=True, exist_ok=True)
    source = (
        "-S",
        _ROOT / "runtime",
        "-B",
        build,
        "-DBIREID_KERNELS_LIBRARY=ON",
        "-Wno-deprecated",
    )
    make = ("--build", build, "--parallel", "2", "--target", target)
    with open(build / "kernels.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run in several processes
        for arguments in (source, make):
            done = subprocess.run([cmake, *arguments], capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError(f"{done.stdout}{done.stderr}")
    return build / "native"


@cache
def library() -> ctypes.CDLL:
    """The shared library with the types of its functions."""
    loaded = ctypes.CDLL(str(built("bireid_kernels_test") / "libbireid_kernels_test.so"))
    for name, arguments in _SIGNATURES.items():
        getattr(loaded, name).argtypes = arguments
    loaded.bireid_kernels_isa.argtypes = (c_char_p,)
    loaded.bireid_binary_convolution_destroy.argtypes = (c_void_p,)
    loaded.bireid_binary_convolution_destroy.restype = None
    for name in ("bireid_kernels_version", "bireid_kernels_isa", "bireid_kernels_last_error"):
        getattr(loaded, name).restype = c_char_p
    return loaded


def available_isas() -> list[str]:
    """The instruction-set paths that this CPU can run."""
    return [isa for isa in ISAS if library().bireid_kernels_isa(isa.encode())]


def call(name: str, *arguments: Any) -> None:
    """Call a function by its name without `bireid_`; arrays are passed by their address.

    Raises:
        KernelError: It returned another status than OK.
    """
    addresses = [each.ctypes.data if isinstance(each, np.ndarray) else each for each in arguments]
    status = getattr(library(), f"bireid_{name}")(*addresses)
    if status != OK:
        raise KernelError(status, library().bireid_kernels_last_error().decode())


class BinaryConvolution:
    """A convolution as the C interface makes it.

    Args:
        isa: Path of the kernels.
        rows: Packed weights uint32 (O, kernel height, kernel width, words of a group).
        arrays: `multiplier` and `bias` float32 (O,), or `thresholds` int32 (O,).
        fields: Every other field of the options, padding, activation and output by name.
    """

    def __init__(
        self, isa: str, rows: np.ndarray, arrays: dict[str, np.ndarray], **fields: Any
    ) -> None:
        self.options = convolution_options(rows, arrays, **fields)
        self._handle = c_void_p()
        call("binary_convolution_create", isa.encode(), byref(self.options), byref(self._handle))

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        result = np.zeros(2, np.int32)
        call("binary_convolution_output_size", self._handle, height, width, result[:1], result[1:])
        return int(result[0]), int(result[1])

    def run(self, packed: np.ndarray, output: np.ndarray) -> np.ndarray:
        """Run on a packed map uint32 (N, H, W, words) and fill `output`."""
        batch, height, width, _ = packed.shape
        call("binary_convolution_run", self._handle, packed, batch, height, width, output)
        return output

    def close(self) -> None:
        library().bireid_binary_convolution_destroy(self._handle)
        self._handle = c_void_p()


def convolution_options(
    rows: np.ndarray, arrays: dict[str, np.ndarray], **fields: Any
) -> ConvolutionOptions:
    """The options of a convolution that fits its rows; `fields` overrule what is derived."""
    filters, height, width, _ = rows.shape
    names = {"padding": PADDINGS, "activation": ACTIVATIONS, "output": OUTPUTS}
    values = {
        "channels_out": filters,
        "kernel_height": height,
        "kernel_width": width,
        **dict.fromkeys(("stride_height", "stride_width"), 1),
        **dict.fromkeys(("dilation_height", "dilation_width"), 1),
        "groups": 1,
        "padding": "same",
        "pad_value": 1,
        "activation": "none",
        "output": "float32",
        "weights": rows.ctypes.data,
        "weights_words": rows.size,
        **{name: array.ctypes.data for name, array in arrays.items()},
        **fields,
    }
    for name, choices in names.items():
        values[name] = choices.get(values[name], values[name])
    return ConvolutionOptions(**values)
