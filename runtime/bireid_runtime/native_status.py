"""What a status of the C interface means in Python."""

import ctypes

from bireid_runtime.errors import (
    ArgumentError,
    BundleError,
    SelfTestError,
    UnsupportedModelError,
)

# bireid_status of engine/bireid.h, without BIREID_OK and BIREID_INTERNAL.
_EXCEPTIONS: dict[int, type[Exception]] = {
    1: ArgumentError,
    2: UnsupportedModelError,
    3: MemoryError,
    4: BundleError,
    5: SelfTestError,
}


def require_ok(library: ctypes.CDLL, status: int, source: str) -> None:
    """Raise what a status of the engine stands for, with the engine's words.

    Args:
        library: The engine; `bireid_last_error` returns text.
        status: What a function of it returned.
        source: What the call was about, for a status that no caller can cause.

    Raises:
        ArgumentError, UnsupportedModelError, MemoryError, BundleError, SelfTestError: As the
            status says.
        RuntimeError: A defect of the engine.
    """
    if status == 0:
        return
    message = library.bireid_last_error().decode(errors="replace")
    if status not in _EXCEPTIONS:
        raise RuntimeError(f"{source}: a defect of the engine (status {status}): {message}")
    raise _EXCEPTIONS[status](message)
