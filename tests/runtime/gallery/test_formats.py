"""Galleries as files: nothing is lost on the way out and back, and foreign files are refused."""

import csv
import struct
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery import Gallery, GalleryError, formats
from gallery_embeddings import DIM, NETWORK, person_rows


@pytest.fixture
def gallery(tmp_path: Path):
    """Five entries: two people, a camera, a sighting without source."""
    with Gallery.create(tmp_path / "g", NETWORK, DIM) as made:
        made.add(
            np.concatenate([person_rows(0, 2), person_rows(1, 2), person_rows(2, 1)]),
            person=["ada", "ada", "b\to\\", "b\to\\", None],
            camera=["door", None, "till", "till", "door"],
            at=[1.5, 2.25, 1e9 + 0.125, 4.0, 5.0],
            source=["a.jpg", "b,c.jpg", "d.jpg", "e.jpg", None],
        )
        yield made


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_a_gallery_comes_back_whole(suffix: str, gallery: Gallery, tmp_path: Path) -> None:
    assert formats.write(gallery, tmp_path / f"out{suffix}") == 5
    with Gallery.create(tmp_path / "again", NETWORK, DIM) as again:
        for part in formats.read(tmp_path / f"out{suffix}"):
            again.load(part)
        (before,), (after,) = list(gallery.records()), list(again.records())
    np.testing.assert_array_equal(before.vectors, after.vectors)
    for field in ("people", "cameras", "at", "sources", "fingerprint"):
        assert getattr(before, field) == getattr(after, field)


def test_csv_has_a_row_per_entry(gallery: Gallery, tmp_path: Path) -> None:
    formats.write(gallery, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[1] == {"person": "ada", "camera": "", "at": "2.25", "source": "b,c.jpg"}
    assert rows[2]["person"] == "b\to\\"
    assert len(rows) == 5


def test_faiss_gets_a_flat_index(gallery: Gallery, tmp_path: Path) -> None:
    formats.write(gallery, tmp_path / "out.faiss")
    data = (tmp_path / "out.faiss").read_bytes()
    assert data[:4] == b"IxFI"
    dim, count, _, _, trained, metric, numbers = struct.unpack_from("<iqqq?iQ", data, 4)
    assert (dim, count, trained, metric, numbers) == (DIM, 5, True, 0, 5 * DIM)
    rows = np.frombuffer(data, "<f4", offset=4 + struct.calcsize("<iqqq?iQ")).reshape(5, DIM)
    (part,) = gallery.records()
    np.testing.assert_array_equal(rows, part.vectors)


def test_copy_text_is_escaped(gallery: Gallery, tmp_path: Path) -> None:
    formats.write(gallery, tmp_path / "out.copy")
    lines = (tmp_path / "out.copy").read_text().splitlines()
    assert len(lines) == 5
    person, camera, at, source, vector = lines[2].split("\t")
    assert person == r"b\to\\"
    assert (camera, at, source) == ("till", "2001-09-09T01:46:40.125000+00", "d.jpg")
    assert np.array(vector.strip("[]").split(","), np.float32).shape == (DIM,)
    assert lines[4].split("\t")[0] == lines[4].split("\t")[3] == r"\N"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.jsonl", b"{}\n", "line 1: not a line"),
        ("x.jsonl", b'{"fingerprint": "f", "embedding": [1, "a"]}\n', "line 1"),
        ("x.jsonl", b"[" * 100_000 + b"\n", "line 1"),
        ("x.jsonl", b"x" * (formats.MAX_LINE_BYTES + 1), "longer than"),
        (
            "x.jsonl",
            b'{"fingerprint": "f", "embedding": [1]}\n{"fingerprint": "g", "embedding": [1]}\n',
            "two networks",
        ),
        ("x.npz", b"no archive", "x.npz"),
        ("y.jsonl", None, "No such file"),
    ],
)
def test_damaged_files_are_one_line(
    name: str, content: bytes | None, words: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(GalleryError, match=words) as caught:
        list(formats.read(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_arrays_of_other_lengths_are_refused(tmp_path: Path) -> None:
    good = {
        "vectors": person_rows(0, 2),
        "names": np.array(["a", "b"]),
        "fingerprint": np.array(NETWORK),
        "people": np.array(["x", "y"]),
        "cameras": np.array(["", ""]),
        "at": np.array([1.0, 2.0]),
    }
    for name, wrong in (
        ("at", np.array([1.0])),
        ("people", np.array([1, 2])),
        ("vectors", person_rows(0, 3)),
        ("vectors", person_rows(0, 2).astype(np.float64)),
        ("names", np.array("a")),
    ):
        np.savez(tmp_path / "x.npz", **(good | {name: wrong}))
        with pytest.raises(GalleryError, match="other types or lengths"):
            list(formats.read(tmp_path / "x.npz"))
    np.savez(tmp_path / "x.npz", **good)
    (part,) = formats.read(tmp_path / "x.npz")
    assert part.people == ("x", "y")
    assert part.cameras == (None, None)


def test_another_suffix_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"\.npz"):
        formats.write(gallery, tmp_path / "out.txt")
    with pytest.raises(ArgumentError, match=r"\.jsonl"):
        list(formats.read(tmp_path / "in.csv"))
    assert not (tmp_path / "out.txt").exists()
