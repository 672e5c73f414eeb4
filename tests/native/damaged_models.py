"""Runs damaged copies of a model in LiteRT with the delegate; a crash must be LiteRT's own.

The test runs some hundred copies; for more, `python tests/native/damaged_models.py --minutes 10`.
Of a crash that it prints, `valgrind` can tell in whose code it is: run `--child delegate SEED`.
"""

import argparse
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, load_delegate
from bireid_runtime import delegate_path
from flatbuffers import Table

ZOO = Path(__file__).parents[2] / "models" / "zoo"
MODEL = min(ZOO.glob("distilled_*/model.lce.tflite"))
RAN, REFUSED = "ran", "refused"
_EXIT = "exit status "
_CRASH = f"{_EXIT}-"
_SECONDS_PER_COPY = 60
# Damaged sizes ask for any amount of memory.
_BYTES_OF_MEMORY = 4 << 30
_OPTIONS: tuple[dict[str, str], ...] = (
    {},
    {"threads": "2"},
    {"fuse": "none"},
    {"isa": "scalar"},
    {"stem": "uint8", "pixel_mean": "0.5,0.5,0.5", "pixel_std": "0.5,0.5,0.5"},
)
# Places of fields in the tables of the schema.
_TENSOR_TYPE, _TENSOR_BUFFER, _OPERATOR_CODE = 6, 8, 4
_OPTION_VALUES = 24  # bytes of custom options that follow the names
_NUMBERS = (-1, 0, 1, 2, 3, 7, 32, 33, 255, 1000, 1 << 16, 1 << 28, (1 << 31) - 1, -(1 << 31))


class Damager:
    """Makes damaged copies of a model.

    LiteRT refuses most files with random bytes before a delegate sees them. Most damage is hence
    to the numbers in the description of the network (sizes, types, indices, options), which leaves
    a well-formed file; some is to any byte of the description, little to the weights.
    """

    def __init__(self, flatbuffer: bytes) -> None:
        self._flatbuffer = flatbuffer
        self._layout = FlatbufferLayout(flatbuffer)

    def copy(self, seed: int) -> bytes:
        """Return the damaged copy of that seed."""
        rng = np.random.default_rng(seed)
        damaged = bytearray(self._flatbuffer)
        if rng.random() < 0.02:
            return bytes(damaged[: rng.integers(len(damaged))])
        if rng.random() < 0.75:
            for _ in range(rng.integers(1, 3)):
                self._damage_number(damaged, rng)
        else:
            everywhere = rng.random() < 0.2
            places = range(len(damaged)) if everywhere else self._layout.description
            for _ in range(rng.integers(1, 3)):
                damaged[rng.choice(places)] = rng.integers(256)
        return bytes(damaged)

    def _damage_number(self, damaged: bytearray, rng: np.random.Generator) -> None:
        place, size = self._choose_number(rng)
        old = int.from_bytes(damaged[place : place + size], "little", signed=True)
        kind = rng.integers(3)
        if kind == 0:
            new = old + int(rng.integers(-3, 4))
        elif kind == 1:
            new = int(rng.choice(_NUMBERS))
        else:  # another number, such as the index of another tensor
            other, _ = self._choose_number(rng)
            new = int.from_bytes(damaged[other : other + size], "little")
        damaged[place : place + size] = (new % (1 << 8 * size)).to_bytes(size, "little")

    def _choose_number(self, rng: np.random.Generator) -> tuple[int, int]:
        kinds = list(self._layout.numbers.values())
        kind = kinds[rng.integers(len(kinds))]
        return kind[rng.integers(len(kind))]


class FlatbufferLayout:
    """Where a model keeps what.

    Attributes:
        description: Positions of all bytes that are no weights.
        numbers: By kind, position and size in bytes of the numbers that describe the network.
    """

    def __init__(self, flatbuffer: bytes) -> None:
        self._bytes = np.frombuffer(flatbuffer, np.uint8)
        model = schema.Model.GetRootAs(flatbuffer, 0)
        is_weight = np.zeros(len(flatbuffer), bool)
        for index in range(model.BuffersLength()):
            begin, size = self._span(model.Buffers(index).DataAsNumpy())
            is_weight[begin : begin + size] = True
        self.description = np.flatnonzero(~is_weight)
        graph = model.Subgraphs(0)
        numbers: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for index in range(graph.TensorsLength()):
            tensor = graph.Tensors(index)
            numbers["shapes"] += self._array(tensor.ShapeAsNumpy())
            numbers["types"] += _fields(tensor._tab, {_TENSOR_TYPE: 1})
            numbers["buffers"] += _fields(tensor._tab, {_TENSOR_BUFFER: 4})
        for index in range(graph.OperatorsLength()):
            node = graph.Operators(index)
            numbers["inputs"] += self._array(node.InputsAsNumpy())
            numbers["outputs"] += self._array(node.OutputsAsNumpy())
            numbers["codes"] += _fields(node._tab, {_OPERATOR_CODE: 4})
            numbers["custom options"] += self._array(node.CustomOptionsAsNumpy())[-_OPTION_VALUES:]
            if (options := node.BuiltinOptions()) is not None:
                numbers["options"] += _fields(options, dict.fromkeys(range(4, 20, 2), 1))
        numbers["outputs"] += self._array(graph.InputsAsNumpy())
        numbers["outputs"] += self._array(graph.OutputsAsNumpy())
        self.numbers = dict(numbers)

    def _span(self, view: np.ndarray | int) -> tuple[int, int]:
        if not isinstance(view, np.ndarray):  # the field is missing
            return 0, 0
        return view.ctypes.data - self._bytes.ctypes.data, view.nbytes

    def _array(self, view: np.ndarray | int) -> list[tuple[int, int]]:
        begin, size = self._span(view)
        width = view.itemsize if isinstance(view, np.ndarray) else 1
        return [(place, width) for place in range(begin, begin + size, width)]


