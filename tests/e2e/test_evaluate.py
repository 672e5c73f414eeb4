"""`bireid-deploy evaluate`."""

import json
import shutil

import pytest

from bireid_deploy.api.evaluation import Evaluation
from bireid_deploy.tasks.base import Report

SCORES = ("mean_average_precision", "rank_1", "rank_5", "rank_10", "mean_inverse_negative_penalty")
COLUMNS = ["model", "mAP", "rank-1", "rank-5", "rank-10", "mINP", "queries"]


def _scores(result):
    assert result.code == 0, result.err
    assert result.json["valid_queries"] == result.json["total_queries"] == 240
    return {name: result.json[name] for name in SCORES}


def test_the_run_and_every_engine_of_its_bundle_rank_alike(cli, trained, bundle, people):
    data = ["--data", people, "--json"]
    keras = cli("evaluate", trained.path, *data)
    native = cli("evaluate", bundle, *data, "--threads", "2")
    litert = cli("evaluate", bundle, *data, "--backend", "litert", "--threads", "2")
    onnx = cli("evaluate", bundle, *data, "--backend", "onnx")
    lce = cli("evaluate", bundle, *data, "--backend", "lce", "--threads", "2")
    engines = [each.json["engine"] for each in (keras, native, litert, onnx, lce)]
    assert engines == ["keras", "native", "litert", "onnx", "lce"]
    assert keras.json["data"] == people.name
    for converted in (native, litert, onnx, lce):
        assert _scores(converted) == pytest.approx(_scores(keras), abs=0.01)
    assert _scores(native) == _scores(litert) == _scores(lce)


def test_what_the_integer_stem_costs(cli, bundle, people):
    exact, integer = (
        cli("evaluate", bundle, "--data", people, "--json", "--backend", backend)
        for backend in ("litert", "litert-uint8")
    )
    assert integer.json["engine"] == "litert-uint8"
    assert _scores(integer) == pytest.approx(_scores(exact), abs=0.02)


