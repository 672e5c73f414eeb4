"""`python -m bireid_runtime`: test and time a bundle where it runs.

The answers and the exit codes are those of the program `bireid-embed`.
"""

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Callable, Sequence

from bireid_runtime.backends import BACKENDS, MAX_THREADS
from bireid_runtime.bench import BenchResult, bench
from bireid_runtime.errors import (
    BackendUnavailableError,
    BireidError,
    IntegrityError,
    SelfTestError,
    UnsupportedModelError,
)
from bireid_runtime.self_test import SelfTestReport, open_any_camera, require, self_test
from bireid_runtime.terminal import one_line, wrapped

_PROGRAM = "bireid_runtime"
_MAX_RUNS = 1_000_000

_VERBS = ("selftest", "bench")

_OK, _USAGE, _INTERRUPTED = 0, 2, 130
_EXIT_CODES: tuple[tuple[type[BireidError], int], ...] = (
    (IntegrityError, 3),
    (SelfTestError, 3),
    (BackendUnavailableError, 4),
    (UnsupportedModelError, 6),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        arguments: Those after the program's name; None for the process's own.

    Returns:
        The exit code: 0 ok, 2 usage, 3 a check failed, 4 optional package missing, 6 unsupported,
        130 interrupted.

    Raises:
        SystemExit: The command line itself is wrong (code 2), or asks for help.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and not given[0].startswith("-") and given[0] not in _VERBS:
        print(wrapped(one_line(_no_verb(given[0])), sys.stderr), file=sys.stderr)
        return _USAGE
    options = _parser().parse_args(given)
    try:
        options.run(options)
    except BireidError as error:
        print(wrapped(one_line(f"{_PROGRAM}: {error}"), sys.stderr), file=sys.stderr)
        return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), _USAGE)
    except KeyboardInterrupt:
        print(f"{_PROGRAM}: interrupted", file=sys.stderr)
        return _INTERRUPTED
    return _OK


def _no_verb(word: str) -> str:
    """What to do about a verb of the other program, or of none."""
    return (
        f"{_PROGRAM}: no verb {word!r}: bireid-runtime alone has {' and '.join(_VERBS)}, and its "
        "classes for Python; embed, gallery, watch, who and the others are verbs of bireid-deploy: "
        "pip install bireid-deploy"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="Test and time a bundle on this machine. All other verbs (embed, gallery, "
        "watch, who and so on) are those of bireid-deploy: pip install bireid-deploy.",
        epilog="Exit codes: 0 ok, 1 bug, 2 usage, 3 a check failed, 4 optional package missing, "
        "6 unsupported, 130 interrupted.",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    test = verbs.add_parser("selftest", help="run the bundle's own inputs and compare")
    test.set_defaults(run=_run_self_test)
    timing = verbs.add_parser("bench", help="time the network on an image of 128x256 pixels")
    timing.set_defaults(run=_run_bench)
    timing.add_argument(
        "--runs", type=_whole_number(_MAX_RUNS), default=100, help="timed runs (default 100)"
    )
    timing.add_argument(
        "--threads",
        type=_whole_number(MAX_THREADS),
        default=1,
        help="threads of one run (default 1)",
    )
    for verb in (test, timing):
        verb.add_argument("bundle", metavar="BUNDLE", help="folder of the bundle")
        verb.add_argument(
            "--backend",
            choices=("auto", *(backend.name for backend in BACKENDS)),
            default="auto",
            help="engine (default: the first that can open the bundle)",
        )
        verb.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _whole_number(most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"must be a number from 1 to {most}, not {text!r}")
        return int(text)

    return parse


def _run_self_test(options: argparse.Namespace) -> None:
    report = self_test(open_any_camera(options.bundle, options.backend))
    if options.json:
        # Of an output that is not finite, so is the difference, which JSON has no number for.
        difference = report.max_difference if math.isfinite(report.max_difference) else None
        found = {"max_difference": difference, "min_cosine": report.min_cosine}
        print(json.dumps({"engine": report.engine, "passed": report.passed, **found}))
    else:
        print(_self_test_text(report))
    require(report)


def _self_test_text(report: SelfTestReport) -> str:
    cosine = "" if report.min_cosine is None else f", min cosine {report.min_cosine:.6f}"
    return (
        f"{report.engine}: self-test {'passed' if report.passed else 'failed'}, "
        f"max difference {report.max_difference:.3g}{cosine}"
    )


def _run_bench(options: argparse.Namespace) -> None:
    result = bench(options.bundle, options.backend, options.threads, options.runs)
    print(json.dumps(dataclasses.asdict(result)) if options.json else _bench_text(result))


def _bench_text(result: BenchResult) -> str:
    peak = result.peak_rss_bytes
    subject = f"image of {result.width}x{result.height} pixels" if result.width else "random input"
    memory = "unknown" if peak is None else f"{peak / 1e6:.1f} MB"
    return (
        f"{result.engine}, {result.threads} thread(s), {result.runs} runs, "
        f"{subject}\n"
        f"median {result.median_ms:.3f} ms (p10 {result.p10_ms:.3f}, p90 {result.p90_ms:.3f}), "
        f"load {result.load_ms:.1f} ms, first {result.first_ms:.3f} ms, "
        f"peak memory {memory}"
    )
