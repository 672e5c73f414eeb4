"""What does the shards that are missing: a row of `ENGINES` each."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from bireid_runtime.errors import ArgumentError

from bireid_deploy import extras
from bireid_deploy.evaluation.image_embedder import ImageEmbedder
from bireid_deploy.sharding.shards import Job

# Does shards and gives each as it is done, in any order.
Engine: TypeAlias = Callable[[Job, Sequence[int]], Iterator[int]]


def run_here(job: Job, shards: Sequence[int]) -> Iterator[int]:
    """One after the other in this process."""
    return _each(job, job.open_embedder(), shards)


def _each(job: Job, embedder: ImageEmbedder, shards: Sequence[int]) -> Iterator[int]:
    for shard in shards:
        # Another process of the job may have done it meanwhile.
        if not job.is_done(shard):
            job.embed(embedder, shard, job.files_of(shard))
        yield shard


# Name: the extra that it needs, or None, and the function.
ENGINES: dict[str, tuple[str | None, str]] = {
    "here": (None, "bireid_deploy.sharding.engines:run_here"),
    "ray": ("scale", "bireid_deploy.sharding.ray_engine:run_on_ray"),
}


def engine(name: str) -> Engine:
    """The engine of a name.

    Raises:
        ArgumentError: There is none.
        MissingPackageError: Its extra is not installed.
    """
    if name not in ENGINES:
        raise ArgumentError(f"no engine {name!r}; there are {', '.join(ENGINES)}")
    extra, place = ENGINES[name]
    if extra is not None:
        extras.require(extra)
    module, _, function = place.partition(":")
    found: Engine = getattr(importlib.import_module(module), function)
    return found