def test_scores_are_kept_in_the_bundle_and_its_card(cli, bundle, people, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(bundle, own)
    before = json.loads((own / "manifest.json").read_text())
    elsewhere = tmp_path / "shop"
    shutil.copytree(people, elsewhere)
    for _ in range(2):
        result = cli("evaluate", own, "--data", elsewhere, "--keep", "--json")
        assert result.code == 0, result.err
    after = json.loads((own / "manifest.json").read_text())
    kept = [each for each in after["metrics"] if each["data"] == "shop"]
    assert [each["engine"] for each in kept] == ["native"]
    assert _scores(result) == {name: kept[0][name] for name in SCORES}
    assert {**after, "metrics": before["metrics"]} == before
    assert after["metrics"][:-1] == before["metrics"]
    assert f"| native | shop | {100 * kept[0]['mean_average_precision']:.1f}" in (
        (own / "card.md").read_text()
    )
    assert cli("inspect", own).code == 0

    refused = cli("evaluate", own, "--data", people, "--keep", "--rerank")
    assert refused.code == 2
    assert "--keep takes scores without --rerank" in refused.err
    refused = cli("evaluate", "histogram", "--data", people, "--keep")
    assert "--keep writes into a bundle, and histogram is none" in refused.err


def test_the_table(cli, bundle, people):
    result = cli("evaluate", bundle, "--data", people)
    assert result.code == 0
    title, header, row = [
        line.split() for line in result.out.splitlines() if line.strip() and "─" not in line
    ]
    assert title == ["bundle", "on", "people"]
    assert header == COLUMNS
    assert row[0] == "native"
    assert row[-1] == "240/240"
    assert all(0 <= float(cell) <= 100 for cell in row[1:-1])


def test_colour_alone_does_not_identify_synthetic_people(cli, people):
    result = cli("evaluate", "histogram", "--data", people, "--json")
    assert result.json["engine"] == "colour histogram"
    assert 0 < _scores(result)["mean_average_precision"] < 0.10


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_saved_embeddings_rank_the_same(cli, bundle, people, tmp_path, suffix):
    saved = tmp_path / f"embeddings{suffix}"
    first = cli("evaluate", bundle, "--data", people, "--save", saved, "--json")
    assert f"saved to {saved}" in first.err
    second = cli("evaluate", saved, "--json")
    assert _scores(second) == _scores(first)
    table = cli("evaluate", saved)
    assert table.code == 0
    assert f"embeddings{suffix} on its own" in table.out


def test_reranking_and_trapezoid_change_the_figures_and_say_so(cli, bundle, people, tmp_path):
    saved = tmp_path / "embeddings.npz"
    plain = cli("evaluate", bundle, "--data", people, "--save", saved, "--json")
    assert plain.json["reranking"] is None
    assert plain.json["average_precision_definition"] == "non-interpolated"

    drawn = cli("evaluate", saved, "--draw", tmp_path / "ranked.png")
    assert drawn.code == 2
    assert drawn.err.strip().endswith("holds no images to draw; evaluate a run or a bundle")

    reranked = cli("evaluate", saved, "--rerank", "--json")
    assert reranked.json["reranking"]["k1"] == 20
    assert _scores(reranked) != _scores(plain)

    trapezoid = cli("evaluate", saved, "--average-precision", "trapezoid", "--json")
    assert trapezoid.json["average_precision_definition"] == "trapezoid"
    assert trapezoid.json["rank_1"] == plain.json["rank_1"]
    assert trapezoid.json["mean_average_precision"] != plain.json["mean_average_precision"]


@pytest.mark.parametrize("names", [("all",), ("bird", "car", "all")])
def test_what_was_trained_has_its_rows_beside_what_is_deployed(cli, monkeypatch, names):
    """Of a report with several rows, as of a detector of several classes, a table of its own."""

    def report(score):
        rows = tuple((name, f"{score + index}.0") for index, name in enumerate(names))
        scores = {"ap": score / 100}
        return Report(scores, ("class", "AP"), rows, None, "street", "6 test images", {})

    found = Evaluation("run", "keras", report(10), None, report(70))
    monkeypatch.setattr("bireid_deploy.api.evaluate", lambda *_, **__: found)
    result = cli("evaluate", "run", "--data", "street")
    rows = [line.split()[-2:] for line in result.out.splitlines()]
    for start in (10, 70):
        for index, name in enumerate(names):
            assert [name, f"{start + index}.0"] in rows
    assert " ".join(result.out.split()).count("as trained") == 1
    assert cli("evaluate", "run", "--data", "street", "--json").json["as_trained"] == {"ap": 0.7}


def test_square_brackets_in_a_name_are_no_markup(cli, people, tmp_path):
    saved = tmp_path / "night [red].npz"
    assert cli("evaluate", "histogram", "--data", people, "--save", saved).code == 0
    assert "night [red].npz on its own" in cli("evaluate", saved).out


@pytest.mark.parametrize("split", ["query", "bounding_box_test"])
def test_a_broken_test_image_stops_it(refused, people_copy, damage, split):
    broken = sorted((people_copy / split).iterdir())[7]
    damage(broken, lambda content: content[: len(content) // 2])
    err = refused(2, "evaluate", "histogram", "--data", people_copy)
    assert f"evaluation needs every image: {broken}: " in err


def test_what_cannot_be_evaluated(refused, bundle, people, tmp_path):
    data = ["--data", people]
    assert "not a bundle" in refused(2, "evaluate", people, *data)
    assert "no run, bundle, file of outputs or baseline" in refused(
        2, "evaluate", tmp_path / "absent", *data
    )
    assert "does not exist" in refused(2, "evaluate", bundle, "--data", tmp_path / "absent")
    assert "unknown layout 'mars'" in refused(2, "evaluate", bundle, *data, "--layout", "mars")
    assert "no back end 'gpu'" in refused(2, "evaluate", bundle, *data, "--backend", "gpu")


@pytest.mark.parametrize("kind", ["run", "histogram"])
def test_a_back_end_is_a_matter_of_bundles(refused, trained, people, kind):
    model = trained.path if kind == "run" else "histogram"
    err = refused(2, "evaluate", model, "--data", people, "--backend", "lce")
    assert "only a bundle has back ends" in err


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_embeddings_without_labels_are_not_ranked(cli, refused, bundle, people, tmp_path, suffix):
    plain = tmp_path / f"plain{suffix}"
    assert cli("embed", bundle, people / "query", "-o", plain).code == 0
    err = refused(2, "evaluate", plain)
    assert f"{plain}: has no labels; rank embeddings that `evaluate --save` wrote" in err
    assert len(err.splitlines()) == 1


def test_lines_of_two_bundles_are_not_ranked(cli, refused, people, tmp_path):
    saved = tmp_path / "mixed.jsonl"
    assert cli("evaluate", "histogram", "--data", people, "--save", saved).code == 0
    lines = [json.loads(line) for line in saved.read_text().splitlines()]
    lines[-1]["fingerprint"] = "sha256:0123"
    saved.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    err = refused(2, "evaluate", saved)
    assert f"{saved}: line {len(lines)} is of the embedding space 'sha256:0123'" in err


def test_files_of_embeddings_that_cannot_be_used(refused, people, tmp_path):
    absent = tmp_path / "absent.npz"
    assert f"{absent}: no such file" in refused(2, "evaluate", absent)
    assert "leave out the data set" in refused(2, "evaluate", absent, "--data", people)
    absent.write_bytes(b"PK not quite")
    assert f"{absent}: not a readable .npz file" in refused(2, "evaluate", absent)


@pytest.mark.parametrize("name", ["scores.txt", "absent/scores.npz"])
def test_a_file_that_cannot_be_saved_is_refused_before_the_work(refused, bundle, tmp_path, name):
    # Nothing was opened yet: not even that there is no data set has been seen.
    absent = tmp_path / "no-data"
    err = refused(2, "evaluate", bundle, "--data", absent, "--save", tmp_path / name)
    assert str(tmp_path / name) in err
    assert str(absent) not in err


def test_a_run_whose_record_is_damaged(refused, trained, people, tmp_path):
    run = shutil.copytree(trained.path, tmp_path / "run")
    (run / "run.json").write_text('{"schema_version": 1')
    err = refused(2, "evaluate", run, "--data", people)
    assert f"{run / 'run.json'}: damaged record" in err


def test_counts_come_first_and_nothing_is_left_out_without_a_word(cli, people_copy):
    gallery = people_copy / "bounding_box_test"
    odd = sorted(gallery.iterdir())[:4]
    for path, suffix in zip(odd, (".webp", ".tif", ".jpgx", ""), strict=True):
        path.rename(path.with_suffix(suffix))
    (gallery / ".hidden.jpg").touch()
    shutil.rmtree(people_copy / "bounding_box_train")
    result = cli("evaluate", "histogram", "--data", people_copy, "--json")
    assert result.code == 0, result.err
    first, second = result.err.splitlines()[:2]
    images = result.json["data_set"]["gallery"]["images"]
    assert first.startswith("people: 60 people, 240 queries under 4 cameras and ")
    junk = result.json["data_set"]["gallery"]["junk"]
    assert f" {images} gallery images under 4 cameras ({junk} junk aside) to test" in first
    # What is measured is what was counted.
    said = f"{images} gallery images ({junk} junk images are dropped); 95 %"
    assert said in cli("evaluate", "histogram", "--data", people_copy).err
    assert second.startswith("left out 4: ")
    assert sum(result.json["data_set"]["left_out"].values()) == 4
    assert result.json["data_set"]["left_out"]["of the suffix .tif"] == 1
    # A WebP is an image, and its name is its content's affair.
    assert images + junk == len(list(gallery.iterdir())) - 4


def test_one_camera_is_ranked_only_when_it_is_asked_for(cli, refused, people, tmp_path):
    for index, path in enumerate(sorted((people / "query").glob("*_c1*"))):
        folder = tmp_path / "own" / f"{index:03}"
        folder.mkdir(parents=True)
        for shot in "ab":
            shutil.copy(path, folder / f"1_{shot}{path.suffix}")
    evaluate = ("evaluate", "histogram", "--data", tmp_path / "own")
    assert "--same-camera keep" in refused(2, *evaluate)
    kept = cli(*evaluate, "--same-camera", "keep", "--json")
    assert (kept.json["rank_1"], kept.json["same_camera"]) == (1, "keep")
    err = refused(2, *evaluate, "--same-camera", "keep", "--gallery-cameras", "other")
    assert "contradicts" in err
