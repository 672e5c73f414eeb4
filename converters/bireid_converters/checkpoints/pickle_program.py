"""What a pickle says, read without running it.

A pickle is a program that builds objects, and may call anything. This reader executes no call: it
follows the program with plain values (numbers, text, lists, dictionaries), rebuilds tensors by
itself, and puts an inert `Foreign` in place of every other object.
"""

import io
import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, cast

from bireid_converters.errors import CheckpointError

MAX_BYTES = 64 * 2**20
# A ResNet-50 with the state of its optimiser has 20,000.
MAX_OPERATIONS = 1_000_000
_MAX_NAME = 512

_FAILURES = (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError, EOFError)
_MARK = object()


@dataclass(frozen=True)
class Global:
    """The name of a class or function, `module.name`; nothing is looked up."""

    name: str


@dataclass(eq=False)
class Foreign:
    """An object of a class that the reader does not know, with all that the file says of it.

    Attributes:
        name: Its class or the function that makes it.
        state: What was given to restore it, or None.
        items: What was put into it by key.
    """

    name: str
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)


Rebuild = Callable[[tuple[Any, ...]], Any]
Persistent = Callable[[Any], Any]


class BoundedStream(io.RawIOBase):
    """A file of which no more than a number of bytes can be read."""

    def __init__(self, file: Any, limit: int = MAX_BYTES) -> None:
        self._file = file
        self._left = limit

    def read(self, size: int = -1) -> bytes:
        """As a file's; raises CheckpointError behind the limit."""
        if size < 0 or size > self._left:
            raise CheckpointError("the pickle in the file is too long; the file is hostile")
        data: bytes = self._file.read(size)
        self._left -= len(data)
        return data

    def readline(self, size: int | None = -1) -> bytes:
        """As a file's, of at most 1 MiB."""
        return self._count(self._file.readline(min(self._left + 1, 2**20)))

    def tell(self) -> int:
        """Where the file stands."""
        return int(self._file.tell())

    def _count(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise CheckpointError("the pickle in the file is too long; the file is hostile")
        return data


def read_pickle(stream: BoundedStream, persistent: Persistent, rebuilds: dict[str, Rebuild]) -> Any:
    """Follow one pickle up to its end; the stream then stands behind it.

    Args:
        stream: The bytes, untrusted.
        persistent: Called with a persistent id (a tensor's storage); returns what it stands for.
        rebuilds: By the name of a function: makes its result from the arguments.

    Returns:
        What it builds: None, numbers, text, bytes, lists, tuples, dicts, what `persistent` and
        `rebuilds` return, `Global` and `Foreign`.

    Raises:
        CheckpointError: Damaged, too long, or of an operation that a checkpoint has no use for.
    """
    machine = _Machine(persistent, rebuilds)
    try:
        for number, (operation, argument, _) in enumerate(_operations(stream)):
            if number >= MAX_OPERATIONS:
                raise CheckpointError(
                    f"the pickle has more than {MAX_OPERATIONS} operations; the file is hostile"
                )
            machine.step(operation.name, argument)
    except _FAILURES as error:
        raise CheckpointError(f"damaged or hostile pickle: {error or type(error)}") from error
    return machine.result()


def _operations(stream: BoundedStream) -> Iterator[tuple[Any, Any, int | None]]:
    return pickletools.genops(cast(IO[bytes], stream))


class _Machine:
    """The stack and memo of a pickle."""

    def __init__(self, persistent: Persistent, rebuilds: dict[str, Rebuild]) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._persistent = persistent
        self._rebuilds = rebuilds

    def result(self) -> Any:
        if len(self._stack) != 1:
            raise CheckpointError("damaged or hostile pickle: its stack is not empty at the end")
        return self._stack[0]

    def step(self, name: str, argument: Any) -> None:
        if name in _IGNORED:
            return
        if name in _ARGUMENT_VALUES:
            self._stack.append(argument)
        elif name in _MADE:
            self._stack.append(_MADE[name]())
        elif name in _HANDLERS:
            _HANDLERS[name](self, argument)
        else:
            raise CheckpointError(f"the pickle uses {name}, which no checkpoint needs")

    def pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise CheckpointError("damaged or hostile pickle: a mark where a value must be")
        return value

    def top(self) -> Any:
        value = self.pop()
        self._stack.append(value)
        return value

    def since_mark(self) -> list[Any]:
        for place in range(len(self._stack) - 1, -1, -1):
            if self._stack[place] is _MARK:
                values = self._stack[place + 1 :]
                del self._stack[place:]
                return values
        raise CheckpointError("damaged or hostile pickle: a mark is missing")

    def tuple_of(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self._stack.append(tuple(reversed(values)))

    def put(self, place: Any) -> None:
        self._memo[len(self._memo) if place is None else place] = self.top()

    def get(self, place: Any) -> None:
        self._stack.append(self._memo[place])

    def name_from_stack(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        if not all(isinstance(each, str) and len(each) <= _MAX_NAME for each in (module, name)):
            raise CheckpointError("damaged or hostile pickle: a class without a sensible name")
        self._stack.append(Global(f"{module}.{name}"))

    def append(self, values: list[Any]) -> None:
        target = self.top()
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Foreign):
            raise CheckpointError("damaged or hostile pickle: an append to what is no list")

    def set_items(self, flat: list[Any]) -> None:
        target = self.top()
        items = target.items if isinstance(target, Foreign) else target
        if not isinstance(items, dict) or len(flat) % 2:
            raise CheckpointError("damaged or hostile pickle: items for what is no dictionary")
        added = _pairs(flat)
        if not items.keys().isdisjoint(added):
            raise CheckpointError("damaged or hostile pickle: a key occurs twice")
        items.update(added)

    def make_dict(self, _: Any) -> None:
        flat = self.since_mark()
        self._stack.append(_pairs(flat))

    def call(self, arguments: Any, function: Any) -> None:
        """What a call would give: by our own rebuilding, or an object that stands for it."""
        name = function.name if isinstance(function, Global | Foreign) else type(function).__name__
        rebuild = self._rebuilds.get(name) if isinstance(function, Global) else None
        if rebuild is None or not isinstance(arguments, tuple):
            self._stack.append(Foreign(name))
        else:
            self._stack.append(rebuild(arguments))

    def build(self, _: Any) -> None:
        state, target = self.pop(), self.top()
        if isinstance(target, Foreign):
            target.state = state

    def reduce(self, _: Any) -> None:
        arguments = self.pop()
        self.call(arguments, self.pop())

    def new_with_keywords(self, _: Any) -> None:
        self.pop()
        self.reduce(None)

    def new_from_mark(self, argument: Any) -> None:
        """INST names its class, OBJ has it behind the mark."""
        values = self.since_mark()
        function = values.pop(0) if argument is None else Global(argument.replace(" ", ".", 1))
        self.call(tuple(values), function)

    def persistent(self, argument: Any) -> None:
        self._stack.append(self._persistent(self.pop() if argument is None else argument))


def _pairs(flat: list[Any]) -> dict[Any, Any]:
    """Keys and values in turn; a key that is no plain value cannot name anything here."""
    pairs = [
        (key, value)
        for key, value in zip(flat[::2], flat[1::2], strict=True)
        if _names_something(key)
    ]
    values = dict(pairs)
    if len(values) != len(pairs):
        raise CheckpointError("damaged or hostile pickle: a key occurs twice")
    return values


def _names_something(key: object) -> bool:
    # The hash of a deeply nested tuple would overflow the stack of the process, that of an integer
    # of millions of digits takes as long again for every use.
    return (
        key is None
        or isinstance(key, str | float | bytes)
        or (isinstance(key, int) and key.bit_length() <= 64)
    )


_IGNORED = {"PROTO", "FRAME", "STOP"}
_ARGUMENT_VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE"),
    *("BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_MADE: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    # Sets hold hashes of hyper-parameters at most; a list tells as much.
    "EMPTY_SET": list,
    "MARK": lambda: _MARK,
}
_HANDLERS: dict[str, Callable[[_Machine, Any], Any]] = {
    "POP": lambda machine, _: machine._stack.pop(),
    "POP_MARK": lambda machine, _: machine.since_mark(),
    "DUP": lambda machine, _: machine._stack.append(machine.top()),
    "LIST": lambda machine, _: machine._stack.append(machine.since_mark()),
    "FROZENSET": lambda machine, _: machine._stack.append(machine.since_mark()),
    "TUPLE": lambda machine, _: machine._stack.append(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "DICT": _Machine.make_dict,
    "APPEND": lambda machine, _: machine.append([machine.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.since_mark()),
    "ADDITEMS": lambda machine, _: machine.append(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.set_items([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.since_mark()),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.put),
    "GLOBAL": lambda machine, name: machine._stack.append(Global(name.replace(" ", ".", 1))),
    "STACK_GLOBAL": _Machine.name_from_stack,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.reduce,
    "NEWOBJ_EX": _Machine.new_with_keywords,
    "BUILD": _Machine.build,
    "INST": _Machine.new_from_mark,
    "OBJ": _Machine.new_from_mark,
    "PERSID": _Machine.persistent,
    "BINPERSID": _Machine.persistent,
}
