"""`bireid-embed watch --against`: whom of a gallery a track resembles."""

import json

import numpy as np
import pytest
from bireid_runtime import Extractor
from bireid_runtime.gallery import Gallery
from bireid_runtime.gallery.formats import write
from bundle_files import REID_BUNDLE
from embed_program import PROGRAMS, refusal
from watch_stream import BUNDLES, TRACK, crossing_frames, ppm, seen_by_python, watched


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request):
    return request.param


@pytest.fixture(scope="module")
def frames():
    return crossing_frames()


@pytest.fixture(scope="module")
def expected():
    return seen_by_python()


@pytest.fixture(scope="module")
def known(frames, expected, tmp_path_factory):
    """A gallery of people of whom two were seen, and its export."""
    folder = tmp_path_factory.mktemp("known")
    extractor = Extractor.open(REID_BUNDLE, "native")
    rows = np.stack(expected.embeddings)
    away = np.roll(rows, 7, axis=1)
    path = folder / "shop.gallery"
    with Gallery.create(path, extractor.fingerprint, extractor.embedding_dim) as gallery:
        for name, seen in (("ada", rows[0]), ("bo", rows[1]), ("größte", away[0])):
            gallery.add(np.stack([seen, away[1]]), person=name)
        gallery.add(rows[:1], camera="door")  # of nobody known
        matches = gallery.match(rows, same=2.0)
        write(gallery, folder / "shop.jsonl")
    return folder / "shop.jsonl", matches


def test_who_resembles_most_is_the_match_of_the_gallery(program, frames, known):
    path, matches = known
    data = b"".join(map(ppm, frames))
    *tracks, _ = watched(program, data, "--format=ppm", "--against", path)
    assert [list(line) for line in tracks] == [[*TRACK, "person", "score"]] * len(matches)
    assert {"ada", "bo"} <= {line["person"] for line in tracks}
    for line, match in zip(tracks, matches, strict=True):
        assert line["person"] == match.label
        assert np.float32(line["score"]) == match.score


def edited(known, tmp_path, change):
    lines = known[0].read_text().splitlines()
    lines[1] = change(json.loads(lines[1]))
    path = tmp_path / "edited.jsonl"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda line: "", "line 2: not valid JSON: it is empty"),
        (lambda line: "{", "line 2: not valid JSON"),
        (lambda line: "[1]", "line 2: the document must be a JSON object"),
        (lambda line: "[" * 100_000, "line 2: not valid JSON"),
        (
            lambda line: json.dumps(line | {"fingerprint": "sha256:0"}),
            "an embedding of another",
        ),
        (lambda line: json.dumps(line | {"fingerprint": 7}), "an embedding of another"),
        (lambda line: json.dumps(line | {"embedding": [1.0]}), "has 256 numbers, not 1"),
        (
            lambda line: json.dumps(line | {"embedding": [0.0] * 257}),
            "line 2: key 'embedding' must",
        ),
        (lambda line: json.dumps(line | {"embedding": "no"}), "line 2: key 'embedding' must"),
        (
            lambda line: json.dumps(line | {"embedding": [None] * 256}),
            "line 2: key 'embedding' must",
        ),
        (lambda line: json.dumps(line | {"person": 7}), "line 2: key 'person' must be a name"),
        (lambda line: json.dumps(line | {"person": ["bo"]}), "line 2: key 'person' must be a name"),
        (lambda line: json.dumps(line | {"person": "x" * 1025}), "must be a name of at most 1024"),
        (lambda line: json.dumps(line | {"note": "x" * 2**22}), "line 2 is longer than 4194304"),
    ],
)
def test_a_file_of_people_is_not_trusted(program, known, tmp_path, change, reason):
    path = edited(known, tmp_path, change)
    assert reason in refusal(program, "watch", *BUNDLES, "--against", path)


# 65,537 lines: once is enough.
@pytest.mark.parametrize("program", PROGRAMS[:1])
def test_a_file_of_too_many_people_is_refused(program, known, tmp_path):
    line = json.loads(known[0].read_text().splitlines()[0])
    numbers = len(line["embedding"])
    most = 2**24 // numbers
    many = json.dumps(line | {"person": "NAME", "embedding": [0] * numbers})
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(many.replace("NAME", str(each)) for each in range(most + 1)))
    reason = f"more than {most} people, the most with embeddings of {numbers} numbers"
    assert reason in refusal(program, "watch", *BUNDLES, "--against", path)


def test_a_file_of_nobody_is_refused(program, known, tmp_path):
    nobody = tmp_path / "nobody.jsonl"
    nobody.write_text(known[0].read_text().splitlines()[-1])
    options = ["watch", *BUNDLES, "--against"]
    assert "holds no entry of a person with a name" in refusal(program, *options, nobody)
    assert "not a file" in refusal(program, *options, tmp_path)
    assert "No such file" in refusal(program, *options, tmp_path / "none")