def _fields(table: Table, sizes: dict[int, int]) -> list[tuple[int, int]]:
    return [
        (table.Pos + table.Offset(field), size)
        for field, size in sizes.items()
        if table.Offset(field)
    ]


@dataclass(frozen=True)
class Outcome:
    """What became of a copy: `RAN`, `REFUSED`, or how the process ended."""

    seed: int
    result: str

    @property
    def is_crash(self) -> bool:
        """Whether a signal ended the process; an exception, as for want of memory, is none."""
        return self.result.startswith(_CRASH)


def run_copies(seeds: Iterable[int], with_delegate: bool = True) -> Iterator[Outcome]:
    """Run the copies of some seeds in subprocesses: the one after a crash runs the rest.

    Copies by which LiteRT is known to damage its process come last: others would crash of that.
    """
    damager = Damager(MODEL.read_bytes())
    apart: tuple[list[int], list[int]] = ([], [])
    for seed in seeds:
        apart[_shares_outputs(damager.copy(seed))].append(seed)
    for left in apart:
        while left:
            for outcome in _run_until_crash(left, with_delegate):
                left.remove(outcome.seed)
                yield outcome


def crashes(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The crashes that are not LiteRT's: it survives the same copy without the delegate.

    Without the delegate it runs no operator at all, so a copy is also let off where LiteRT is known
    to write past a tensor in its own operators.
    """
    suspects = [outcome for outcome in outcomes if outcome.is_crash]
    seeds = [outcome.seed for outcome in suspects]
    own = {outcome.seed for outcome in run_copies(seeds, with_delegate=False) if outcome.is_crash}
    damager = Damager(MODEL.read_bytes())
    return [
        outcome
        for outcome in suspects
        if outcome.seed not in own and not _shares_outputs(damager.copy(outcome.seed))
    ]


def _shares_outputs(flatbuffer: bytes) -> bool:
    """Whether two operators of LiteRT's write one tensor, which then may be too small for one."""
    model = schema.Model.GetRootAs(flatbuffer, 0)
    written: list[int] = []
    try:
        graph = model.Subgraphs(0)
        for index in range(graph.OperatorsLength()):
            node = graph.Operators(index)
            if model.OperatorCodes(node.OpcodeIndex()).CustomCode() is None:
                written += [node.Outputs(i) for i in range(node.OutputsLength())]
    except (struct.error, TypeError, AttributeError):
        return False  # no reader gets to its end, and LiteRT refuses it
    return len(set(written)) < len(written)


def _run_until_crash(seeds: list[int], with_delegate: bool) -> Iterator[Outcome]:
    mode = "delegate" if with_delegate else "stock"
    command = [sys.executable, __file__, "--child", mode, *map(str, seeds)]
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        seed = seeds[0]
        with child:
            assert child.stdout is not None
            for line in child.stdout:
                number, _, result = line.strip().partition(" ")
                seed = int(number)
                if result:
                    yield Outcome(seed, result)
        if child.returncode != 0:
            said.seek(0)
            last = said.read().strip().rpartition("\n")[2]
            yield Outcome(seed, f"{_EXIT}{child.returncode}: {last}")


def _child(mode: str, seeds: Iterable[int]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES_OF_MEMORY, _BYTES_OF_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    damager = Damager(MODEL.read_bytes())
    for seed in seeds:
        print(seed, flush=True)
        signal.alarm(_SECONDS_PER_COPY)
        print(seed, _run(damager.copy(seed), seed, mode == "delegate"), flush=True)


def _run(flatbuffer: bytes, seed: int, with_delegate: bool) -> str:
    try:
        delegates = []
        if with_delegate:
            delegates = [load_delegate(delegate_path(), _OPTIONS[seed % len(_OPTIONS)])]
        interpreter = Interpreter(model_content=flatbuffer, experimental_delegates=delegates)
        interpreter.allocate_tensors()
        for tensor in interpreter.get_input_details():
            interpreter.set_tensor(tensor["index"], np.zeros(tensor["shape"], tensor["dtype"]))
        interpreter.invoke()
    except (ValueError, RuntimeError, MemoryError, TypeError):
        return REFUSED
    return RAN


def main() -> int:
    """Run copies for some minutes, or as a child process those that the parent asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--first-seed", type=int, default=10_000)
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _child(arguments.child[0], map(int, arguments.child[1:]))
        return 0
    end = time.monotonic() + 60 * arguments.minutes
    seeds = count(arguments.first_seed)
    results: Counter[str] = Counter()
    found = []
    while time.monotonic() < end:
        outcomes = list(run_copies(islice(seeds, 500)))
        results.update(outcome.result for outcome in outcomes)
        found += crashes(outcomes)
    print(dict(results))
    for crash in found:
        print(f"seed {crash.seed}: {crash.result}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
