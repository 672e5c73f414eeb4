"""Self-test and bench of a version on a device, by what runs bundles there."""

import json
import math
from dataclasses import dataclass
from typing import Any

from bireid_runtime.errors import SelfTestError

from bireid_deploy.devices.link import Completed, Link
from bireid_deploy.devices.payload import PROGRAM
from bireid_deploy.errors import DeviceCheckError

PYTHON = "bireid_runtime"
RUNNERS = (PYTHON, PROGRAM)

_SECONDS = 900
_SELF_TEST_FAILED = 3
_PRESENT = """
[ ! -e "$1/venv" ] || echo bireid_runtime
[ ! -e "$1/bireid-embed" ] || echo bireid-embed
"""
_SELF_TEST_KEYS: dict[str, Any] = {
    "engine": str,
    "max_difference": float,
    "min_cosine": float | None,
}
_BENCH_KEYS: dict[str, Any] = {
    "engine": str,
    "threads": int,
    "runs": int,
    "load_ms": float,
    "first_ms": float,
    "median_ms": float,
    "p10_ms": float,
    "p90_ms": float,
    "peak_rss_bytes": int | None,
}


@dataclass(frozen=True)
class SelfTest:
    """The golden self-test passed on the device.

    Attributes:
        runner: `bireid_runtime` (Python) or `bireid-embed` (the program).
        engine: What computed, and with which kernels.
        max_difference: Largest difference of a number from the golden outputs.
        min_cosine: Smallest cosine between an embedding and its golden one; None of a network
            without embeddings.
    """

    runner: str
    engine: str
    max_difference: float
    min_cosine: float | None


@dataclass(frozen=True)
class Bench:
    """Times and memory on the device, batch 1.

    Attributes:
        runner: `bireid_runtime` (Python) or `bireid-embed` (the program).
        engine: What computed, and with which kernels.
        threads: Threads.
        runs: Embeddings that were timed.
        load_ms: Opening the bundle, milliseconds.
        first_ms: The first embedding.
        median_ms: Median of an embedding.
        p10_ms: 10th percentile.
        p90_ms: 90th percentile.
        peak_rss_bytes: Most memory that the process held; None where the device does not tell.
    """

    runner: str
    engine: str
    threads: int
    runs: int
    load_ms: float
    first_ms: float
    median_ms: float
    p10_ms: float
    p90_ms: float
    peak_rss_bytes: int | None


def runners_of(link: Link, path: str) -> list[str]:
    """What can run a version: some of `RUNNERS`.

    Args:
        link: The device.
        path: Absolute path of the version there.
    """
    present = link.run(_PRESENT, path, timeout=_SECONDS).stdout.split()
    return [runner for runner in RUNNERS if runner in present]


def self_test(link: Link, path: str, runner: str) -> SelfTest:
    """Run the golden inputs on the device and compare.

    Args:
        link: The device.
        path: Absolute path of a version there.
        runner: One of `RUNNERS`.

    Raises:
        SelfTestError: The device computes something else.
        DeviceCheckError: The runner does not run there, or its answer makes no sense.
    """
    bundle = f"{path}/bundle"
    if runner == PYTHON:
        command = [*_python(path), "selftest", bundle, "--json"]
    else:
        command = [f"{path}/{PROGRAM}", bundle, "--selftest", "--json"]
    done = link.run('"$@"', *command, timeout=_SECONDS)
    if done.code == _SELF_TEST_FAILED:
        raise SelfTestError(
            f"{link.name}: the self-test of {runner} failed, nothing was switched: "
            f"{done.last_line()}"
        )
    return SelfTest(runner=runner, **_answer(link, done, runner, _SELF_TEST_KEYS))


def bench(link: Link, path: str, runner: str, threads: int, runs: int) -> Bench:
    """Time a version on the device.

    Args:
        link: The device.
        path: Absolute path of a version there.
        runner: One of `RUNNERS`.
        threads: Threads to use, at least 1.
        runs: Embeddings to time, at least 1.

    Raises:
        DeviceCheckError: The runner does not run there, or its answer makes no sense.
    """
    bundle = f"{path}/bundle"
    if runner == PYTHON:
        command = [*_python(path), "bench", bundle, "--runs", str(runs)]
    else:
        command = [f"{path}/{PROGRAM}", bundle, "--bench", str(runs)]
    done = link.run('"$@"', *command, "--threads", str(threads), "--json", timeout=_SECONDS)
    return Bench(runner=runner, **_answer(link, done, runner, _BENCH_KEYS))


def _python(path: str) -> list[str]:
    # -I: no file of the folder that the login starts in can stand in for a module.
    return [f"{path}/venv/bin/python", "-I", "-m", "bireid_runtime"]


def _answer(link: Link, done: Completed, runner: str, keys: dict[str, Any]) -> dict[str, Any]:
    """The values of `keys` in the JSON that a runner printed, each of the type stated."""
    if done.code != 0:
        raise DeviceCheckError(
            f"{link.name}: {runner} does not run (exit status {done.code}): {done.last_line()}"
        )
    try:
        answer = json.loads(done.stdout)
        return {key: _value(answer[key], kind) for key, kind in keys.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise DeviceCheckError(
            f"{link.name}: {runner} there gave no answer that this version understands "
            f"({error!r}); make its wheel and program again and flash again"
        ) from error


def _value(value: Any, kind: Any) -> Any:
    if kind == float | None and value is None:
        return None
    if kind in (float, float | None):
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"{value!r} is not finite")
        return number
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not of {kind}")
    # A terminal obeys control characters, wherever they come from.
    if isinstance(value, str) and not value.isprintable():
        raise ValueError(f"{value!r} is not plain text")
    return value
