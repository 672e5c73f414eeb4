"""Time exact search against faiss on this machine, one thread, each engine in its own process.

    python studies/search_speed.py [--rows 1000000] [--dim 512] [-o FILE]

Rows are generated: ten of each person, around a direction of theirs. The engines take turns, and of
their times the least counts. faiss is no dependency: `pip install faiss-cpu` where it is measured.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from machine import machine_name
from record_output import write_or_print

QUERIES, TOP, ROUNDS = 20, 10, 3
PER_PERSON = 10


@click.command()
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--dim", default=512, show_default=True)
@click.option("--engine", hidden=True)
@click.option("--folder", hidden=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path))
def main(rows: int, dim: int, engine: str | None, folder: Path | None, out: Path | None) -> None:
    """Print, or write to OUT, milliseconds per query."""
    if engine is not None and folder is not None:
        print(json.dumps(_time(engine, folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        _generate(Path(name), rows, dim)
        found: dict[str, dict[str, Any]] = {}
        for _ in range(ROUNDS):
            for each in ENGINES:
                answer = _in_process(each, name)
                best = found.setdefault(each, answer)
                best["milliseconds"] = min(best["milliseconds"], answer["milliseconds"])
    record = {"machine": machine_name(), "rows": rows, "dim": dim, "top": TOP, "engines": found}
    write_or_print(record, out)


def _in_process(engine: str, folder: str) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--engine", engine, "--folder", folder]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def _generate(folder: Path, rows: int, dim: int) -> None:
    random = np.random.default_rng(0)
    vectors = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.float32, (rows, dim))
    queries = []
    for begin in range(0, rows, 10_000):
        people = random.normal(size=(10_000 // PER_PERSON, dim)).astype(np.float32)
        part = np.repeat(people, PER_PERSON, axis=0)
        part += 0.6 * random.normal(size=part.shape).astype(np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
        vectors[begin : begin + len(part)] = part[: rows - begin]
        queries.append(people[0] + 0.6 * random.normal(size=dim).astype(np.float32))
    vectors.flush()
    chosen = np.stack(queries[:QUERIES])
    chosen /= np.linalg.norm(chosen, axis=1, keepdims=True)
    np.save(folder / "queries.npy", chosen.astype(np.float32))


def _time(engine: str, folder: Path) -> dict[str, Any]:
    vectors = np.load(folder / "rows.npy", mmap_mode="r")
    queries = np.load(folder / "queries.npy")
    search = ENGINES[engine](vectors)
    found = [search(query) for query in queries]
    fastest = float("inf")
    for query in queries:
        start = time.perf_counter()
        search(query)
        fastest = min(fastest, time.perf_counter() - start)
    exact = [np.argsort(-(vectors @ query), kind="stable")[:TOP] for query in queries]
    shared = [len(set(f) & set(e)) / TOP for f, e in zip(found, exact, strict=True)]
    return {"milliseconds": 1000 * fastest, "recall": float(np.mean(shared))}


Search = Callable[[np.ndarray], list[int]]


def _ours_codes(vectors: np.ndarray) -> Search:
    from bireid_runtime.search import search_codes, sign_codes

    codes, dim = sign_codes(np.ascontiguousarray(vectors)), vectors.shape[1]
    return lambda query: search_codes(codes, sign_codes(query[None])[0], TOP, dim)[0].tolist()


def _ours_two_steps(vectors: np.ndarray) -> Search:
    from bireid_runtime.search import products, search_codes, sign_codes

    codes, dim = sign_codes(np.ascontiguousarray(vectors)), vectors.shape[1]

    def search(query: np.ndarray) -> list[int]:
        rows, _ = search_codes(codes, sign_codes(query[None])[0], 1000, dim)
        scores = products(np.ascontiguousarray(vectors[rows]), query)
        best: list[int] = rows[np.argsort(-scores, kind="stable")[:TOP]].tolist()
        return best

    return search


def _ours_vectors(vectors: np.ndarray) -> Search:
    from bireid_runtime.search import search_vectors

    return lambda query: search_vectors(vectors, query, TOP)[0].tolist()


def _faiss_binary(vectors: np.ndarray) -> Search:
    import faiss

    index = faiss.IndexBinaryFlat(vectors.shape[1])
    index.add(np.packbits(vectors >= 0, axis=1))
    return lambda query: index.search(np.packbits(query >= 0)[None], TOP)[1][0].tolist()


def _faiss_flat(vectors: np.ndarray) -> Search:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return lambda query: index.search(query[None], TOP)[1][0].tolist()


ENGINES: dict[str, Callable[[np.ndarray], Search]] = {
    "bireid, codes": _ours_codes,
    "faiss IndexBinaryFlat": _faiss_binary,
    "bireid, codes and 1000 products": _ours_two_steps,
    "bireid, all products": _ours_vectors,
    "faiss IndexFlatIP": _faiss_flat,
}


if __name__ == "__main__":
    main()
