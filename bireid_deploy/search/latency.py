"""What each candidate costs at each place: a table, measured in the native engine."""

import json
import math
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_models.backbones.cdnet_architecture import PLACES, Architecture, Choice
from bireid_models.config import NetworkConfig
from bireid_runtime.files import atomic_file, read_text

from bireid_deploy.errors import TrainingError

SCHEMA_VERSION = 1
RUNS = 3
_WARM_UP = 2
_PERCENT = 10
# What a table says of the network that it was measured for; widths and sizes decide the times.
_DECISIVE = (
    "precision", "binarization", "width", "input_height", "input_width", "downsample", "stem",
)  # fmt: skip


@dataclass(frozen=True)
class LatencyTable:
    """Latencies of single candidates, one item at a time.

    Attributes:
        network: The keys of the network that decide them.
        engine: Engine, version and instruction set.
        threads: Threads of one call.
        milliseconds: For each place, by choice.
    """

    network: Mapping[str, Any]
    engine: str
    threads: int
    milliseconds: tuple[Mapping[str, float], ...]

    def of(self, candidates: Sequence[Choice]) -> np.ndarray:
        """Milliseconds of candidates at all places, float64 (places, candidates).

        Raises:
            TrainingError: The table lacks one.
        """
        names = [str(choice) for choice in candidates]
        for number, place in enumerate(self.milliseconds, start=1):
            if missing := [name for name in names if name not in place]:
                raise TrainingError(
                    f"the table of latencies lacks {missing[0]} at place {number}; measure it "
                    "again with --measure-latency"
                )
        return np.array([[place[name] for name in names] for place in self.milliseconds])

    def shares(self, candidates: Sequence[Choice]) -> np.ndarray:
        """The same as shares of what an architecture of these candidates costs in the mean."""
        milliseconds = self.of(candidates)
        shares: np.ndarray = milliseconds / milliseconds.mean(axis=1).sum()
        return shares

    def total(self, architecture: Architecture) -> float:
        """Milliseconds of all places of an architecture, without stem and neck."""
        pairs = zip(architecture, self.milliseconds, strict=True)
        return sum(place[str(choice)] for choice, place in pairs)

    def require(self, config: NetworkConfig) -> None:
        """See that the table is of this network.

        Raises:
            TrainingError: It was measured for another one; the first difference is named.
        """
        for name in _DECISIVE:
            if self.network[name] != getattr(config, name):
                raise TrainingError(
                    f"the table of latencies is for network.{name}={self.network[name]!r}, the "
                    f"recipe has {getattr(config, name)!r}; measure it with --measure-latency"
                )

    def to_json(self) -> dict[str, Any]:
        """What a file of it holds."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    def save(self, path: Path) -> None:
        """Write it atomically."""
        with atomic_file(path) as file:
            file.write((json.dumps(self.to_json(), indent=1) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> "LatencyTable":
        """Read a table.

        Raises:
            TrainingError: The file is missing, damaged, or no such table.
        """
        try:
            fields = json.loads(read_text(path))
        except (OSError, ValueError, RecursionError) as error:
            raise TrainingError(f"{path}: no readable table of latencies: {error}") from error
        return cls.from_json(fields, str(path))

    @classmethod
    def from_json(cls, fields: Any, source: str) -> "LatencyTable":
        """Read what `to_json` gave.

        Args:
            fields: As parsed, untrusted.
            source: Where they come from, for messages.

        Raises:
            TrainingError: They are no such table.
        """
        if not _is_table(fields):
            raise TrainingError(
                f"{source}: no table of latencies of schema {SCHEMA_VERSION}; measure one with "
                "--measure-latency"
            )
        return cls(
            fields["network"], fields["engine"], fields["threads"], tuple(fields["milliseconds"])
        )


def measure_latencies(
    config: NetworkConfig,
    candidates: Sequence[Choice],
    threads: int = 1,
    rounds: int = 20,
    on_progress: Callable[[int, int], None] | None = None,
    quiet: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> LatencyTable:
    """Time every candidate at every place in the native engine, one item at a time.

    The engine holds all candidates of a place; rounds visit each in turn, so that a busy moment of
    the machine touches all alike. What counts is the lowest decile of its runs. Weights are fresh:
    they decide no time. A real-valued candidate is measured as the same engine runs it.

    Args:
        config: Network description; `architecture` and `head` are not read.
        candidates: What may stand at each place.
        threads: Threads of one call.
        rounds: Visits to every candidate, each of 3 runs.
        on_progress: Called with (candidates done, candidates in all).
        quiet: Wraps what the converter writes.

    Raises:
        UnsupportedModelError: The converter or the engine refuses a candidate.
    """
    from bireid_deploy.search.single_block import open_block, place_shapes

    report = on_progress or (lambda done, total: None)
    shapes = place_shapes(config)
    engine, found = "", []
    for number, (shape, filters) in enumerate(shapes):
        with tempfile.TemporaryDirectory() as folder:
            sessions = {}
            for choice in candidates:
                where = Path(folder) / str(choice)
                with quiet():
                    session = open_block(config, choice, shape, filters, where, threads)
                sessions[str(choice)] = session
                report(number * len(candidates) + len(sessions), PLACES * len(candidates))
            found.append(_timed(sessions, shape, rounds))
            engine = next(iter(sessions.values())).describe()
    network = {name: getattr(config, name) for name in _DECISIVE}
    machine = platform.processor() or platform.machine()
    return LatencyTable(network, f"{engine} ({machine})", threads, tuple(found))


def _timed(
    sessions: Mapping[str, Any], shape: tuple[int, int, int], rounds: int
) -> dict[str, float]:
    item = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    times: dict[str, list[float]] = {name: [] for name in sessions}
    for turn in range(rounds + _WARM_UP):
        for name, session in sessions.items():
            for _ in range(RUNS):
                with _clock() as elapsed:
                    session.run({"map": item})
                if turn >= _WARM_UP:
                    times[name].append(elapsed[0])
    return {name: float(np.percentile(found, _PERCENT)) for name, found in times.items()}


@contextmanager
def _clock() -> Iterator[list[float]]:
    elapsed: list[float] = []
    began = time.perf_counter()
    yield elapsed
    elapsed.append((time.perf_counter() - began) * 1e3)


def _is_table(fields: Any) -> bool:
    if not isinstance(fields, dict) or fields.get("schema_version") != SCHEMA_VERSION:
        return False
    network, places = fields.get("network"), fields.get("milliseconds")
    return (
        isinstance(network, dict)
        and set(_DECISIVE) == set(network)
        and isinstance(fields.get("engine"), str)
        and type(fields.get("threads")) is int
        and isinstance(places, list)
        and len(places) == PLACES
        and all(isinstance(place, dict) and all(map(_is_time, place.values())) for place in places)
    )


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value > 0
