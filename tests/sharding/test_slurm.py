"""The array of docs/scale.md, run by a real Slurm."""

import re
import sys
from pathlib import Path

import numpy as np
from sharded import BUNDLE
from slurm_cluster import slurm

from bireid_deploy.evaluation.embedding_file import NamedEmbeddings

PAGE = (Path(__file__).parents[2] / "docs/scale.md").read_text()
OPTIONS = "--shard-size 10 --backend native --skip-broken"


def test_an_array_does_the_shards_and_the_next_job_gathers_them(
    images: Path, whole: NamedEmbeddings, tmp_path: Path
) -> None:
    array = re.findall(r"```bash\n(#!/bin/bash\n#SBATCH.*?)```", PAGE, re.DOTALL)[0]
    gather = re.findall(r"^bireid-deploy embed bundle .* -o crops.npz", PAGE, re.MULTILINE)[0]
    for name, script in (
        ("array", array.replace("--array=0-7", "--array=0-2").replace("/8", "/3")),
        ("gather", f"#!/bin/bash\n{gather}\n"),
    ):
        python = f"{sys.executable} -m bireid_deploy embed {OPTIONS}"
        (tmp_path / name).write_text(script.replace("bireid-deploy embed", python))
    (tmp_path / "bundle").symlink_to(BUNDLE)
    (tmp_path / "crops").symlink_to(images)
    with slurm() as cluster:
        job = cluster.run("sbatch", "--parsable", "array", cwd=tmp_path).strip()
        after = f"--dependency=afterok:{job}"
        cluster.run("sbatch", "--wait", "--output=log", after, "gather", cwd=tmp_path)
    assert len(list(tmp_path.glob(f"slurm-{job}_*.out"))) == 3
    assert len(list((tmp_path / "work").glob("0*.npz"))) == 6  # The seventh is one broken image.
    found = NamedEmbeddings.load(tmp_path / "crops.npz")
    assert [Path(name).name for name in found.names] == [Path(name).name for name in whole.names]
    np.testing.assert_array_equal(found.vectors, whole.vectors)
    assert found.fingerprint == whole.fingerprint
