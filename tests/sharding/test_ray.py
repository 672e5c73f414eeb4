"""Shards on Ray: a worker and the driver are killed, and the numbers are those of one process."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sharded import BUNDLE, OPTIONS, require_same

from bireid_deploy import api, extras
from bireid_deploy.cli.main import EXIT_MISSING_DEPENDENCY, EXIT_UNREACHABLE, EXIT_USAGE

REPEATS = 12
SHARDS = -(-61 * REPEATS // 3)


@pytest.fixture
def ray_folder() -> Iterator[str]:
    """Where Ray keeps its sockets, whose paths have 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as folder:
        yield folder


def _start(images: Path, shards: Path, out: Path, folder: str, **more: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "bireid_deploy", "embed", BUNDLE, *[images] * REPEATS,
               "--shards", shards, "--shard-size", 3, "--engine", "ray", "--backend", "native",
               "--skip-broken", "-o", out]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return subprocess.Popen(
        list(map(str, command)),
        env={**environment, "RAY_TMPDIR": folder, **more},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for(shards: Path, count: int, driver: subprocess.Popen) -> None:
    """Until so many shards are there."""
    while len(list(shards.glob("*.npz"))) < count:
        assert driver.poll() is None, driver.communicate()[1]
        time.sleep(0.005)


def _workers(ancestor: int, title: bytes = b"ray::_Worker") -> list[int]:
    """Processes below one that are actors of ours; Ray titles them by what they do."""
    parents, actors = {}, []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            parents[int(path.name)] = int(fields[1])
            if title in (path / "cmdline").read_bytes():
                actors.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue

    def below(process: int) -> bool:
        while process > 1 and process != ancestor:
            process = parents.get(process, 0)
        return process == ancestor

    return [each for each in actors if below(each)]


@pytest.mark.slow
def test_killed_workers_and_drivers_cost_time_alone(
    images: Path, tmp_path: Path, ray_folder: str
) -> None:
    shards, out = tmp_path / "s", tmp_path / "out.npz"
    driver = _start(images, shards, out, ray_folder)
    try:
        _wait_for(shards, 5, driver)
        killed = _workers(driver.pid)
        assert killed
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        # Started again, they go on.
        reached = len(list(shards.glob("*.npz")))
        _wait_for(shards, reached + 5, driver)
    finally:
        driver.kill()
        driver.communicate()
    assert not out.exists()
    assert len(list(shards.glob("*.npz"))) < SHARDS
    again = _start(images, shards, out, ray_folder)
    try:
        _, error = again.communicate(timeout=120)
    finally:
        again.kill()
    assert again.returncode == 0, error
    _require_whole(images, shards)


@pytest.mark.slow
def test_a_lost_node_costs_time_alone(
    images: Path, tmp_path: Path, ray_folder: str, monkeypatch
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", ray_folder)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray import cluster_utils

    # The head has no core for an actor: there is one, on the node that is lost.
    cluster = cluster_utils.Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    driver = None
    try:
        lost = cluster.add_node(num_cpus=1)
        shards, out = tmp_path / "s", tmp_path / "out.npz"
        driver = _start(images, shards, out, ray_folder, RAY_ADDRESS=cluster.address)
        (raylet,) = lost.all_processes["raylet"]
        # As soon as it has an actor: shards are done in no time.
        while not _workers(raylet.process.pid):
            assert driver.poll() is None, driver.communicate()[1]
            time.sleep(0.005)
        cluster.remove_node(lost, allow_graceful=False)
        assert len(list(shards.glob("*.npz"))) < SHARDS
        cluster.add_node(num_cpus=1)
        _, error = driver.communicate(timeout=120)
        assert driver.returncode == 0, error
    finally:
        if driver is not None:
            driver.kill()
            driver.communicate()
        cluster.shutdown()
    assert out.exists()
    _require_whole(images, shards)


def _require_whole(images: Path, shards: Path) -> None:
    """The shards hold what one process makes, to the last bit."""
    sharded = OPTIONS | {"shard_size": 3}
    found = api.embed_shards(BUNDLE, [images] * REPEATS, shards, **sharded)
    require_same(found, api.embed(BUNDLE, [images] * REPEATS, backend="native", skip_broken=True))


def test_mistakes_are_said(cli, images: Path, tmp_path: Path, monkeypatch) -> None:
    common = ("embed", BUNDLE, images, "--engine", "ray", "-o", tmp_path / "out.npz")
    alone = cli(*common)
    assert alone.code == EXIT_USAGE
    assert "--shards" in alone.err
    with monkeypatch.context() as without:
        without.setattr(extras, "is_installed", lambda name: name != "ray")
        missing = cli(*common, "--shards", tmp_path / "s")
    assert missing.code == EXIT_MISSING_DEPENDENCY
    assert "bireid-deploy[scale]" in missing.err
    ended = subprocess.run(
        [sys.executable, "-m", "bireid_deploy", *map(str, common), "--shards", tmp_path / "s"],
        env={**os.environ, "RAY_ADDRESS": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == EXIT_UNREACHABLE, ended.stderr
    assert "no Ray cluster" in ended.stderr
