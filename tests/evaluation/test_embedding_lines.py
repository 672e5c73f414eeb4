"""Embeddings as lines of JSON, which a stranger may have written."""

import json

import pytest
from saved_embeddings import valid

from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation import embedding_lines
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings


@pytest.fixture
def altered(tmp_path):
    """Write a valid `.jsonl` with one line altered."""

    def call(row, **changes):
        path = tmp_path / "altered.jsonl"
        valid().save(path)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        lines[row] |= changes
        kept = [{key: value for key, value in line.items() if value is not ...} for line in lines]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in kept))
        return path

    return call


def test_lines_are_objects_that_other_programs_read(tmp_path):
    path = tmp_path / "rows.jsonl"
    valid().save(path)
    first = json.loads(path.read_text().splitlines()[0])
    assert first == {
        "name": "a.jpg",
        "fingerprint": "sha256:0123",
        "person_id": 1,
        "camera_id": 0,
        "split": "query",
        "embedding": valid().vectors[0].tolist(),
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fingerprint": "sha256:4567"}, "line 3 is of the embedding space 'sha256:4567'"),
        ({"embedding": [1.0]}, "line 3 has 1 numbers, the lines before have 3"),
        ({"embedding": []}, "line 3: embedding: List should have at least 1"),
        ({"embedding": [1, 2, "3"]}, "line 3: embedding: 2: Input should be a valid number"),
        ({"embedding": [1, True, 3]}, "line 3: embedding: 1: Input should be a valid number"),
        ({"embedding": [1, float("nan"), 3]}, "line 3: embedding: 1: Input should be a finite"),
        ({"embedding": [1, 1e300, 3]}, r"vectors: row 2 \(größe 人.jpg\) holds NaN or infinity"),
        ({"embedding": [1, 10**400, 3]}, "line 3: embedding: 1: "),
        ({"person_id": 2**63}, "line 3: person_id: Input should be less than"),
        ({"person_id": 1.5}, "line 3: person_id: Input should be a valid integer"),
        ({"person_id": -2}, "person_ids holds -2"),
        ({"split": "train"}, "line 3: split: Input should be 'query' or 'gallery'"),
        ({"split": ...}, "line 3 has some of person_id, camera_id and split"),
        ({"split": ..., "person_id": ..., "camera_id": ...}, "line 3 has labels and others have"),
        ({"name": 5}, "line 3: name: Input should be a valid string"),
        ({"x" * 500: 5}, f"line 3: {'x' * 40}: Extra inputs are not permitted"),
    ],
)
def test_malformed_lines_are_refused(altered, changes, message):
    with pytest.raises(EmbeddingsError, match=rf"altered\.jsonl: {message}") as caught:
        NamedEmbeddings.load(altered(2, **changes))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; give at least one embedding"),
        (b"\n", "line 1: Invalid JSON"),
        (b"[" * 100_000, "line 1: Invalid JSON: recursion limit"),
        (b'{"name": "\xff"}\n', "line 1: Invalid JSON: invalid unicode"),
        (b"[1, 2]\n", "line 1: Input should be an object"),
        (b'{"name": "a"}\n', "line 1: fingerprint: Field required"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_files_that_are_no_lines_are_refused(tmp_path, content, message):
    path = tmp_path / "broken.jsonl"
    path.write_bytes(content)
    with pytest.raises(EmbeddingsError, match=message):
        NamedEmbeddings.load(path)


def test_an_endless_line_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "long.jsonl"
    valid(names=("a" * 5000, "b", "c", "d")).save(path)
    monkeypatch.setattr(embedding_lines, "MAX_LINE_BYTES", 4096)
    with pytest.raises(EmbeddingsError, match="line 1 is longer than 4096 bytes"):
        NamedEmbeddings.load(path)


def test_missing_lines_and_folders_are_reported(tmp_path):
    with pytest.raises(EmbeddingsError, match="no such file"):
        NamedEmbeddings.load(tmp_path / "absent.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(EmbeddingsError, match="cannot be read"):
        NamedEmbeddings.load(tmp_path / "folder.jsonl")
