"""What `teach-cache` keeps while it works: whole records go on, everything else is dropped."""

import errno
import json
from types import SimpleNamespace

import numpy as np
import pytest
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.api.asking import Asked, write_cache
from bireid_deploy.errors import DatasetError, TrainingError
from bireid_deploy.training import unfinished_cache
from bireid_deploy.training.unfinished_cache import Chunk, UnfinishedCache

OWNER = {"teacher": "net sha256:0", "list of images": "abc"}
DIM = 3


def chunk(begin, end, skipped=()):
    kept = tuple(index for index in range(begin, end) if index not in skipped)
    rows = np.random.default_rng(begin).normal(size=(len(kept), 2, DIM)).astype(np.float16)
    return Chunk(end, kept, tuple((index, "broken: ä") for index in skipped), rows)


CHUNKS = (chunk(0, 4), chunk(4, 8, skipped=(5,)), chunk(8, 9, skipped=(8,)))


@pytest.fixture
def out(tmp_path):
    """A cache of 10 images, of which 9 are known."""
    out = tmp_path / "cache.npz"
    with UnfinishedCache(out, OWNER, 10, DIM) as unfinished:
        for each in CHUNKS:
            unfinished.add(each)
    return out


def known(out, owner=OWNER, images=10, dim=DIM):
    with UnfinishedCache(out, owner, images, dim) as unfinished:
        return unfinished.chunks


def file_of(out):
    return out.with_name("cache.npz.unfinished")


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.end, one.kept, one.skipped) == (other.end, other.kept, other.skipped)
        assert one.rows.dtype == np.float16
        np.testing.assert_array_equal(one.rows, other.rows)


def test_it_knows_again_what_it_was_told_and_goes_on(out):
    assert_same(known(out), CHUNKS)
    with UnfinishedCache(out, OWNER, 10, DIM) as unfinished:
        assert unfinished.end == 9
        unfinished.add(chunk(9, 10))
    assert_same(known(out), (*CHUNKS, chunk(9, 10)))
    with UnfinishedCache(out, OWNER, 10, DIM) as unfinished:
        unfinished.remove()
    assert not file_of(out).exists()


def test_wherever_it_is_cut_off_whole_records_are_left(out):
    data = file_of(out).read_bytes()
    left, sizes = [], set()
    for size in range(len(data)):
        file_of(out).write_bytes(data[:size])
        chunks = known(out)
        assert_same(chunks, CHUNKS[: len(chunks)])
        left.append(len(chunks))
        # What was cut off is gone, so that new records follow what is left.
        sizes.add(file_of(out).stat().st_size)
    assert left == sorted(left)
    assert set(left) == {0, 1, 2}
    assert len(sizes) == 3


def test_a_flipped_bit_costs_the_records_from_there(out):
    data = file_of(out).read_bytes()
    begin = data.index(b"\n") + 1
    for place in range(begin, len(data), 7):
        file_of(out).write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        chunks = known(out)
        assert len(chunks) < 3
        assert_same(chunks, CHUNKS[: len(chunks)])


@pytest.mark.parametrize(
    "wrong",
    [
        Chunk(4, (0, 1, 2), (), np.ones((3, 2, DIM), np.float16)),
        Chunk(4, (1, 0, 2, 3), (), np.ones((4, 2, DIM), np.float16)),
        Chunk(11, tuple(range(11)), (), np.ones((11, 2, DIM), np.float16)),
        Chunk(0, (), (), np.ones((0, 2, DIM), np.float16)),
        Chunk(2, (0, "1"), (), np.ones((2, 2, DIM), np.float16)),
        Chunk(1, (), ((0, 7),), np.ones((0, 2, DIM), np.float16)),
        Chunk(1, (0,), (), np.ones((1, 2, DIM + 1), np.float16)),
    ],
)
def test_a_record_that_says_nonsense_is_dropped(tmp_path, wrong):
    out = tmp_path / "cache.npz"
    with UnfinishedCache(out, OWNER, 10, DIM) as unfinished:
        unfinished.add(wrong)
    assert known(out) == []


def test_another_teacher_list_or_length_is_refused(out):
    for changed, message in (
        ({"owner": {**OWNER, "teacher": "other"}}, "begun with another teacher; give what"),
        ({"owner": {**OWNER, "list of images": "x"}}, "another list of images; give what"),
        ({"images": 9}, "another images"),
        ({"dim": 4}, "another dim"),
    ):
        with pytest.raises(TrainingError, match=message):
            known(out, **changed)
    for data in (b"[]\n", b"{\n", b"\xff" * 100_000, json.dumps(OWNER).encode() + b" \n"):
        file_of(out).write_bytes(data)
        with pytest.raises(TrainingError, match=r"cache\.npz\.unfinished: begun "):
            known(out)
        assert file_of(out).read_bytes() == data


def test_two_at_once_and_a_link_are_refused(out, tmp_path):
    with (
        UnfinishedCache(out, OWNER, 10, DIM),
        pytest.raises(TrainingError, match="another teach-cache is at work"),
    ):
        known(out)
    file_of(out).rename(tmp_path / "elsewhere")
    file_of(out).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        known(out)


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(unfinished_cache.fcntl, "flock", refuse)
    with pytest.raises(
        TrainingError, match=r"cache\.npz\.unfinished: .*No locks available.*put -o on a local"
    ):
        known(tmp_path / "cache.npz")


def test_images_that_cannot_be_read_fill_no_record_beyond_its_bound(tmp_path):
    paths = [tmp_path / f"{index}.png" for index in range(70)]
    for path in paths:
        path.write_bytes(b"no image")
    teacher = SimpleNamespace(outputs=[OutputSpec.embedding("embedding", DIM)])
    asked = Asked(teacher, "net", "engine", tuple(path.name for path in paths), tuple(paths))
    with pytest.raises(DatasetError, match="none of 70 files can be read"):
        write_cache(asked, tmp_path / "cache.npz", None, lambda lines: None)
    chunks = known(tmp_path / "cache.npz", asked.owner(), 70)
    assert [each.end for each in chunks] == [32, 64, 70]
