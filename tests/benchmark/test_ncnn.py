"""ncnn as an engine of `bench`: its numbers, its layouts, and pairs of files that are none."""

from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Bundle
from bireid_runtime.errors import BackendUnavailableError, UnsupportedModelError
from zoo import REID_BUNDLE

from bireid_deploy import extras
from bireid_deploy.benchmark.engines import engines_of, installed
from bireid_deploy.benchmark.ncnn_engine import load_ncnn

# A 1x1 convolution of three channels into two, and the same behind a turn to channels first.
FIRST = """7767517
2 2
Input in 0 1 x
Convolution conv 1 1 x y 0=2 1=1 6=6
"""
LAST = """7767517
3 3
Input in 0 1 x
Permute turned 1 1 x z 0=4
Convolution conv 1 1 z y 0=2 1=1 6=6
"""
WEIGHTS = np.arange(6, dtype=np.float32).reshape(2, 3)
SHAPE = (4, 5, 3)


def written(folder: Path, graph: str) -> Path:
    path = folder / "net.ncnn.param"
    path.write_text(graph)
    # A word in front says that the weights are float32.
    path.with_suffix(".bin").write_bytes(bytes(4) + WEIGHTS.tobytes())
    return path


@pytest.mark.parametrize(("graph", "is_first"), [(FIRST, True), (LAST, False)])
def test_numbers_and_layout(tmp_path, graph, is_first):
    loaded = load_ncnn(str(written(tmp_path, graph)), SHAPE, 1)
    (fed,) = loaded.feeds.values()
    assert fed.shape == ((1, 3, 4, 5) if is_first else (1, *SHAPE))
    two = np.concatenate([fed, 2 * fed])
    (found,) = loaded.run({"x": two})
    channels_last = two.transpose(0, 2, 3, 1) if is_first else two
    expected = (channels_last @ WEIGHTS.T).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert loaded.version.startswith("ncnn 1.")


def test_bench_times_a_pair_and_counts_both_files(cli, tmp_path):
    path = written(tmp_path, LAST)
    options = ["--against", path, "--rounds", "1", "--starts", "1", "--json"]
    rows = cli("bench", REID_BUNDLE, *options).json["engines"]
    (row,) = [each for each in rows if "ncnn" in each["engine"]]
    assert row["engine"] == "net.ncnn.param, ncnn"
    assert row["bytes"] == path.stat().st_size + path.with_suffix(".bin").stat().st_size


@pytest.mark.parametrize(
    ("graph", "says"),
    [
        ("7767517 and more\n", "no ncnn graph as text"),
        ("\x00" * 40, "no ncnn graph as text"),
        (FIRST.replace("Convolution", "Sorcery"), "ncnn cannot read it"),
    ],
)
def test_other_files_are_refused(tmp_path, graph, says):
    with pytest.raises(UnsupportedModelError, match=says):
        load_ncnn(str(written(tmp_path, graph)), SHAPE, 1)


def test_weights_must_lie_beside(tmp_path):
    path = written(tmp_path, FIRST)
    path.with_suffix(".bin").unlink()
    with pytest.raises(UnsupportedModelError, match=r"its weights, net\.ncnn\.bin, are not there"):
        load_ncnn(str(path), SHAPE, 1)


def test_who_names_a_pair_must_have_ncnn(tmp_path, monkeypatch):
    present = extras.is_installed
    monkeypatch.setattr(extras, "is_installed", lambda name: name != "ncnn" and present(name))
    path = written(tmp_path, FIRST)
    known = engines_of(Bundle.open(REID_BUNDLE), (path,), 1)
    with pytest.raises(BackendUnavailableError, match=r"ncnn is not installed: .*\[peers\]"):
        installed(known, (path,))
