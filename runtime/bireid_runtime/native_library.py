"""Where the native libraries are, and what they can do on this CPU."""

import ctypes
import importlib.util
from functools import cache
from pathlib import Path

from bireid_runtime.errors import ArgumentError, BackendUnavailableError

ENGINE = "libbireid.so"
DELEGATE = "libbireid_delegate.so"

_FOLDER = "bireid_runtime._native"


def engine_path() -> str:
    """Return the path of the engine, for C and C++ programs; `engine/bireid.h` declares it.

    Returns:
        The path of a shared library.

    Raises:
        BackendUnavailableError: The package was installed without it.
    """
    return _path(ENGINE)


def delegate_path() -> str:
    """Return the path of the LiteRT delegate, for anyone who drives LiteRT directly.

    Example:
        ```
        delegate = load_delegate(bireid_runtime.delegate_path(), {"threads": 2})
        interpreter = Interpreter(model_content=..., experimental_delegates=[delegate])
        ```

    Its options are texts or numbers:

    - `fuse`: `"backbone"`, or `"none"` for the LCE operators alone;
    - `threads`: 1 to 64; otherwise those of the interpreter;
    - `isa`: `"auto"`, `"scalar"`, `"avx2"`, `"avx512f"`, `"avx512"`, `"amx"` or `"neon"`;
    - `profile`: a file for the time of every step, in JSON;
    - `stem`: `"float32"`, or `"uint8"` for a first convolution on 8-bit pixels, which are
      recovered from a normalised image; then `pixel_mean` and `pixel_std` say how it was
      normalised, one number per channel, such as `"0.485,0.456,0.406"`.

    Returns:
        The path of a shared library.

    Raises:
        BackendUnavailableError: The package was installed without it.
    """
    return _path(DELEGATE)


def missing_reason(library: str) -> str | None:
    """Say what is wrong with an installation without a library and how to mend it.

    Args:
        library: `ENGINE` or `DELEGATE`.

    Returns:
        One line, or None if the library is there.
    """
    if _find(library) is not None:
        return None
    return (
        f"bireid-runtime was installed without {library}: reinstall its wheel for this machine, "
        "or run `pip install ./runtime` in the sources with a C++ compiler at hand"
    )


def version() -> str:
    """Return the version of the native libraries, such as `"0.1.0"`.

    Raises:
        BackendUnavailableError: The delegate is missing or cannot be loaded.
    """
    return _delegate().bireid_delegate_version().decode()


def isa(name: str = "auto") -> str:
    """Return the instruction set that the native libraries use on this CPU.

    Args:
        name: `"auto"` for the fastest, or the one to ask for.

    Returns:
        `"scalar"`, `"avx2"`, `"avx512f"`, `"avx512"`, `"amx"` or `"neon"`.

    Raises:
        ArgumentError: No such instruction set, or this CPU or this build lacks it.
        BackendUnavailableError: The delegate is missing or cannot be loaded.
    """
    found = _delegate().bireid_delegate_isa(name.encode())
    if found is None:
        raise ArgumentError(
            f"isa is '{name}'; it must be auto, scalar, avx2, avx512f, avx512, amx or neon, and "
            "one that this CPU and this build have"
        )
    return found.decode()


def load(path: str) -> ctypes.CDLL:
    """Load a library, whose functions then run without holding Python's interpreter lock.

    Args:
        path: What `engine_path` or `delegate_path` returned.

    Raises:
        BackendUnavailableError: It is no library for this machine.
    """
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise BackendUnavailableError(
            f"{path} cannot be loaded ({error}): reinstall the wheel of bireid-runtime for this "
            "machine"
        ) from error


def _path(library: str) -> str:
    path = _find(library)
    if path is None:
        raise BackendUnavailableError(missing_reason(library))
    return str(path)


def _find(library: str) -> Path | None:
    # An editable installation keeps libraries apart from the sources: the import system knows.
    spec = importlib.util.find_spec(_FOLDER)
    folders = [] if spec is None else spec.submodule_search_locations or []
    for folder in folders:
        path = Path(folder) / library
        if path.is_file():
            return path
    return None


@cache
def _delegate() -> ctypes.CDLL:
    library = load(delegate_path())
    library.bireid_delegate_version.restype = ctypes.c_char_p
    library.bireid_delegate_isa.restype = ctypes.c_char_p
    library.bireid_delegate_isa.argtypes = [ctypes.c_char_p]
    return library
