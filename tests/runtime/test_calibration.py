"""What scores mean, read from a manifest or a gallery."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime.calibration import Calibration
from bireid_runtime.errors import ArgumentError, BundleError, RateNotShownError
from bireid_runtime.gallery import Gallery
from bireid_runtime.watching.identities import Thresholds, identify
from gallery_embeddings import DIM, NETWORK, person_rows


def rate(value: float) -> dict[str, float]:
    return {"value": value, "low": value / 2, "high": min(1.0, value * 2)}


TABLE = {
    "data": "shop",
    "identities": 50,
    "people": [
        {"target": 0.1, "threshold": 0.3, "fmr": rate(0.1), "tpr": rate(0.9)},
        {"target": 0.01, "threshold": 0.5, "fmr": rate(0.01), "tpr": rate(0.8)},
        {"target": 0.001, "threshold": 0.9, "fmr": rate(0.001), "tpr": rate(0.4)},
    ],
}


def test_a_rate_picks_the_threshold_that_keeps_to_it() -> None:
    table = Calibration.from_text(json.dumps(TABLE), "table")
    assert table.row(0.1).threshold == 0.3
    assert table.row(0.05).threshold == 0.5
    # Ten people, one stranger in ten: about one comparison in a hundred.
    assert table.row_for_gallery(0.1, 10).threshold == 0.5
    assert table.row_for_gallery(0.095, 10).threshold == 0.9
    assert [table.rate(score) for score in (0.2, 0.3, 0.6, 0.95)] == [None, 0.1, 0.01, 0.001]
    with pytest.raises(ArgumentError, match="50 people of shop"):
        table.row_for_gallery(0.01, 100)
    with pytest.raises(ArgumentError, match="above 0"):
        table.row(0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.pop("people"), "people"),
        (lambda table: table.update(people=[]), "people"),
        (lambda table: table["people"].reverse(), "falling targets"),
        (lambda table: table["people"][0].update(threshold=2), "threshold"),
        (lambda table: table["people"][0]["fmr"].pop("low"), "low"),
        (lambda table: table.update(identities="many"), "identities"),
    ],
)
def test_a_malformed_table_names_the_key(change, words: str) -> None:
    table = copy.deepcopy(TABLE)
    change(table)
    with pytest.raises(BundleError, match=words):
        Calibration.from_text(json.dumps(table), "table")


def test_a_gallery_answers_with_the_rate_that_a_score_stands_for(tmp_path: Path) -> None:
    with Gallery.create(tmp_path / "g", NETWORK, DIM) as gallery:
        gallery.add(person_rows(0, 3), person="ada")
        gallery.add(person_rows(1, 3), person="bo")
        query = person_rows(0, 4)[3]
        with pytest.raises(ArgumentError, match="not calibrated"):
            gallery.match(query, fmr=0.01)
        gallery.calibrate(json.dumps(TABLE))
    with Gallery.open(tmp_path / "g") as gallery:
        (match,) = gallery.match(query, fmr=0.01)
        assert (match.verdict, match.label) == ("same", "ada")
        assert match.fmr == (0.001 if match.score >= 0.9 else 0.01)
        assert gallery.match(person_rows(50, 1), fmr=0.01)[0].verdict == "different"
        assert gallery.match(query, fpir=0.19)[0].verdict == "same"
        with pytest.raises(ArgumentError, match="one of same, fmr and fpir"):
            gallery.match(query, 0.5, fmr=0.1)
        with pytest.raises(BundleError):
            gallery.calibrate("{}")


def test_a_gallery_that_outgrows_its_calibration_leaves_the_rest_undecided(tmp_path: Path) -> None:
    rate = Thresholds(fpir=0.02)  # The table shows 0.001: enough for twenty people.
    keys = {"camera": "door", "at": 1.0, "remember": True}
    with Gallery.create(tmp_path / "g", NETWORK, DIM) as gallery:
        gallery.calibrate(json.dumps(TABLE))
        for person in range(30):
            rows = np.eye(DIM, dtype=np.float32)[person : person + 1]
            found = identify(gallery, rows, rate, source=f"track {person}", **keys)
            assert found.rated == (person <= 20)
            assert found.match.verdict == ("different" if found.rated else "undecided")
            assert found.entry is not None
        assert gallery.stats().people == 21
        with pytest.raises(RateNotShownError, match="is lower than"):
            gallery.match(rows, fpir=0.02)
