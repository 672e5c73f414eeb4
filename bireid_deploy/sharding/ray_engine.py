"""Shards by the actors of a Ray cluster, which are started again when they or their node die."""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bireid_runtime.errors import BireidError

from bireid_deploy.errors import ClusterError
from bireid_deploy.sharding.shards import Job

# Ray reports its use to its makers unless this is set before it is imported.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import ray
from ray.util import ActorPool

_KNOCK_SECONDS = 10


class _Worker:
    """Lives in a process of its own, on any node."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._embedder = job.open_embedder()

    def embed(self, shard: int, files: Sequence[Path]) -> int | BireidError:
        """Do a shard; done before, by an actor that died after it, it is left as it is."""
        try:
            if not self._job.is_done(shard):
                self._job.embed(self._embedder, shard, files)
        except BireidError as error:
            # Ray would wrap it, and try again what cannot succeed.
            return error
        return shard


def run_on_ray(job: Job, shards: Sequence[int]) -> Iterator[int]:
    """On the cluster that `RAY_ADDRESS` names, or on one of this machine that ends with it.

    Raises:
        ClusterError: There is no such cluster, or it has gone.
        BireidError: What a worker met.
    """
    # What no worker can do either is an error here, before any is started.
    job.open_embedder()
    _require_reachable(os.environ.get("RAY_ADDRESS", ""))
    try:
        ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ClusterError(f"no Ray cluster: {' '.join(str(error).split())}") from error
    return _on_cluster(job, shards)


def _require_reachable(address: str) -> None:
    """Knock first: Ray itself waits for minutes for a head that is not there.

    Raises:
        ClusterError: Nobody answers at `HOST:PORT`; other forms are left to Ray.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), _KNOCK_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(f"no Ray cluster at RAY_ADDRESS={address}: {error}") from error


def _on_cluster(job: Job, shards: Sequence[int]) -> Iterator[int]:
    try:
        cores = int(ray.cluster_resources().get("CPU", 1))
        count = max(1, min(len(shards), cores // job.threads))
        # They reserve no cores: where a node is lost, its actors start again beside others.
        actor: Any = ray.remote(max_restarts=-1, max_task_retries=-1, scheduling_strategy="SPREAD")(
            _Worker
        )
        # The list of a million images stays here; each worker gets what it is to do.
        light = replace(job, files=())
        pool = ActorPool([actor.remote(light) for _ in range(count)])
        tasks = [(shard, tuple(job.files_of(shard))) for shard in shards]
        for found in pool.map_unordered(lambda worker, task: worker.embed.remote(*task), tasks):
            if isinstance(found, BireidError):
                raise found
            yield found
    except ray.exceptions.RayError as error:
        raise ClusterError(
            f"the Ray cluster failed: {' '.join(str(error).split())[:300]}"
        ) from error
    finally:
        ray.shutdown()
