"""Seeing that all members are there and want the same, before TensorFlow waits without a word.

Each process listens on its own address and calls on every other one. Both sides say who they are
and what they are about to do, one line of JSON each. Who has met everyone tells the chief, and the
chief lets all go at once, or says why it leaves. Then the addresses are free again, for TensorFlow.
"""

import contextlib
import hashlib
import json
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from bireid_deploy.errors import ClusterError
from bireid_deploy.training.workers.members import Members, split_address

PATIENCE = 120.0
"""Seconds for which the first one waits for the last one, if nothing else is said."""

_LONGEST_LINE = 4096
# In JSON a character may take six bytes.
_LONGEST_REASON = 600
_CALL_SECONDS = 5.0
_PAUSE_SECONDS = 0.2
_READY, _GO = b"ready\n", b"go\n"


def meet(members: Members, agreement: Mapping[str, str], seconds: float) -> None:
    """Return when all members have met all others.

    Args:
        members: Who they are.
        agreement: What all must have alike, such as the hash of the recipe, by its name.
        seconds: How long to wait for them.

    Raises:
        ClusterError: One did not come in time, left, or differs in what all must have alike.
    """
    if members.count == 1:
        return
    deadline = time.monotonic() + seconds
    addresses = hashlib.sha256(" ".join(members.addresses).encode()).hexdigest()
    with contextlib.closing(_Door(members, {"list of workers": addresses, **agreement})) as door:
        calls: dict[int, socket.socket] = {}
        try:
            for rank in range(members.count):
                if rank != members.rank:
                    calls[rank] = _call(members, rank, door, deadline)
            door.wait_for_all(deadline)
            if members.is_chief:
                door.let_go(deadline)
            else:
                _be_let_go(members, calls[0], deadline)
        except ClusterError as error:
            if members.is_chief:
                door.say_why(str(error))
            raise
        finally:
            for each in calls.values():
                each.close()


class _Door:
    """Takes the calls of the others, in a thread of its own."""

    def __init__(self, members: Members, agreement: Mapping[str, str]) -> None:
        self._members, self._agreement = members, agreement
        self._visitors: dict[int, socket.socket] = {}
        self._changed = threading.Condition()
        self._problem: str | None = None
        self._is_closed = False
        address = members.addresses[members.rank]
        try:
            self._listener = _listen(split_address(address)[1], members.count)
        except OSError as error:
            raise ClusterError(
                f"{members.named(members.rank)} cannot listen at its own address: "
                f"{error.strerror}; give it another port"
            ) from error
        threading.Thread(target=self._serve, name="rendezvous", daemon=True).start()

    @property
    def hello(self) -> bytes:
        """What this process says of itself."""
        said = {"rank": self._members.rank, **self._agreement}
        return json.dumps(said, sort_keys=True).encode() + b"\n"

    def difference(self, rank: int, said: Mapping[str, Any]) -> str | None:
        """What another one has that this one has not; None if nothing."""
        named = self._members.named(rank)
        if said.get("rank") != rank:
            return f"{named} says that it is another worker; give each its own number"
        for name, value in self._agreement.items():
            if said.get(name) != value:
                return f"{named} has another {name}; give all the same"
        return None

    def require_no_problem(self) -> None:
        """See that nobody who called differs.

        Raises:
            ClusterError: Somebody does.
        """
        if self._problem:
            raise ClusterError(self._problem)

    def wait_for_all(self, deadline: float) -> None:
        """Until everyone has called.

        Raises:
            ClusterError: Somebody did not.
        """
        wanted = set(range(self._members.count)) - {self._members.rank}
        with self._changed:
            while not self._problem and (missing := wanted - self._visitors.keys()):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ClusterError(
                        f"{self._members.named(min(missing))} did not reach this one in time; see "
                        "that its port is open"
                    )
                self._changed.wait(left)
        self.require_no_problem()

    def let_go(self, deadline: float) -> None:
        """Of the chief: wait until all others have met, then tell all.

        Raises:
            ClusterError: One left, or was too slow.
        """
        for rank, visitor in sorted(self._visitors.items()):
            try:
                is_ready = _read_line(visitor, deadline) == _READY
            except OSError:
                is_ready = False
            if not is_ready:
                raise ClusterError(
                    f"{self._members.named(rank)} left before all had met; its own message says why"
                )
        for visitor in self._visitors.values():
            with contextlib.suppress(OSError):
                visitor.sendall(_GO)

    def say_why(self, reason: str) -> None:
        """Of the chief, which leaves: tell those who wait for it."""
        line = json.dumps({"why": reason[:_LONGEST_REASON]}).encode() + b"\n"
        for visitor in self._known().values():
            with contextlib.suppress(OSError):
                visitor.sendall(line)

    def close(self) -> None:
        """Free the address."""
        with self._changed:
            self._is_closed = True
        # Wakes the thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._known().values():
            each.close()

    def _known(self) -> dict[int, socket.socket]:
        with self._changed:
            return dict(self._visitors)

    def _serve(self) -> None:
        while True:
            try:
                visitor, _ = self._listener.accept()
            except OSError:
                return
            # One after the other: a line is short, and who says none is hung up on.
            try:
                self._take(visitor)
            except OSError:
                visitor.close()

    def _take(self, visitor: socket.socket) -> None:
        said = _parsed(_read_line(visitor, time.monotonic() + _CALL_SECONDS))
        rank = said.get("rank")
        # `true` is an int to Python; and nobody else has the rank of this one.
        own = rank == self._members.rank
        if type(rank) is not int or own or not 0 <= rank < self._members.count:
            visitor.close()
            return
        visitor.sendall(self.hello)
        with self._changed:
            if self._is_closed:
                visitor.close()
                return
            if rank in self._visitors:
                self._visitors[rank].close()
            self._visitors[rank] = visitor
            self._problem = self._problem or self.difference(rank, said)
            self._changed.notify_all()


