"""Ask `bireid-deploy serve` with many clients at once; every answer is checked, none may be lost.

    python studies/serve_load.py BUNDLE [--clients 200] [--requests 20] [--entries 20000] [-o FILE]

Each client is a connection that stays open, and asks as fast as it is answered: it enrols a
rendered person of its own, then searches for that person by another picture. The gallery has
ENTRIES embeddings of nobody beside. Clients and service share the machine. Times are of the wall,
from the first byte of a request to the last one of its answer, with the wait behind all others.
"""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from bireid_runtime import Bundle, Extractor
from bireid_runtime.gallery import Gallery
from machine import machine_name
from record_output import write_or_print

from bireid_deploy.data.synthetic.renderer import Renderer

_CAMERAS = 2
_SIZE = (128, 64)


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--clients", default=200, show_default=True)
@click.option("--requests", default=20, show_default=True, help="Searches of each.")
@click.option("--entries", default=20_000, show_default=True)
@click.option("-o", "--out", type=click.Path(path_type=Path))
def main(bundle: Path, clients: int, requests: int, entries: int, out: Path | None) -> None:
    """Print, or write to OUT, milliseconds and what was lost; exit code 1 if anything was."""
    pictures = _render(clients)
    with tempfile.TemporaryDirectory() as folder:
        location = Path(folder) / "load.gallery"
        _fill(location, bundle, entries)
        load = os.getloadavg()[0]
        process, address = _serve(location, bundle)
        try:
            found = asyncio.run(_ask_all(address, pictures, requests))
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait()
        with Gallery.open(location) as gallery:
            enrolled = {person.label: person.entries for person in gallery.people()}
    missing = [name for name in map(_name, range(clients)) if enrolled.get(name) != 1]
    record = {
        "machine": machine_name(),
        "cores": os.cpu_count(),
        "load_before": load,
        "clients": clients,
        "entries": entries,
        **found,
        "not_enrolled": len(missing),
        "exit_code": code,
    }
    write_or_print(record, out)
    sys.exit(bool(missing or code or found["lost"]))


def _name(client: int) -> str:
    return f"person of client {client}"


def _render(people: int) -> list[list[bytes]]:
    """Of each person a JPEG under each camera."""
    renderer = Renderer(7, _CAMERAS, _SIZE)

    def jpeg(person: int, camera: int) -> bytes:
        buffer = io.BytesIO()
        renderer.render(person, camera, 0).save(buffer, "JPEG", quality=90)
        return buffer.getvalue()

    return [[jpeg(person, camera) for camera in range(_CAMERAS)] for person in range(people)]


def _fill(location: Path, bundle: Path, entries: int) -> None:
    opened = Bundle.open(bundle)
    dim = Extractor.open(opened).embedding_dim
    rows = np.random.default_rng(0).normal(size=(entries, dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with Gallery.create(location, opened.fingerprint, dim) as gallery:
        gallery.add(rows.astype(np.float32), camera="elsewhere")


def _serve(location: Path, bundle: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "bireid_deploy", "serve", str(location), "--reid", str(bundle)]
    process = subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    return process, process.stderr.readline().split()[-1]


async def _ask_all(address: str, pictures: list[list[bytes]], requests: int) -> dict[str, Any]:
    """Let all clients ask; counts, and percentiles of milliseconds by kind of request."""
    times: dict[str, list[float]] = {"enrol": [], "search": []}
    statuses: Counter[int] = Counter()
    first = 0
    began = time.perf_counter()

    async def client(number: int) -> None:
        nonlocal first
        connection = await _Connection.open(address)
        enrolled, sought = pictures[number]
        name = _name(number).replace(" ", "%20")

        async def timed(kind: str, path: str, body: bytes) -> Any:
            begin = time.perf_counter()
            status, answer = await connection.post(path, body)
            times[kind].append(1000 * (time.perf_counter() - begin))
            statuses[status] += 1
            return answer if status in (200, 201) else None

        await timed("enrol", f"/v1/entries?person={name}&camera=door", enrolled)
        for _ in range(requests):
            answer = await timed("search", "/v1/search?top=1", sought)
            first += answer is not None and answer["hits"][0]["label"] == _name(number)
        await connection.close()

    await _all(client, len(pictures))
    seconds = time.perf_counter() - began
    asked = len(pictures) * (requests + 1)
    answered = statuses[200] + statuses[201]
    return {
        "asked": asked,
        "lost": asked - answered,
        "statuses": dict(sorted(statuses.items())),
        "found_first": first,
        "seconds": round(seconds, 2),
        "requests_per_second": round(asked / seconds, 1),
        **{f"{kind}_ms": _percentiles(each) for kind, each in times.items()},
    }


async def _all(client: Callable[[int], Awaitable[None]], count: int) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(client(number))


def _percentiles(times: list[float]) -> dict[str, float]:
    found = np.percentile(times, (50, 99, 100))
    return dict(zip(("p50", "p99", "max"), np.round(found, 1).tolist(), strict=True))


class _Connection:
    """HTTP/1.1 over one connection: just what this needs, so that the clients cost little."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str):
        self._reader, self._writer, self._host = reader, writer, host

    @classmethod
    async def open(cls, address: str) -> "_Connection":
        host = address.removeprefix("http://")
        name, _, port = host.partition(":")
        return cls(*await asyncio.open_connection(name, int(port)), host)

    async def post(self, path: str, body: bytes) -> tuple[int, Any]:
        head = f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        await self._writer.drain()
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        lines = answer.split("\r\n")
        length = next(line.split(":")[1] for line in lines if line.startswith("content-length:"))
        return int(lines[0].split()[1]), json.loads(await self._reader.readexactly(int(length)))

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


if __name__ == "__main__":
    main()
