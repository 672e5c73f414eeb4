"""`bench` as functions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bireid_runtime import Bundle
from bireid_runtime.errors import BackendUnavailableError, BireidError, UnsupportedModelError

from bireid_deploy.extras import explained
from bireid_deploy.tasks.base import Progress

if TYPE_CHECKING:
    from bireid_deploy.benchmark.layers import Profile
    from bireid_deploy.benchmark.session import Timing

RUNS_PER_ROUND = 5


def bench(
    bundle: Path | str,
    *,
    against: Sequence[Path | str] = (),
    threads: int = 1,
    rounds: int = 20,
    starts: int = 3,
    on_left_out: Callable[[str, str], None] = lambda engine, reason: None,
    on_progress: Progress | None = None,
    on_failed: Callable[[str, BireidError], None] | None = None,
) -> "list[Timing]":
    """Time the installed engines that can run a bundle, batch 1, each in its own process.

    Args:
        bundle: Bundle.
        against: Further `.onnx`, `.tflite` and ncnn `.param` files to time.
        threads: Threads of every engine.
        rounds: Rounds, interleaved between the engines.
        starts: Fresh processes per engine, for the time of loading and of the first run.
        on_left_out: Called with the label of an engine that is not installed, and what is missing;
            or of a uint8 stem, which the network does not begin with, and why.
        on_progress: Called with (done, total).
        on_failed: Called with the label of an engine that cannot run its file, or that `against`
            needs and that is not installed, and the error; the others are timed.

    Returns:
        One timing per engine that did not fail; the first one is what ratios refer to. Compare
        timings of one call only.

    Raises:
        BackendUnavailableError: No engine is installed, or one that `against` needs is not and
            there is no `on_failed`.
        BireidError: The bundle cannot be opened; or a file, and there is no `on_failed`.
    """
    from bireid_deploy.benchmark.engines import Engine, engines_of, installed
    from bireid_deploy.benchmark.session import time_engines

    files = tuple(map(Path, against))
    known = engines_of(Bundle.open(bundle), files, threads)
    engines = installed(known, files if on_failed is None else ())
    wanted = set(map(str, files))
    for engine in known:
        if engine in engines:
            continue
        reason = engine.unavailable_reason() or ""
        asked = engine.path in wanted and not engine.may_be_left_out
        if on_failed is not None and asked:
            on_failed(engine.label, BackendUnavailableError(f"{engine.label}: {reason}"))
        else:
            on_left_out(engine.label, reason)

    def leave_out(engine: Engine, error: UnsupportedModelError) -> None:
        on_left_out(engine.label, str(error).removeprefix(f"{engine.label}: "))

    told = None if on_failed is None else lambda engine, error: on_failed(engine.label, error)
    return time_engines(engines, rounds, RUNS_PER_ROUND, starts, on_progress, told, leave_out)


def profile(bundle: Path | str, *, threads: int = 1, rounds: int = 20) -> "Profile":
    """Time the steps of the engine `native` on a bundle, batch 1.

    Args:
        bundle: Bundle.
        threads: Threads of one call.
        rounds: As many runs as a benchmark of so many rounds.

    Raises:
        MissingPackageError: `ai-edge-litert`, which names the layers, is not installed.
        BireidError: The bundle cannot be opened, or the engine refuses its network.
    """
    from bireid_deploy.benchmark import layers

    with explained():
        return layers.profile(Bundle.open(bundle), threads, rounds * RUNS_PER_ROUND)
