"""A task of one's own is a file and one line in TASKS: that of docs/extending.md, all the way."""

import json
import os
import signal
import sys
from contextlib import nullcontext

import documentation
import numpy as np
import pytest
from bireid_runtime import Bundle, Session
from bireid_runtime.errors import UnsupportedModelError
from PIL import Image

from bireid_deploy import api
from bireid_deploy.devices import trial
from bireid_deploy.devices.local_link import LocalLink
from bireid_deploy.errors import RecipeError, TrainingError, TrainingInterruptedError
from bireid_deploy.experiments.data import open_data
from bireid_deploy.experiments.grid import load_grid
from bireid_deploy.experiments.plan import plan_runs
from bireid_deploy.experiments.summary import scores_of, summarise
from bireid_deploy.recipes import load_recipe
from bireid_deploy.recipes.terms import logged_terms
from bireid_deploy.tasks import TASKS

PAGE = "docs/extending.md"
TRAIN, TEST = 24, 20


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder, in a process that knows the task."""
    folder = tmp_path_factory.mktemp("brightness")
    code = documentation.block(PAGE, "python", '"""Brightness')
    own = documentation.module(code, "own_task_brightness", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, "brightness", own.Brightness())
        yield folder


@pytest.fixture(scope="module")
def shades(workplace):
    """Images between black and white, with noise."""
    generator = np.random.default_rng(0)
    for split, count in (("train", TRAIN), ("test", TEST)):
        (workplace / "shades" / split).mkdir(parents=True)
        for number, level in enumerate(np.linspace(20, 235, count)):
            pixels = level + generator.integers(-20, 20, (40, 24, 3))
            path = workplace / "shades" / split / f"{number:02}.png"
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    return workplace / "shades"


@pytest.fixture(scope="module")
def recipe(workplace):
    path = workplace / "brightness.toml"
    path.write_text(documentation.block(PAGE, "toml", 'name = "brightness"'))
    return path


@pytest.fixture(scope="module")
def trained(workplace, shades, recipe):
    return api.train(recipe, shades, workplace / "run")


@pytest.fixture(scope="module")
def bundle(workplace, shades, trained):
    """Through the gate, with the scores of every engine."""
    return api.convert(trained.run, workplace / "bundle", data=shades)


def _arrays(run):
    with np.load(run / "checkpoint.npz", allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name != "state.json"}


class Interrupting:
    """Presses Ctrl-C after some steps."""

    def __init__(self, steps):
        self._left = steps

    def step(self, epoch, batch, batches, terms):
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGINT)

    def epoch(self, epoch, summary):
        pass


@pytest.mark.slow
def test_it_is_trained_and_logs_its_own_terms(trained, recipe):
    assert [term.name for term in logged_terms(load_recipe(recipe))] == [
        "total",
        "squared_error",
        "absolute_error",
    ]
    assert set(trained.history[0]) == {
        "total",
        "squared_error",
        "absolute_error",
        "images_per_second",
    }
    assert {"brightness/kernel:0", "brightness/bias:0"} <= _arrays(trained.run).keys()
    record = json.loads((trained.run / "run.json").read_text())
    assert record["recipe"]["brightness"] == {"weight": 2.0}


@pytest.mark.slow
def test_it_learns_from_what_the_page_calls_the_truth(recipe, shades, workplace):
    rates = ["optimizer.epochs=12", "optimizer.other_rate=0.02", "network.precision='real'"]
    found = api.train(recipe, shades, workplace / "longer", overrides=rates)
    first, last = found.history[0]["absolute_error"], found.history[-1]["absolute_error"]
    assert last < 0.5 * first


@pytest.mark.slow
def test_it_is_resumed_to_the_same_weights(trained, recipe, shades, workplace):
    def train(**options):
        return api.train(recipe, shades, workplace / "parts", **options)

    with pytest.raises(TrainingInterruptedError):
        train(reporting=lambda recipe: nullcontext(Interrupting(4)))
    train(resume=True)
    one, two = _arrays(trained.run), _arrays(workplace / "parts")
    assert one.keys() == two.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name], err_msg=name)


@pytest.mark.slow
def test_it_is_converted_through_the_gate_and_verified(bundle, trained, shades):
    assert bundle.task == "brightness"
    assert [(spec.name, spec.kind) for spec in bundle.outputs] == [("brightness", "tensor")]
    assert bundle.manifest["parity"]["verified"]
    engines = {each["engine"]: each for each in bundle.manifest["metrics"]}
    assert {"keras", "onnx", "lce"} <= engines.keys()
    for record in engines.values():
        found, expected = record["mean_absolute_error"], engines["keras"]["mean_absolute_error"]
        assert found == pytest.approx(expected, abs=0.01)
    found = api.verify(bundle.path, run=trained.run, data=shades, explain=True)
    assert found.failed == ()
    names = [check.name for check in found.checks]
    assert {"lce vs keras", "onnx vs keras", "scores on shades"} <= set(names)
    assert found.layers


