"""A method of one's own is a file and one line in METHODS: that of docs/extending.md at work."""

import json
import os
import signal

import documentation
import numpy as np
import pytest

from bireid_deploy.errors import RecipeError, TrainingError, TrainingInterruptedError
from bireid_deploy.experiments.record import training_summary
from bireid_deploy.recipes.terms import logged_terms
from bireid_deploy.training.methods import METHODS, enabled_methods
from bireid_deploy.training.methods.base import Play

ON = {"feature_centre": {"weight": 0.01}}
STATE = "feature_centre/centre"


@pytest.fixture(scope="module", autouse=True)
def own(tmp_path_factory):
    """The module of the page, in a process that knows the method."""
    code = documentation.block("docs/extending.md", "python", '"""Feature centre')
    own = documentation.module(code, "own_method", tmp_path_factory.mktemp("own"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "feature_centre", own.FeatureCentre())
        yield own


@pytest.fixture(scope="module")
def whole(trainer, plain_recipe, tmp_path_factory):
    """A run that was never interrupted: its directory and its history."""
    path = tmp_path_factory.mktemp("method") / "whole"
    return path, trainer(plain_recipe(optimizer={"epochs": 2}, **ON), path).train()


def test_its_table_is_known_to_recipes(plain_recipe, own):
    assert plain_recipe().section(own.FeatureCentreSection).enabled is False
    recipe = plain_recipe(**ON)
    assert recipe.section(own.FeatureCentreSection).weight == 0.01
    assert METHODS["feature_centre"] in enabled_methods(recipe)
    with pytest.raises(RecipeError, match=r"unknown key feature_centre.wait.*weight"):
        plain_recipe(feature_centre={"wait": 0.01})
    with pytest.raises(RecipeError, match=r"unknown key feature_center.*feature_centre"):
        plain_recipe(feature_center={})
    with pytest.raises(RecipeError, match="task_gradient_only=false"):
        plain_recipe(optimizer={"task_gradient_only": True}, **ON)


@pytest.mark.slow
def test_its_terms_are_in_the_history_and_the_record(whole, plain_recipe):
    path, history = whole
    assert all(epoch["centre_distance"] > 0 for epoch in history)
    assert all(epoch["feature_spread"] > 0 for epoch in history)
    added = history[0]["identity"] + history[0]["triplet"] + history[0]["centre_distance"]
    assert history[0]["total"] == pytest.approx(added, rel=1e-5)

    terms = logged_terms(plain_recipe(**ON))
    shown = [term.name for term in terms if term.shown]
    assert "centre_distance" in shown
    assert "feature_spread" not in shown
    record = json.loads((path / "run.json").read_text())
    kept = training_summary(record, 6, [term.name for term in terms])["history"]
    assert len(kept["centre_distance"]) == len(kept["feature_spread"]) == 2


@pytest.mark.slow
def test_the_centre_learns_and_comes_back_with_the_checkpoint(
    whole, trainer, plain_recipe, checkpoint_arrays, tmp_path
):
    recipe = plain_recipe(optimizer={"epochs": 2}, **ON)
    path = tmp_path / "parts"
    press = {"at_step": 3, "action": lambda: os.kill(os.getpid(), signal.SIGINT)}
    with pytest.raises(TrainingInterruptedError):
        trainer(recipe, path, **press).train()
    halfway = checkpoint_arrays(path)[STATE]
    trainer(recipe, path).train(resume=True)
    one, two = checkpoint_arrays(whole[0]), checkpoint_arrays(path)
    assert np.abs(one[STATE]).max() > 0
    assert np.abs(one[STATE] - halfway).max() > 0
    assert one.keys() == two.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name], err_msg=name)


@pytest.mark.slow
def test_its_advice_is_printed_by_train(cli, tmp_path):
    from bireid_deploy.data.synthetic import write_synthetic

    write_synthetic(
        tmp_path / "people", identities=6, cameras=2, images_per_camera=2, size=(32, 32)
    )
    recipe = tmp_path / "centred.toml"
    recipe.write_text(
        'name = "centred"\n[network]\nbackbone = "resnet10"\nwidth = 0.125\n'
        "input_height = 32\ninput_width = 32\n"
        "[batch]\nidentities = 3\nimages_per_identity = 2\n[augmentation]\npad = 2\n"
        "[optimizer]\nepochs = 1\n[feature_centre]\nleast_spread = 1000.0\n"
    )
    data = ["--data", tmp_path / "people"]
    done = cli("train", recipe, *data, "--out", tmp_path / "run", "--json")
    assert done.code == 0, done.err
    advice = [line for line in done.err.splitlines() if line.startswith("feature_centre: ")]
    assert len(advice) == 1
    assert "lower feature_centre.weight" in advice[0]
    assert done.json["advice"] == advice
    assert done.json["history"][0]["centre_distance"] > 0


@pytest.mark.slow
def test_a_method_that_would_lose_a_variable_is_refused(own, plain_recipe, trainer, tmp_path):
    class Forgetful(own.CentredFeatures):
        def state(self):
            return {}

    class Careless(own.CentredFeatures):
        def state(self):
            return {"network/feature_centre": self._centre, "classifier/kernel:0": self._centre}

    class Loud(own.CentredFeatures):
        def play(self, scene):
            return Play(observed={"identity": super().play(scene).observed["feature_spread"]})

    def train(step):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(own, "CentredFeatures", step)
            trainer(plain_recipe(**ON), tmp_path / step.__name__).train()

    with pytest.raises(ValueError, match="Forgetful: its companion 'feature_centre:0' is not in"):
        train(Forgetful)
    with pytest.raises(ValueError, match="named 'classifier/kernel:0'"):
        train(Careless)
    with pytest.raises(ValueError, match="named 'identity'"):
        train(Loud)


def test_a_table_with_two_meanings_is_refused(own, plain_recipe, monkeypatch):
    monkeypatch.setitem(METHODS, "optimizer", own.FeatureCentre())
    with pytest.raises(ValueError, match="'optimizer' of a recipe has two meanings"):
        plain_recipe()


@pytest.mark.slow
def test_a_head_without_its_feature_is_named(own, plain_recipe, trainer, tmp_path, monkeypatch):
    from bireid_models.heads import HEADS, Head

    monkeypatch.setitem(HEADS, "own", Head("own_head_of_methods:pooled_elsewhere"))
    (tmp_path / "own_head_of_methods.py").write_text(
        "from bireid_models.heads import HeadOutputs\n"
        "from bireid_models.heads.bnneck import bnneck\n\n\n"
        "def pooled_elsewhere(features, config):\n"
        "    found = bnneck(features, config)\n"
        "    kept = {name: each for name, each in found.features.items() if name != 'pooled'}\n"
        "    return HeadOutputs(kept, found.outputs)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(TrainingError, match=r"the triplet loss reads the feature 'pooled'.*neck"):
        trainer(plain_recipe(network={"head": "own"}), tmp_path / "plain")
    off = {"loss": {"triplet_weight": 0.0}}
    with pytest.raises(TrainingError, match=r"feature_centre reads the feature 'pooled'"):
        trainer(plain_recipe(network={"head": "own"}, **off, **ON), tmp_path / "centred")