def _call(members: Members, rank: int, door: _Door, deadline: float) -> socket.socket:
    """Call until one answers.

    Raises:
        ClusterError: It does not, or it differs.
    """
    why = "no answer"
    while (left := deadline - time.monotonic()) > 0:
        door.require_no_problem()
        try:
            call = socket.create_connection(
                split_address(members.addresses[rank]), min(left, _CALL_SECONDS)
            )
        except OSError as error:
            why = error.strerror or str(error)
        else:
            said = _greet(call, door.hello, deadline)
            if said and not door.difference(rank, said):
                return call
            call.close()
            if said:
                raise ClusterError(door.difference(rank, said) or "")
            why = "nothing of ours listens there"
        time.sleep(min(left, _PAUSE_SECONDS))
    raise ClusterError(f"{members.named(rank)} did not come in time: {why}")


def _greet(call: socket.socket, hello: bytes, deadline: float) -> dict[str, Any]:
    """What the other side says of itself; empty if that is nothing of ours."""
    try:
        call.sendall(hello)
        return _parsed(_read_line(call, min(deadline, time.monotonic() + _CALL_SECONDS)))
    except OSError:
        return {}


def _be_let_go(members: Members, chief: socket.socket, deadline: float) -> None:
    line = b""
    # It may have said why it leaves before it hears this.
    with contextlib.suppress(OSError):
        chief.sendall(_READY)
    with contextlib.suppress(OSError):
        line = _read_line(chief, deadline)
    if line == _GO:
        return
    why = _parsed(line).get("why")
    if isinstance(why, str) and why.isprintable():
        raise ClusterError(f"{members.named(0)} left: {why}")
    raise ClusterError(
        f"{members.named(0)} left before all had met, or waited for another in vain; its own "
        "message says why"
    )


def _listen(port: int, backlog: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("::", port), family=socket.AF_INET6, backlog=backlog, dualstack_ipv6=True
        )
    return socket.create_server(("", port), backlog=backlog)


def _read_line(connection: socket.socket, deadline: float) -> bytes:
    """A line of at most 4096 bytes; what came of it where the other side stops or is late."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        connection.settimeout(left)
        try:
            # By the byte: what follows a line belongs to whoever reads next.
            part = connection.recv(1)
        except TimeoutError:
            break
        if not part:
            break
        line += part
    return line


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
