"""Two tasks of a real Slurm train together, and stop together when Slurm tells them to."""

import json
import re
import sys
from pathlib import Path

import pytest
from slurm_cluster import slurm, wait_until

from bireid_deploy.data.synthetic import write_synthetic

RECIPE = """
name = "tiny-real"
[network]
precision = "real"
backbone = "resnet10"
width = 0.125
input_height = 64
input_width = 32
[batch]
identities = 4
images_per_identity = 2
[optimizer]
epochs = 1000
"""


@pytest.mark.slow
def test_tasks_of_srun_are_workers(tmp_path: Path) -> None:
    write_synthetic(tmp_path / "people", identities=10, cameras=2, test_fraction=0.2, size=(64, 32))
    (tmp_path / "tiny.toml").write_text(RECIPE)
    train = [sys.executable, "-m", "bireid_deploy", "train", "tiny.toml", "--data", "people",
             "--out", "run", "--workers", "slurm"]  # fmt: skip
    with slurm() as cluster:
        started = cluster.start("srun", "--ntasks=2", "--job-name=train", *train, cwd=tmp_path)
        try:
            checkpoint = tmp_path / "run/checkpoint.npz"
            wait_until(lambda: checkpoint.exists() or started.poll() is not None)
            # To the tasks alone: srun itself stays, and says how they ended.
            cluster.run("scancel", "--signal=TERM", "--name=train")
            _, said = started.communicate(timeout=60)
        finally:
            started.kill()
    assert "interrupted at step" in said
    assert re.search(r"tasks? 0(-1)?: Exited with exit code 130", said), said
    assert json.loads((tmp_path / "run/run.json").read_text())["workers"] == 2
