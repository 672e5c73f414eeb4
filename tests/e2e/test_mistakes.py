"""What a person types by mistake is answered by one line that says what to type instead."""

import json

import pytest

from bireid_deploy.recipes import find_recipe, load_recipe


@pytest.fixture
def run(tmp_path):
    """A folder that every verb takes for a training run, without its training."""
    path = tmp_path / "runs" / "real"
    path.mkdir(parents=True)
    recipe = load_recipe(find_recipe("demo_real")).model_dump(mode="json")
    facts = {"data": {}, "finished": True, "steps": 1, "history": [], "initial": None}
    record = {"schema_version": 1, "recipe": recipe, **facts, "teacher": None}
    (path / "run.json").write_text(json.dumps(record))
    return path


@pytest.mark.parametrize(
    "line",
    [
        ["inspect", "RUN"],
        ["bench", "RUN"],
        ["verify", "RUN"],
        ["embed", "RUN", "x.png", "-o", "x.npz"],
        ["detect", "RUN", "x.png", "-o", "x.json"],
        ["classify", "RUN", "x.png"],
        ["follow", "RUN", "x", "--box", "1,1,9,9", "-o", "x.json"],
        ["flash", "RUN", "file:///nowhere"],
    ],
    ids=lambda line: line[0],
)
def test_a_run_is_no_bundle_yet(refused, run, line):
    err = refused(2, *(run if each == "RUN" else each for each in line))
    assert err == (
        f"bireid-deploy: {run}: not a bundle but a training run; make one of it: "
        f"bireid-deploy convert {run} -o BUNDLE\n"
    )


def test_a_bundle_is_no_run(refused, tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "manifest.json").write_text("{}")
    err = refused(2, "convert", bundle, "-o", tmp_path / "new")
    assert f"{bundle}: not a training run but a bundle; give the run" in err


def test_a_run_is_no_recipe(refused, run):
    err = refused(2, "train", run, "--data", "people", "--out", "new")
    assert f"{run}: a training run, not a recipe; continue it with" in err
    assert f"--init {run}" in err


@pytest.mark.parametrize("verb", ["bench", "verify", "inspect"])
def test_a_name_that_is_nearly_right(refused, tmp_path, verb):
    (tmp_path / "bundles" / "market").mkdir(parents=True)
    wrong = tmp_path / "bundles" / "markt"
    err = refused(2, verb, wrong)
    assert f"{wrong} does not exist; did you mean {wrong.parent / 'market'}?" in err


@pytest.mark.parametrize(
    ("verb", "options", "way"),
    [
        ("detect", ("x", "-o", "no/x.json"), "there is no folder"),
        ("detect", ("x", "-o", "x.json", "--draw", "file"), "Not a directory"),
        ("follow", ("x", "--box", "1,1,9,9", "-o", "no/x.txt"), "there is no folder"),
        ("follow", ("x", "--box", "1,1,9,9", "-o", "x.txt", "--draw", "no/x.GIF"), "no folder"),
        ("classify", ("x", "-o", "folder"), "is a folder"),
        ("import", ("-o", "file/new"), "Not a directory"),
        ("train", ("--data", "x", "--out", "file/new"), "Not a directory"),
    ],
)
def test_an_output_is_looked_at_before_anything_else(
    refused, tmp_path, monkeypatch, verb, options, way
):
    """Nothing else that is named here exists, and that is not what is complained of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    first = {"train": "demo_real", "import": "file"}.get(verb, "bundle")
    assert way in refused(2, verb, first, *options)


@pytest.mark.parametrize("verb", ["report", "compare", "teach-cache", "adapt"])
def test_a_run_or_bundle_that_is_nearly_right(refused, run, verb):
    wrong, out = run.parent / "rael", ("-o", run.parent / "out.npz")
    more = {"compare": ("--data", "x"), "adapt": ("--crops", "x", *out)}
    err = refused(2, verb, wrong, *more.get(verb, ("--data", "x", *out)))
    assert f"{wrong} does not exist; did you mean {run}?" in err


def test_a_model_that_is_nearly_right(refused, run, monkeypatch):
    monkeypatch.chdir(run.parent.parent)
    assert "did you mean histogram?" in refused(2, "evaluate", "histgram", "--data", "x")
    assert "did you mean runs/real?" in refused(2, "evaluate", "runs/rael", "--data", "x")
    err = refused(2, "evaluate", "zzz", "--data", "x")
    assert "zzz: no run, bundle, file of outputs or baseline; choose one of: histogram" in err


def test_a_layout_that_is_nearly_right(refused, tmp_path):
    err = refused(2, "evaluate", "histogram", "--data", tmp_path, "--layout", "market")
    assert "unknown layout 'market'; did you mean market1501?" in err


def test_workers_that_nobody_names(refused, monkeypatch):
    for name in ("TF_CONFIG", "SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"):
        monkeypatch.delenv(name, raising=False)
    line = ("train", "demo", "--data", "people", "--out", "new", "--workers")
    assert "needs the variable TF_CONFIG, such as" in refused(2, *line, "tf-config")
    assert "start the training with srun" in refused(2, *line, "slurm")
