"""`bireid-deploy compare`."""

import pytest

from bireid_deploy.api.comparing import Comparison
from bireid_deploy.cli.comparison_table import emit_comparison
from bireid_deploy.comparison.comparison import Difference, Measured, Row
from bireid_deploy.evaluation.item_scores import Agreement
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import Report


@pytest.fixture(scope="module")
def saved(workplace, make, bundle, people):
    path = workplace / "compared.npz"
    return make(path, "evaluate", bundle, "--data", people, "--save", path).path


def test_does_one_bit_hurt(cli, trained, four_formats, people):
    files = [four_formats.path / name for name in ("model.float.onnx", "model.int8.tflite")]
    models = [*files, four_formats.path, trained.path]
    result = cli("compare", *models, "--data", people, "--json")
    assert result.code == 0, result.err
    assert result.json["intervals_over"] == {"name": "people", "count": 60}
    real, quantised, binary, run = result.json["models"]
    assert [each["model"] for each in result.json["models"]] == [each.name for each in models]
    assert (real["differences"], real["agreement"]) == ({}, None)
    for row, other in ((quantised, real), (binary, real), (run, real)):
        for score in ("mean_average_precision", "rank_1"):
            low, high = row["intervals"][score]
            assert low <= row["scores"][score] <= high
            difference = row["differences"][score]
            gained = row["scores"][score] - other["scores"][score]
            assert difference["value"] == pytest.approx(gained)
            assert difference["interval"][0] <= gained <= difference["interval"][1]
        # The same interval that `evaluate` gives.
        assert row["intervals"]["rank_1"] == pytest.approx(row["scores"]["rank_1_interval"])
    # Eight bits keep nearly all of the order, another network does not.
    assert quantised["agreement"]["rank_correlation"] > 0.9
    assert binary["agreement"]["rank_correlation"] < quantised["agreement"]["rank_correlation"]
    assert quantised["bytes"] == files[1].stat().st_size
    assert binary["bytes"] == (four_formats.path / "model.lce.tflite").stat().st_size
    assert run["bytes"] > 4 * binary["bytes"]
    assert run["milliseconds"] is None
    assert all(each["milliseconds"] > 0 for each in (real, quantised, binary))


def test_the_table_fits_80_columns_and_says_what_can_be_told(cli, bundle, trained, saved, people):
    result = cli("compare", trained.path, bundle, saved, "histogram", "--data", people)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert max(map(len, lines)) <= 80
    header = "model mAP rank-1 mAP - 1st alike MB ms"
    assert header in [" ".join(line.split()) for line in lines]
    for name in ("run", "(keras)", "bundle", "(native)", "compared.npz", "(saved)", "histogram"):
        assert any(line.strip().startswith(name) for line in lines)
    assert "bundle: " in result.err
    assert "60 people cannot tell them apart" in result.err


def test_saved_embeddings_need_no_data(cli, saved, tmp_path):
    other = tmp_path / "other.npz"
    other.write_bytes(saved.read_bytes())
    result = cli("compare", saved, other, "--json")
    assert result.code == 0, result.err
    second = result.json["models"][1]
    assert second["differences"]["rank_1"] == {"value": 0, "interval": [0, 0]}
    assert second["agreement"] == {"same_first": 1, "rank_correlation": 1}
    assert second["bytes"] is None


def test_what_cannot_be_compared(refused, make, bundle, saved, people, people_copy, tmp_path):
    assert "at least two models" in refused(2, "compare", bundle, "--data", people)
    assert "on a data set" in refused(2, "compare", bundle, saved)
    assert "given twice" in refused(2, "compare", bundle, bundle, "--data", people)
    assert "does not exist" in refused(2, "compare", bundle, tmp_path / "no", "--data", people)
    card = bundle / "card.md"
    assert "no model file of a bundle" in refused(2, "compare", bundle, card, "--data", people)
    next((people_copy / "query").iterdir()).unlink()
    fewer = tmp_path / "fewer.npz"
    make(fewer, "evaluate", "histogram", "--data", people_copy, "--save", fewer)
    err = refused(2, "compare", saved, fewer)
    assert "fewer.npz was measured on other items than compared.npz" in err


def test_the_widest_table_fits_80_columns(capsys):
    """Long names, scores of 100 and negative differences with two digits on both sides."""
    names = ("mean_average_precision", "rank_1")
    scores = dict.fromkeys(names, 1.0)
    report = Report(scores, (), (), None, "people", "", {})
    measured = Measured("a_very_long_name-" * 4, "colour histogram", report, 123_456_789, 1234.5)
    row = Row(
        measured,
        dict.fromkeys(names, (0.9444, 1.0)),
        {name: Difference(-0.3333, (-0.4444, -0.2222)) for name in names},
        Agreement(1.0, 1.0),
    )
    emit_comparison(Comparison((row, row), TASKS["reid"], "people", "", 60, "people", 1))
    said = capsys.readouterr()
    assert max(map(len, said.out.splitlines())) <= 80
    assert "-44.4..-22.2" in said.out
    assert "94.4-100" in said.out
    assert "33.3 points of mAP below" in said.err
