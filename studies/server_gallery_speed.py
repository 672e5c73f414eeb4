"""Time galleries in PostgreSQL beside the same one in a file, and hold their answers against it.

    python studies/server_gallery_speed.py URL... [--rows 100000] [--dim 512] [-o FILE]

A URL is a database in which galleries may be made; one of a name of its own is made and dropped.
Without pgvector in a database its server scans all codes. Rows are generated: ten of each
person, around a direction of theirs. Times are of the wall, the least of three rounds.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import psycopg
from bireid_runtime.gallery import Gallery, GalleryStore
from machine import machine_name
from record_output import write_or_print

from bireid_deploy.gallery_server.location import read_location
from bireid_deploy.gallery_server.store import ServerGallery

QUERIES, TOP, ROUNDS = 20, 10, 3
PER_PERSON, PART = 10, 10_000
NAME, NETWORK = "speed", "sha256:" + "0" * 64


@click.command()
@click.argument("urls", nargs=-1, required=True)
@click.option("--rows", default=100_000, show_default=True)
@click.option("--dim", default=512, show_default=True)
@click.option("-o", "--out", type=click.Path(path_type=Path))
def main(urls: tuple[str, ...], rows: int, dim: int, out: Path | None) -> None:
    """Print, or write to OUT, milliseconds of each call."""
    people = _directions(rows // PER_PERSON, dim)
    found: dict[str, Any] = {"machine": machine_name(), "rows": rows, "dim": dim, "top": TOP}
    with (
        tempfile.TemporaryDirectory() as folder,
        Gallery.create(Path(folder) / "gallery", NETWORK, dim) as file,
    ):
        found["file"], wanted = _measure(file, people)
    found["servers"] = [_measure_server(url, people, wanted) for url in urls]
    write_or_print(found, out)


def _measure_server(url: str, people: np.ndarray, wanted: list[set[int]]) -> dict[str, Any]:
    """Of one server its versions, its times, and the share of the wanted entries that it finds."""
    location = f"{url}{'&' if '?' in url else '?'}gallery={NAME}"
    with ServerGallery.create(location, NETWORK, people.shape[1]) as server:
        times, answers = _measure(server, people)
    with psycopg.connect(read_location(location).url, autocommit=True) as database:
        row = database.execute(
            "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
        ).fetchone()
        database.execute(f"DROP SCHEMA bireid_{NAME} CASCADE".encode())
        version = database.info.server_version
    same = [len(one & two) for one, two in zip(wanted, answers, strict=True)]
    return {
        "postgresql": version,
        "pgvector": row and row[0],
        "times": times,
        "recall": sum(same) / (TOP * len(same)),
    }


def _measure(gallery: GalleryStore, people: np.ndarray) -> tuple[dict[str, float], list[set[int]]]:
    """Milliseconds by call, and the entries that each query finds."""
    times: dict[str, float] = {}
    random = np.random.default_rng(1)
    begin = time.perf_counter()
    for first in range(0, len(people), PART // PER_PERSON):
        part = people[first : first + PART // PER_PERSON]
        gallery.add(_rows(np.repeat(part, PER_PERSON, axis=0), random), camera="door")
    times["add_all"] = 1000 * (time.perf_counter() - begin)
    queries = _rows(people[:: len(people) // QUERIES][:QUERIES], np.random.default_rng(2))
    times["search"] = _least(lambda: gallery.search(queries, TOP)) / QUERIES
    times["search_exact"] = _least(lambda: gallery.search(queries[:2], TOP, exact=True)) / 2
    found = gallery.search(queries, TOP)
    times["add_one"] = _least(lambda: gallery.add(queries[:1], person="one"))
    begin = time.perf_counter()
    gallery.remove([1])
    times["remove_and_erase"] = 1000 * (time.perf_counter() - begin)
    return times, [{hit.entry for hit in hits} for hits in found]


def _least(call: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - begin))
    return min(times)


def _directions(count: int, dim: int) -> np.ndarray:
    # Of low rank, as embeddings are.
    basis = np.random.default_rng(0).normal(size=(64, dim))
    return np.random.default_rng(0).normal(size=(count, 64)) @ basis


def _rows(directions: np.ndarray, random: np.random.Generator) -> np.ndarray:
    rows = directions + 0.6 * np.std(directions) * random.normal(size=directions.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


if __name__ == "__main__":
    main()
