"""Files of embeddings: both layouts, and `.npz` files that a stranger may have written."""

import io
import os
import stat
import struct
import zipfile

import numpy as np
import pytest
from saved_embeddings import LABELS, valid

from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.embedding_fields import Labels
from bireid_deploy.evaluation.embedding_file import (
    SUFFIXES,
    NamedEmbeddings,
    load_query_and_gallery,
)
from bireid_deploy.evaluation.embeddings import Embeddings


def assert_equal(actual, expected):
    np.testing.assert_array_equal(actual.vectors, expected.vectors)
    assert actual.vectors.dtype == np.float32
    assert actual.names == expected.names
    assert actual.fingerprint == expected.fingerprint
    if expected.labels is None:
        assert actual.labels is None
        return
    np.testing.assert_array_equal(actual.labels.person_ids, expected.labels.person_ids)
    np.testing.assert_array_equal(actual.labels.camera_ids, expected.labels.camera_ids)
    assert actual.labels.split == expected.labels.split


def arrays_of(embeddings):
    return {
        "vectors": embeddings.vectors,
        "names": np.array(embeddings.names),
        "fingerprint": np.array(embeddings.fingerprint),
        "person_ids": embeddings.labels.person_ids,
        "camera_ids": embeddings.labels.camera_ids,
        "split": np.array(embeddings.labels.split),
    }


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def write_members(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vectors": np.zeros((4, 3))}, "vectors must be a float32"),
        ({"names": ("a",)}, "names has 1 entries for 4"),
        ({"split": ("query",)}, "split has 1 entries for 4 vectors"),
        ({"split": ("query", "train", "gallery", "gallery")}, "split holds 'train'; every image"),
        ({"person_ids": np.full(4, -2)}, "person_ids holds -2"),
        ({"camera_ids": np.zeros(3, np.int64)}, "camera_ids has 3 entries for 4"),
    ],
)
def test_malformed_fields_are_refused(changes, message):
    labels = vars(LABELS) | {key: changes.pop(key) for key in vars(LABELS) if key in changes}
    with pytest.raises(EmbeddingsError, match=message):
        valid(**changes, labels=Labels(**labels))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("labels", [LABELS, None], ids=["labelled", "plain"])
def test_save_and_load_round_trip(tmp_path, suffix, labels):
    path = tmp_path / f"embeddings{suffix}"

    valid(labels=labels).save(path)

    assert_equal(NamedEmbeddings.load(path), valid(labels=labels))
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_query_and_gallery_round_trip(tmp_path, suffix):
    path = tmp_path / f"pair{suffix}"
    labels = {"person_ids": np.array([3, 4]), "camera_ids": np.array([0, 1])}
    query = Embeddings(np.eye(2, 3, dtype=np.float32), names=("q0", "q1"), **labels)
    gallery = Embeddings(np.full((2, 3), 0.1, np.float32), names=("g0", "g1"), **labels)

    NamedEmbeddings.of_splits(query, gallery, "sha256:0123").save(path)

    for expected, actual in zip((query, gallery), load_query_and_gallery(path), strict=True):
        np.testing.assert_array_equal(actual.vectors, expected.vectors)
        np.testing.assert_array_equal(actual.person_ids, expected.person_ids)
        np.testing.assert_array_equal(actual.camera_ids, expected.camera_ids)
        assert actual.names == expected.names


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_cannot_be_ranked(tmp_path, suffix):
    path = tmp_path / f"plain{suffix}"
    valid(labels=None).save(path)
    with pytest.raises(EmbeddingsError, match=rf"plain{suffix}: has no labels; rank embeddings"):
        load_query_and_gallery(path)
    searched = Labels(LABELS.person_ids, LABELS.camera_ids, ("gallery",) * 4)
    valid(labels=searched).save(path)
    with pytest.raises(EmbeddingsError, match=rf"plain{suffix}: has no embedding of the query"):
        load_query_and_gallery(path)


def test_save_is_reproducible_and_honours_the_umask(tmp_path):
    valid().save(tmp_path / "a.npz")
    valid().save(tmp_path / "b.npz")
    (tmp_path / "plain").touch()

    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.npz", "plain")}
    assert len(modes) == 1


def test_files_of_numpy_savez_are_read(tmp_path):
    arrays = arrays_of(valid())
    arrays["vectors"] = np.asfortranarray(arrays["vectors"])
    np.savez(tmp_path / "own.npz", **arrays)

    assert_equal(NamedEmbeddings.load(tmp_path / "own.npz"), valid())


def test_save_into_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(EmbeddingsError, match="there is no folder"):
        valid().save(tmp_path / "missing" / "embeddings.npz")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "embeddings.npz"
    valid().save(path)
    before = path.read_bytes()

    def full_disk(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(EmbeddingsError, match="No space left"):
        valid(names=("other",) * 4).save(path)

    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["embeddings.npz"]


def test_saving_replaces_the_file_and_leaves_its_readers_alone(tmp_path):
    path = tmp_path / "embeddings.npz"
    valid().save(path)
    before = path.read_bytes()

    with open(path, "rb") as reader:
        valid(names=("other",) * 4).save(path)

        assert reader.read() == before
    assert NamedEmbeddings.load(path).names == ("other",) * 4


def test_an_array_too_many_is_refused(tmp_path):
    np.savez(tmp_path / "extra.npz", extra=np.zeros(2), **arrays_of(valid()))

    with pytest.raises(EmbeddingsError, match="found camera_ids, extra, fingerprint"):
        NamedEmbeddings.load(tmp_path / "extra.npz")


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(EmbeddingsError, match="no such file"):
        NamedEmbeddings.load(tmp_path / "missing.npz")


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(EmbeddingsError, match="not a readable"):
        NamedEmbeddings.load(tmp_path / "folder.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip file at all", bytes(1000)])
