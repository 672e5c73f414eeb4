"""A TCP proxy that counts, and that a test can cut like a cable."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress


class CuttableProxy:
    """Passes connections on to a port of this machine.

    Attributes:
        port: Where it listens on 127.0.0.1.
        connections: How many it has taken.
        ended: Set when a connection has come to its end.
    """

    def __init__(self, to_port: int) -> None:
        """Start to listen."""
        self.connections = 0
        self.ended = threading.Event()
        self._to_port = to_port
        self._bytes_left: int | None = None
        self._arrived: Callable[[], bool] = lambda: True
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        self._carriers: list[threading.Thread] = []

    def cut(self) -> None:
        """Break the connections that exist."""
        for end in self._sockets:
            hang_up(end)

    def cut_after(self, sent: int, arrived: Callable[[], bool] = lambda: True) -> None:
        """Break the connections once so many more bytes went to the server and have arrived.

        Whether they have is asked for a minute at most.
        """
        self._arrived = arrived
        self._bytes_left = sent

    def stop(self) -> None:
        """Break all, and take no more."""
        hang_up(self._listener)
        self._acceptor.join()
        self.cut()
        for carrier in self._carriers:
            carrier.join()
        for end in self._sockets:
            end.close()

    def _accept(self) -> None:
        with self._listener:
            while True:
                try:
                    client, _ = self._listener.accept()
                except OSError:  # stopped
                    return
                self.connections += 1
                server = socket.create_connection(("127.0.0.1", self._to_port))
                self._sockets += [client, server]
                for carry, ends in (
                    (self._pass_on, (client, server)),
                    (self._pass_back, (server, client)),
                ):
                    self._carriers.append(threading.Thread(target=carry, args=ends, daemon=True))
                    self._carriers[-1].start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if self._bytes_left is not None:
                    data = data[: self._bytes_left]
                    self._bytes_left -= len(data)
                server.sendall(data)
                if self._bytes_left == 0:
                    deadline = time.monotonic() + 60
                    while not self._arrived() and time.monotonic() < deadline:
                        time.sleep(0.01)
                    self.cut()
        hang_up(server)
        self.ended.set()

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                client.sendall(data)
        hang_up(client)


def hang_up(end: socket.socket) -> None:
    """End a connection that a thread may be reading from: closing would leave it there."""
    with suppress(OSError):  # it has ended already
        end.shutdown(socket.SHUT_RDWR)