@pytest.mark.slow
def test_a_bundle_gives_what_the_trained_network_gives(bundle, trained, shades):
    on_keras = api.evaluate(trained.run, shades)
    on_bundle = api.evaluate(bundle.path, shades, backend="onnx")
    assert (on_keras.engine, on_bundle.engine) == ("keras", "onnx")
    expected, found = (each.report.outputs["brightness"] for each in (on_keras, on_bundle))
    assert expected.shape == (TEST, 1)
    assert np.mean(np.abs(found - expected) < 1e-3) >= 0.85

    session = Session.open(bundle.path, backend="onnx")
    images = [np.asarray(Image.open(path)) for path in sorted((shades / "test").iterdir())]
    np.testing.assert_allclose(session.run_images(images)["brightness"], found, atol=1e-6)


@pytest.mark.slow
def test_a_device_tests_itself_with_it(bundle, workplace):
    """What `flash` asks a device: there is no cosine where there is no embedding."""
    version = workplace / "version"
    version.mkdir()
    (version / "venv").symlink_to(sys.prefix)
    (version / "bundle").symlink_to(bundle.path)
    found = trial.self_test(LocalLink(), str(version), trial.PYTHON)
    assert found.max_difference < 0.01
    assert found.min_cosine is None


@pytest.mark.slow
def test_it_is_not_taken_for_another_task(bundle, shades, workplace):
    with pytest.raises(UnsupportedModelError, match="'brightness'"):
        api.embed(bundle.path, [shades / "test"], backend="onnx")
    reid = workplace / "reid.toml"
    reid.write_text('name = "people"\n[brightness]\nweight = 2.0\n')
    with pytest.raises(RecipeError, match="brightness is for task='brightness' alone"):
        load_recipe(reid)


@pytest.mark.slow
def test_the_verbs_know_it(cli, workplace, shades, recipe):
    run, bundle = workplace / "verb-run", workplace / "verb-bundle"
    done = cli("train", recipe, "--data", shades, "--out", run, "--json")
    assert done.code == 0, done.err
    assert "squared error" in done.err
    assert len(done.json["history"]) == 2
    done = cli("convert", run, "-o", bundle, "--format", "onnx", "--json")
    assert done.code == 0, done.err
    assert done.json["bytes"].keys() == {"onnx"}
    assert Bundle.open(bundle).task == "brightness"
    assert "mean_absolute_error" not in (bundle / "card.md").read_text()
    done = cli("evaluate", bundle, "--data", shades, "--backend", "onnx", "--json")
    assert done.code == 0, done.err
    assert done.json["images"] == TEST
    assert 0 <= done.json["mean_absolute_error"] <= 1
    table = cli("evaluate", run, "--data", shades).out
    assert "MAE" in table
    refused = cli("evaluate", run, "--data", shades, "--rerank")
    assert refused.code == 2
    assert "measuring brightness" in refused.err
    refused = cli("train", recipe, "--data", workplace, "--out", workplace / "none")
    assert "needs images in train/" in refused.err


@pytest.mark.slow
def test_its_embedding_can_be_learned_from_and_its_logits_not(trained, recipe, shades, workplace):
    def train(target):
        options = ["distillation.enabled=true", f"distillation.target={target}"]
        out = workplace / f"student-{target}"
        return api.train(recipe, shades, out, overrides=options, teacher=trained.run)

    with pytest.raises(TrainingError, match=r"no classifier.*distillation.target='embedding'"):
        train("logits")
    assert "distillation" in train("embedding").history[0]


def test_a_recipe_is_checked_by_it(recipe, workplace):
    unsized = workplace / "unsized.toml"
    unsized.write_text(recipe.read_text().replace("size = 8\n", ""))
    with pytest.raises(RecipeError, match=r"set batch.sampling='shuffled'"):
        load_recipe(unsized, ["batch.sampling=identity"])
    with pytest.raises(RecipeError, match=r"unknown key brightness.wieght.*weight"):
        load_recipe(recipe, ["brightness.wieght=1.0"])


def test_a_grid_of_it_is_planned(recipe, shades, workplace):
    path = workplace / "grid.toml"
    path.write_text(
        'name = "shades"\nseeds = [0, 1]\n[data]\nkind = "brightness"\n'
        '[[run]]\nname = "first"\nrecipe = "brightness.toml"\n'
    )
    grid = load_grid(path)
    runs = plan_runs(grid, path)
    assert [run.key for run in runs] == ["first-seed0", "first-seed1"]
    data = open_data(grid.data, shades, workplace)
    assert data.description["train"] == {"images": TRAIN}
    assert scores_of(grid.data.kind) == {"mean_absolute_error": "MAE"}
    record = {
        "run": "first",
        "label": "First",
        "data": data.description,
        "metrics": {"mean_absolute_error": 0.25},
    }
    (summary,) = summarise([{**record, "seed": seed} for seed in grid.seeds])
    assert summary.scores["mean_absolute_error"].mean == 0.25