def test_files_that_are_no_npz_are_refused(tmp_path, content):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)

    with pytest.raises(EmbeddingsError, match="not a readable"):
        NamedEmbeddings.load(path)


def test_pickled_objects_are_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was loaded",))

    arrays = arrays_of(valid())
    arrays["names"] = np.array([Trap(), "", "", ""], dtype=object)
    np.savez(tmp_path / "trap.npz", **arrays)

    with pytest.raises(EmbeddingsError, match="names holds object"):
        NamedEmbeddings.load(tmp_path / "trap.npz")


def test_compressed_files_are_refused(tmp_path):
    np.savez_compressed(tmp_path / "small.npz", **arrays_of(valid()))

    with pytest.raises(EmbeddingsError, match=r"numpy\.savez"):
        NamedEmbeddings.load(tmp_path / "small.npz")


@pytest.mark.parametrize(
    ("descr", "shape"),
    [
        ("<f4", (4, 4)),
        ("<f4", (10**12, 512)),
        ("<f4", (-4, -3)),
        ("<U0", (10**12,)),
        ("|V12", (4,)),
        ("<f4", (2**62, 4)),
    ],
)
def test_headers_that_do_not_fit_the_data_are_refused(tmp_path, descr, shape):
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    data = b"" if descr == "<U0" else bytes(48)
    members = {name: npy(array) for name, array in arrays_of(valid()).items()}
    members["vectors"] = stream.getvalue() + data
    write_members(tmp_path / "lying.npz", members)

    with pytest.raises(EmbeddingsError, match=r"vectors (declares|holds)"):
        NamedEmbeddings.load(tmp_path / "lying.npz")


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@pytest.mark.parametrize(
    "header",
    ["(" * 9000, "-" * 9000 + "1", "1+" * 4000 + "1", "{1: 2, 'a': 3}", "{[]: 1}", ",2", ""],
)
def test_headers_that_are_no_header_are_refused(tmp_path, header):
    members = {name: npy(array) for name, array in arrays_of(valid()).items()}
    members["vectors"] = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
    write_members(tmp_path / "header.npz", members)

    with pytest.raises(EmbeddingsError, match=r"vectors has no valid \.npy header"):
        NamedEmbeddings.load(tmp_path / "header.npz")


def test_arrays_in_another_byte_order_are_refused(tmp_path):
    arrays = arrays_of(valid())
    foreign = arrays["names"].dtype.newbyteorder()
    np.savez(tmp_path / "order.npz", **(arrays | {"names": arrays["names"].astype(foreign)}))

    with pytest.raises(EmbeddingsError, match=r"names holds .* of this machine"):
        NamedEmbeddings.load(tmp_path / "order.npz")


def test_unknown_npy_versions_are_refused(tmp_path):
    members = {name: npy(array) for name, array in arrays_of(valid()).items()}
    members["person_ids"] = members["person_ids"].replace(b"NUMPY\x01", b"NUMPY\x09", 1)
    write_members(tmp_path / "version.npz", members)

    with pytest.raises(EmbeddingsError, match=r"person_ids has no valid \.npy header"):
        NamedEmbeddings.load(tmp_path / "version.npz")


def test_text_outside_unicode_is_refused(tmp_path):
    members = {name: npy(array) for name, array in arrays_of(valid()).items()}
    members["names"] = members["names"][:-4] + b"\xff\xff\xff\x7f"
    write_members(tmp_path / "text.npz", members)

    with pytest.raises(EmbeddingsError, match="names holds text that is not Unicode"):
        NamedEmbeddings.load(tmp_path / "text.npz")


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@pytest.mark.parametrize("seed", range(4))
def test_altered_files_are_read_or_refused_but_never_crash(tmp_path, seed):
    generator = np.random.default_rng(seed)
    originals = {name: npy(array) for name, array in arrays_of(valid()).items()}
    refused = 0
    for attempt in range(60):
        members = {name: bytearray(content) for name, content in originals.items()}
        victim = members[list(members)[attempt % len(members)]]
        for _ in range(generator.integers(1, 4)):
            victim[generator.integers(0, 90)] = generator.integers(0, 256)
        path = tmp_path / f"{attempt}.npz"
        write_members(path, {name: bytes(content) for name, content in members.items()})
        try:
            NamedEmbeddings.load(path)
        except EmbeddingsError:
            refused += 1
    assert refused > 20


def test_a_truncated_file_is_refused_at_every_length(tmp_path):
    valid().save(tmp_path / "whole.npz")
    content = (tmp_path / "whole.npz").read_bytes()
    path = tmp_path / "part.npz"
    for length in range(0, len(content), 13):
        path.write_bytes(content[:length])
        with pytest.raises(EmbeddingsError):
            NamedEmbeddings.load(path)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(EmbeddingsError, match=r"out\.csv: write to a file ending in \.npz or"):
        valid().save(tmp_path / "out.csv")
    with pytest.raises(EmbeddingsError, match=r"out\.csv: give a file ending in \.npz or"):
        NamedEmbeddings.load(tmp_path / "out.csv")
