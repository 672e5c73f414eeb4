"""`bireid-deploy experiment`: trained once, skipped after, continued when interrupted."""

import json
import shutil
import signal
import statistics

import pytest
from PIL import Image

from bireid_deploy.cli.main import run

KEYS = ["first-seed0", "first-seed1", "second-seed0", "second-seed1"]


@pytest.fixture(scope="module")
def finished(write_grid, tmp_path_factory):
    """The tiny grid, trained; two runs at a time."""
    folder = tmp_path_factory.mktemp("experiment")
    grid = write_grid(folder)
    assert run(["experiment", str(grid), "--out", str(folder / "out"), "--jobs", "2"]) == 0
    return folder


@pytest.fixture
def again(finished, tmp_path):
    """A copy of the trained grid that a test may change."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


def _record(out, key):
    return json.loads((out / "results" / f"{key}.json").read_text())


@pytest.mark.slow
def test_every_run_leaves_a_record_that_says_what_was_done(finished):
    out = finished / "out"
    assert sorted(path.stem for path in (out / "results").iterdir()) == KEYS
    assert sorted(path.name for path in (out / "runs").iterdir()) == KEYS
    for key in KEYS:
        record = _record(out, key)
        name, seed = key.split("-seed")
        assert (record["grid"], record["run"], record["seed"]) == ("tiny-grid", name, int(seed))
        assert record["recipe"]["seed"] == int(seed)
        assert record["data"]["train"] == {"identities": 10, "images": 120, "cameras": 4}
        assert record["data"]["query"] == {"identities": 10, "images": 40, "cameras": 4}
        assert 0 < record["metrics"]["mean_average_precision"] < 1
        assert record["metrics"]["valid_queries"] == 40
        assert len(record["history"]["identity"]) == record["epochs"] == 1
        assert record["images_per_second"] > 0
        assert record["versions"]["tensorflow"]

    with Image.open(next((out / "people" / "query").glob("*.jpg"))) as image:
        assert image.size == (32, 64)
    first, second = _record(out, "first-seed1"), _record(out, "second-seed1")
    assert first["initial"] is None
    assert second["initial"] == {"run": "first-seed1", "fingerprint": first["fingerprint"]}
    trained = json.loads((out / "runs" / "second-seed1" / "run.json").read_text())
    assert trained["initial"] == "first-seed1"
    assert trained["recipe"]["optimizer"]["other_rate"] == 0.002
    fingerprints = {_record(out, key)["fingerprint"] for key in KEYS}
    assert len(fingerprints) == 4


@pytest.mark.slow
def test_a_second_call_trains_nothing_and_shows_means_and_intervals(experiment, finished):
    out, grid = finished / "out", finished / "grid.toml"
    before = {key: (out / "results" / f"{key}.json").stat().st_mtime_ns for key in KEYS}
    table = experiment(grid, "--out", out)
    assert table.code == 0
    assert "4 runs, 4 done already" in table.err
    assert {key: (out / "results" / f"{key}.json").stat().st_mtime_ns for key in KEYS} == before

    values = [_record(out, f"second-seed{seed}")["metrics"]["rank_1"] for seed in (0, 1)]
    mean = statistics.fmean(values)
    half_width = 12.7062 * statistics.stdev(values) / 2**0.5
    lines = [" ".join(line.split()) for line in table.out.splitlines()]
    assert "tiny-grid on people" in lines
    assert [line.split(" ")[0] for line in lines if " ± " in line] == ["run", "Second", "first"]
    assert "run mAP ± 95 % rank-1 ± 95 % mINP ± 95 % seeds" in lines
    (row,) = [line for line in lines if line.startswith("Second stage ")]
    assert f" {100 * mean:.1f} ± {100 * half_width:.1f} " in row
    assert row.endswith(" 2")

    summary = experiment(grid, "--out", out, "--json", "--only", "first").json
    assert [each["run"] for each in summary["runs"]] == ["first"]
    assert summary["runs"][0]["seeds"] == [0, 1]
    assert summary["failed"] == {}
    both = experiment(grid, "--out", out, "--json").json
    scores = {each["run"]: each["scores"] for each in both["runs"]}
    assert scores["second"]["rank_1"]["mean"] == pytest.approx(mean)
    assert scores["second"]["rank_1"]["half_width"] == pytest.approx(half_width, rel=1e-5)


@pytest.mark.slow
def test_changed_conditions_are_refused(refused, again):
    out, grid = again / "out", again / "grid.toml"
    text = grid.read_text()
    grid.write_text(text.replace("other_rate=0.002", "other_rate=0.003"))
    err = refused(grid, "--out", out)
    assert f"{out / 'results' / 'second-seed0.json'}: made under other conditions" in err
    assert "(changed: optimizer.other_rate)" in err

    grid.write_text(text.replace('init = "first"\n', ""))
    assert "(changed: init)" in refused(grid, "--out", out)

    grid.write_text(text.replace("identities = 20", "identities = 22"))
    assert "with identities 20, not 22" in refused(grid, "--out", out)

    grid.write_text(text)
    result = out / "results" / "first-seed0.json"
    kept = result.read_text()
    result.unlink()
    assert "nothing says under which conditions this run was" in refused(grid, "--out", out)
    result.write_text(kept.replace('"versions"', '"version"'))
    assert "damaged record: KeyError('versions')" in refused(grid, "--out", out)
    result.write_text(kept.replace('"larq": "', '"larq": "9.'))
    assert "(changed: larq)" in refused(grid, "--out", out)
    result.write_text(kept.replace('"sha256": "', '"sha256": "f'))
    assert "(changed: data)" in refused(grid, "--out", out)
    result.write_text("[]")
    assert "not a record of schema 1" in refused(grid, "--out", out)
    result.write_text(kept)

    image = next((out / "people" / "query").iterdir())
    image.rename(image.with_name("0019_c9s1_000001_00.jpg"))
    assert "remove the folder and render again" in refused(grid, "--out", out)


@pytest.mark.slow
def test_a_run_that_is_gone_is_trained_again_to_the_same_numbers(experiment, again):
    out, grid = again / "out", again / "grid.toml"
    before = _record(out, "second-seed0")
    (out / "results" / "second-seed0.json").unlink()
    shutil.rmtree(out / "runs" / "second-seed0")
    result = experiment(grid, "--out", out)
    assert result.code == 0, result.err
    assert "4 runs, 3 done already" in result.err
    assert "1/1  second-seed0: mAP " in result.err
    after = _record(out, "second-seed0")
    for key in ("fingerprint", "metrics", "history", "initial", "recipe"):
        assert after[key] == before[key]


@pytest.mark.slow
def test_a_failed_run_holds_up_only_those_that_start_from_it(experiment, again):
    out, grid = again / "out", again / "grid.toml"
    for key in KEYS[1:]:
        (out / "results" / f"{key}.json").rename(out / "runs" / f"{key}.json")
        if key != "first-seed1":
            shutil.rmtree(out / "runs" / key)
    broken = out / "runs" / "first-seed1"
    (broken / "checkpoint.npz").write_bytes(b"PK")
    (broken / "run.json").write_text(
        (broken / "run.json").read_text().replace('"finished": true', '"finished": false')
    )
    result = experiment(grid, "--out", out)
    assert result.code == 2
    assert "first-seed1 failed: " in result.err
    assert "damaged checkpoint" in result.err
    assert "second-seed1 failed: not started, because a run that it starts from" in result.err
    finished = sorted(path.stem for path in (out / "results").iterdir())
    assert finished == ["first-seed0", "second-seed0"]
    assert "Second stage" in result.out


@pytest.mark.slow
def test_ctrl_c_keeps_everything_and_the_same_command_continues(
    experiment, refused, start, finished, grid, tmp_path
):
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(recipe.read_text().replace("epochs = 1", "epochs = 6"))
    shutil.copytree(finished / "out" / "people", tmp_path / "out" / "people")
    arguments = [grid, "--only", "first", "--out", tmp_path / "out"]
    with start(*arguments) as process:
        lines = iter(process.stderr.readline, "")
        assert next(lines).startswith("people: 10 people with 120 images ")
        assert next(lines) == "experiment 'tiny-grid': 2 runs, 0 done already\n"
        assert next(lines).startswith("first-seed0: people: ")
        assert next(lines).startswith("first-seed0: epoch 1/6 ")
        assert "another experiment, or a training it left behind" in refused(*arguments)
        process.send_signal(signal.SIGINT)
        rest = list(lines)
    assert process.returncode == 130
    assert rest[-1].startswith("bireid-deploy: interrupted; ")
    assert not any("Traceback" in line for line in rest)
    run_record = tmp_path / "out" / "runs" / "first-seed0" / "run.json"
    interrupted = json.loads(run_record.read_text())
    assert not interrupted["finished"]
    assert interrupted["steps"] > 0
    assert list((tmp_path / "out" / "results").iterdir()) == []

    recipe.write_text(recipe.read_text().replace("epochs = 6", "epochs = 5"))
    assert "(changed: optimizer.epochs)" in refused(*arguments)
    recipe.write_text(recipe.read_text().replace("epochs = 5", "epochs = 6"))
    grid.write_text(grid.read_text().replace("seeds = [0, 1]", "seeds = [0]"))
    continued = experiment(*arguments)
    assert continued.code == 0, continued.err
    assert "first-seed0: epoch 1/6 " not in continued.err
    assert "first-seed0: epoch 6/6 " in continued.err

    whole = experiment(*arguments[:-1], _with_people(tmp_path, finished))
    assert whole.code == 0, whole.err
    one, two = (_record(tmp_path / name, "first-seed0") for name in ("out", "whole"))
    for key in ("metrics", "history", "steps", "fingerprint"):
        assert one[key] == two[key]


CLASSES = """
name = "classes"
seeds = [0]
set = ["task=classification", "batch.sampling=shuffled", "loss.triplet_weight=0.0"]
[data]
kind = "classification"
[[run]]
name = "tiny"
recipe = "tiny.toml"
"""


@pytest.mark.slow
def test_classes_are_measured_by_their_accuracy(experiment, write_grid, tmp_path):
    colours = {"dark": 40, "light": 200}
    for split in ("train", "test"):
        for name, colour in colours.items():
            folder = tmp_path / "data" / split / name
            folder.mkdir(parents=True)
            for number in range(8):
                Image.new("RGB", (32, 32), (colour + number,) * 3).save(folder / f"{number}.png")
    grid, data = write_grid(tmp_path, CLASSES), tmp_path / "data"
    result = experiment(grid, "--data", data, "--out", tmp_path / "out")
    assert result.code == 0, result.err
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert "run top-1 ± 95 % top-5 ± 95 % seeds" in lines
    record = _record(tmp_path / "out", "tiny-seed0")
    top_1 = record["metrics"]["top_1"]
    assert f"tiny {100 * top_1:.1f} 100.0 1" in lines
    assert record["data"]["train"] == {"classes": 2, "images": 16}
    assert record["data"]["test"] == {"images": 16}
    assert record["history"].keys() == {"total", "identity", "accuracy"}
    assert record["metrics"]["per_class"].keys() == colours.keys()


def _with_people(tmp_path, finished):
    shutil.copytree(finished / "out" / "people", tmp_path / "whole" / "people")
    return tmp_path / "whole"
