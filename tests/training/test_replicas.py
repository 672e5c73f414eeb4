"""Two real processes train one network: alike to the last bit, interrupted, resumed and killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from free_ports import free_ports

SCRIPT = Path(__file__).with_name("replica.py")


@pytest.fixture(scope="module")
def left(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, list[subprocess.CompletedProcess]]:
    """What both leave in a folder, and how they ended."""
    folder = tmp_path_factory.mktemp("replicas")
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    started = []
    for rank in range(2):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": rank}})
        started.append(
            subprocess.Popen(
                [sys.executable, SCRIPT, folder],
                env={**os.environ, "TF_CONFIG": config, "TF_CPP_MIN_LOG_LEVEL": "3"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    try:
        return folder, [
            subprocess.CompletedProcess(each.args, each.wait(), *outputs)
            for each in started
            for outputs in [each.communicate(timeout=200)]
        ]
    finally:
        for each in started:
            each.kill()


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name != "state.json"}


def _require_equal(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


@pytest.mark.slow
def test_both_learn_the_same(left) -> None:
    folder, ended = left
    assert (folder / "whole-1.npz").exists(), ended[1].stderr
    one, two = (_arrays(folder / f"whole-{rank}.npz") for rank in range(2))
    _require_equal(one, two)
    assert len(one["sums"]) > 5
    assert json.loads((folder / "run/run.json").read_text())["workers"] == 2


@pytest.mark.slow
def test_whoever_is_interrupted_all_stop_and_resume_to_the_same_weights(left) -> None:
    folder, ended = left
    for each in ended:
        lines = each.stdout.splitlines()[:3]
        steps = [line.partition(";")[0] for line in lines]
        assert steps == [f"interrupted at step {step}" for step in (2, 1, 2)], each.stderr
    for rank in range(2):
        _require_equal(*(_arrays(folder / f"{name}-{rank}.npz") for name in ("whole", "parts")))


@pytest.mark.slow
def test_the_loss_of_one_ends_the_other_with_a_line(left) -> None:
    _, (chief, other) = left
    assert other.returncode == -signal.SIGKILL
    assert chief.returncode == 0, chief.stderr
    last = chief.stdout.splitlines()[-1]
    assert "worker 0 (127.0.0.1:" in last
    assert "lost worker 1 (127.0.0.1:" in last
    assert "--resume" in last
