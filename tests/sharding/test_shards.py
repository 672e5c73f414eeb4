"""Embedding in shards: the same numbers as in one process, whoever was killed on the way."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime.errors import ArgumentError, ImageError
from sharded import BUNDLE, OPTIONS, require_same

from bireid_deploy import api
from bireid_deploy.cli.main import EXIT_USAGE
from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings

# Does shards, is killed in the middle of the one after the third, and leaves its litter.
_KILLED = """
import os, signal, sys
from pathlib import Path
from bireid_deploy import api
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings

save, done = NamedEmbeddings.save, []
def save_or_die(self, path):
    if len(done) == 3:
        (Path(path).parent / "litter.tmp").write_bytes(b"half a shard")
        os.kill(os.getpid(), signal.SIGKILL)
    save(self, path)
    done.append(path)
NamedEmbeddings.save = save_or_die
api.embed_shards(sys.argv[1], [sys.argv[2]], sys.argv[3], shard_size=10, backend="native",
                 skip_broken=True)
"""


def test_parts_are_the_same_as_one_process(
    images: Path, whole: NamedEmbeddings, tmp_path: Path
) -> None:
    for part in ("2/3", "0/3", "0/3"):
        assert api.embed_shards(BUNDLE, [images], tmp_path / "s", part, **OPTIONS) is None
    done = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "s").glob("*.npz")}
    assert sorted(done) == ["00000.npz", "00002.npz", "00003.npz", "00005.npz"]
    counts: list[tuple[int, int]] = []
    found = api.embed_shards(
        BUNDLE, [images], tmp_path / "s", **OPTIONS, on_progress=lambda *now: counts.append(now)
    )
    require_same(found, whole)
    # What was done is not done again; the last shard is one image, and that is broken.
    assert counts == [(51, 61), (61, 61)]
    assert {n: (tmp_path / "s" / n).stat().st_mtime_ns for n in done} == done
    assert not (tmp_path / "s" / "00006.npz").exists()
    require_same(api.embed_shards(BUNDLE, [images], tmp_path / "s", **OPTIONS), whole)


def test_a_killed_process_loses_one_shard(
    images: Path, whole: NamedEmbeddings, tmp_path: Path
) -> None:
    command = [sys.executable, "-P", "-c", _KILLED, str(BUNDLE), str(images), str(tmp_path / "s")]
    ended = subprocess.run(command, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "s").glob("*.npz"))) == 3
    require_same(api.embed_shards(BUNDLE, [images], tmp_path / "s", **OPTIONS), whole)


def test_another_job_is_refused(images: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    mine = tmp_path / "mine"
    shutil.copytree(images, mine)
    api.embed_shards(BUNDLE, [mine], folder, "5/7", **OPTIONS)
    for change, words in (
        ({"shard_size": 11}, "shard_size"),
        ({"skip_broken": False}, "skip_broken"),
        ({"backend": "auto"}, "backend"),
    ):
        with pytest.raises(EmbeddingsError, match=words):
            api.embed_shards(BUNDLE, [mine], folder, **(OPTIONS | change))
    os.rename(mine / "000.png", mine / "a.png")
    with pytest.raises(EmbeddingsError, match="listed"):
        api.embed_shards(BUNDLE, [mine], folder, **OPTIONS)
    os.rename(mine / "a.png", mine / "000.png")
    with (mine / "000.png").open("ab") as file:
        file.write(b"exchanged")
    with pytest.raises(EmbeddingsError, match="listed"):
        api.embed_shards(BUNDLE, [mine], folder, **OPTIONS)
    for text in ("3/3", "1", "a/b", "-1/3", "1/0"):
        with pytest.raises(ArgumentError, match="I/N"):
            api.embed_shards(BUNDLE, [images], tmp_path / "t", text, **OPTIONS)
    (folder / "shards.json").write_text("[" * 100_000)
    with pytest.raises(EmbeddingsError, match="damaged"):
        api.embed_shards(BUNDLE, [images], folder, **OPTIONS)


def test_a_broken_image_ends_the_job_unless_it_may_be_skipped(images: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"020\.png"):
        api.embed_shards(BUNDLE, [images], tmp_path, **(OPTIONS | {"skip_broken": False}))


def test_shards_of_others_are_refused(images: Path, tmp_path: Path) -> None:
    api.embed_shards(BUNDLE, [images], tmp_path, **OPTIONS)
    good = NamedEmbeddings.load(tmp_path / "00001.npz")
    for wrong, words in (
        (NamedEmbeddings(good.vectors, good.names, "sha256:other"), "another network"),
        (NamedEmbeddings(good.vectors[:1], ("elsewhere.png",), good.fingerprint), "other images"),
    ):
        wrong.save(tmp_path / "00001.npz")
        with pytest.raises(EmbeddingsError, match=words):
            api.embed_shards(BUNDLE, [images], tmp_path, **OPTIONS)
    (tmp_path / "00001.npz").write_bytes(b"half")
    with pytest.raises(EmbeddingsError, match=r"00001\.npz"):
        api.embed_shards(BUNDLE, [images], tmp_path, **OPTIONS)


def test_the_verb_does_parts_and_gathers(
    cli, images: Path, whole: NamedEmbeddings, tmp_path: Path
) -> None:
    common = ("embed", BUNDLE, images, "--skip-broken", "--backend", "native")
    shards = ("--shards", tmp_path / "s", "--shard-size", 10)
    part = cli(*common, *shards, "--shard", "1/2", "--json")
    assert part.json == {"shards": str(tmp_path / "s"), "part": "1/2"}
    gathered = cli(*common, *shards, "-o", tmp_path / "out.npz", "--json")
    assert gathered.json["images"] == 59
    assert [Path(each["file"]).name for each in gathered.json["skipped"]] == ["020.png", "060.png"]
    vectors = NamedEmbeddings.load(tmp_path / "out.npz").vectors
    np.testing.assert_array_equal(vectors, whole.vectors)
    for wrong, words in (
        ((*common, "--shard", "0/2"), "--shard needs --shards"),
        ((*common, *shards, "--shard", "0/2", "-o", "x.npz"), "takes no --out"),
        ((*common,), "give --out"),
        ((*common, *shards, "--engine", "steam", "-o", "x.npz"), "there are here, ray"),
        ((*common, "--shards", tmp_path / "s", "-o", tmp_path / "x.npz"), "shard_size"),
    ):
        result = cli(*wrong)
        assert result.code == EXIT_USAGE
        assert words in result.err
