"""The parts of docs/results.md about searching, galleries, the service and shards."""

from collections.abc import Mapping
from typing import Any

from markdown_table import markdown_table

Record = Mapping[str, Any]

_SERVER_CALLS = {
    "search": "search, a query",
    "search_exact": "`--exact`, a query",
    "add_one": "add one person",
    "add_all": "add all, 10,000 at a time",
    "remove_and_erase": "remove one, and erase",
}


def search(record: Record) -> str:
    """Exact search of the engine beside faiss."""
    rows = [
        (name, f"{engine['milliseconds']:.1f}", f"{engine['recall']:.3f}")
        for name, engine in record["engines"].items()
    ]
    return (
        "## Searching a gallery\n\n"
        f"{record['rows']:,} embeddings of {record['dim']} numbers, the {record['top']} nearest, "
        f"one thread, each engine in its own process, in turns, on {record['machine']}; the least "
        "of three times. Recall: codes against the nearest codes, the others against the nearest "
        "embeddings "
        "([gallery.md](gallery.md#how-it-searches)).\n\n"
        + markdown_table(("search", "ms a query", "recall"), rows)
    )


def servers(record: Record) -> str:
    """Galleries in PostgreSQL, without and with pgvector, beside the same in a file."""
    file, found = record["file"], record["servers"]
    kinds = [
        f"pgvector {each['pgvector']}" if each["pgvector"] else "no extension" for each in found
    ]
    versions = [each["postgresql"] // 10000 for each in found]
    columns = [f"PostgreSQL {one}, {two}" for one, two in zip(versions, kinds, strict=True)]
    rows = [
        (said, _time(file[call]), *(_time(each["times"][call]) for each in found))
        for call, said in _SERVER_CALLS.items()
    ]
    rows.append(("recall of the file's ten", "1.00", *(f"{each['recall']:.2f}" for each in found)))
    return (
        "## A gallery in a file and in PostgreSQL\n\n"
        f"{record['rows']:,} embeddings of {record['dim']} numbers, server and client on one "
        f"machine, {record['machine']}, `fsync` off; the least of three times "
        "([gallery.md](gallery.md#many-machines-one-gallery)).\n\n"
        + markdown_table(("call", "file", *columns), rows)
    )


def service(record: Record) -> str:
    """Many clients of `serve` at once."""
    rows = [
        (said, *(f"{record[times][name]:,.0f}" for name in ("p50", "p99", "max")))
        for said, times in (("search", "search_ms"), ("enrolment", "enrol_ms"))
    ]
    return (
        "## The service under load\n\n"
        f"{record['clients']} clients at once beside {record['entries']:,} entries, each as fast "
        f"as it is answered, clients and service on {record['cores']} cores of "
        f"{record['machine']}: {record['asked']:,} requests, {record['lost']} lost or refused, "
        f"{record['requests_per_second']:.0f} a second. Most of the time is the wait behind the "
        "other clients ([serve.md](serve.md#under-load)).\n\n"
        + markdown_table(("request", "p50, ms", "p99, ms", "longest, ms"), rows)
    )


def shards(record: Record) -> str:
    """Embedding by one process, by two and by Ray."""
    rows = [
        (name, f"{way['seconds']:.1f}", f"{way['crops_per_second']:,.0f}")
        for name, way in record["ways"].items()
    ]
    return (
        "## Embedding in shards\n\n"
        f"{record['crops']:,} JPEG crops, `{record['bundle']}`, {record['cores']} cores of "
        f"{record['machine']}, with the start of all processes; the outputs are equal to the last "
        "bit ([scale.md](scale.md)).\n\n"
        + markdown_table(("way", "seconds", "crops a second"), rows)
    )


def _time(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.3g} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"
