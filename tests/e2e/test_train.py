"""`bireid-deploy train`."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest


def _record(run):
    return json.loads((run / "run.json").read_text())


def test_a_run_holds_its_record_its_weights_and_its_curves(trained):
    history = trained.result.json["history"]
    assert trained.result.json["run"] == str(trained.path)
    assert len(history) == 2
    terms = {"identity", "triplet", "kernel_adversarial", "kernel_mse", "feature_adversarial"}
    assert history[0].keys() >= terms | {"feature_mse", "images_per_second"}
    assert all(line in trained.result.err for line in ("epoch 1/2  total ", "epoch 2/2  total "))

    record = _record(trained.path)
    assert record["finished"]
    assert record["history"] == history
    assert record["data"] == {"name": "people", "identities": 8, "images": 64, "skipped": 0}
    with np.load(trained.path / "checkpoint.npz", allow_pickle=False) as checkpoint:
        assert "network/stem_conv/kernel:0" in checkpoint
    assert any((trained.path / "tensorboard").iterdir())


def test_without_json_stdout_is_the_run_directory_alone(trained_real):
    assert trained_real.result.out == f"{trained_real.path}\n"


@pytest.mark.slow
def test_a_signal_saves_and_resume_finishes(cli, refused, people, recipe, tmp_path):
    out = tmp_path / "run"
    overrides = ("kernel_refining.enabled=false", "feature_refining.enabled=false")
    arguments = ["train", recipe, "--data", people, "--out", out]
    for override in (*overrides, "optimizer.epochs=12"):
        arguments += ["--set", override]
    command = [sys.executable, "-m", "bireid_deploy", *map(str, arguments)]
    # What a shell says to TensorFlow is meant for other programs.
    foreign = {"TF_USE_LEGACY_KERAS": "0", "TF_XLA_FLAGS": "--tf_no_such_flag"}
    environment = {**os.environ, **foreign}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as training:
        counts, first = training.stderr.readline(), training.stderr.readline()
        training.send_signal(signal.SIGTERM)
        rest = training.stderr.read()
    assert counts == "people: 8 people with 64 images under 4 cameras to train\n"
    assert first.startswith("epoch 1/12")
    assert training.returncode == 130
    assert rest.splitlines()[-1].startswith("bireid-deploy: interrupted at step ")
    assert "Traceback" not in rest

    before = _record(out)
    assert not before["finished"]
    assert before["recipe"]["kernel_refining"]["enabled"] is False

    assert "add --resume to continue it" in refused(2, *arguments)
    changed = refused(2, *arguments, "--resume", "--set", "seed=7")
    assert "cannot resume with another recipe; changed: seed" in changed

    # With the settings of the run.
    resumed = cli("train", "--resume", "--out", out, "--json")
    assert resumed.code == 0
    history = resumed.json["history"]
    assert len(history) == 12
    assert history[: len(before["history"])] == before["history"]
    assert _record(out)["finished"]
    assert _record(out)["steps"] > before["steps"] > 0


def test_a_broken_training_image_is_skipped_and_counted(
    cli, people_copy, real_recipe, damage, tmp_path
):
    broken = sorted((people_copy / "bounding_box_train").iterdir())[3]
    damage(broken, lambda content: content[:100])
    result = cli("train", real_recipe, "--data", people_copy, "--out", tmp_path / "run")
    assert result.code == 0
    assert f"skipped {broken}: " in result.err
    assert "training images skipped: 1\n" in result.err
    assert "Missing RECIPE" in cli("train", "--out", tmp_path / "other").err
    assert "Missing --data" in cli("train", real_recipe, "--out", tmp_path / "other").err
    assert _record(tmp_path / "run")["data"]["skipped"] == 1


def test_init_starts_from_the_weights_of_another_run(
    cli, refused, people, real_recipe, trained_real, tmp_path
):
    # Steps too small to see, so that the weights are still those it started from.
    still = [f"--set=optimizer.{name}_rate=1e-12" for name in ("kernel", "alpha", "other")]
    train = ["train", real_recipe, "--data", people, *still, "--out"]
    assert cli(*train, tmp_path / "run", "--init", trained_real.path, "--set", "seed=5").code == 0
    name = "network/stage3_unit2_conv/kernel:0"
    with (
        np.load(trained_real.path / "checkpoint.npz") as before,
        np.load(tmp_path / "run" / "checkpoint.npz") as after,
    ):
        np.testing.assert_allclose(after[name], before[name], rtol=0, atol=1e-6)
    assert _record(tmp_path / "run")["initial"] == trained_real.path.name

    absent = tmp_path / "absent"
    err = refused(2, *train, tmp_path / "other", "--init", absent)
    assert f"{absent}: no such checkpoint" in err


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer.epoch=3", "unknown key optimizer.epoch; did you mean epochs?"),
        ("netwrok.width=1", "unknown key netwrok; did you mean network?"),
        ("optimizer.epochs=many", "optimizer.epochs: Input should be a valid integer"),
        ("optimizer.epochs=0", "optimizer.epochs: Input should be greater than or equal to 1"),
        ("batch.images_per_identity=1", "the triplet loss needs batch.sampling='identity'"),
        ("name", "--set name: expected section.key=value"),
        ("name.x=1", "--set name.x=1: name is not a section"),
    ],
)
def test_a_mistake_in_the_recipe_is_named(refused, people, recipe, tmp_path, override, message):
    out = tmp_path / "run"
    err = refused(2, "train", recipe, "--data", people, "--out", out, "--set", override)
    assert message in err
    assert not out.exists()


def test_a_recipe_that_is_not_there(refused, people, tmp_path):
    where = ["--data", people, "--out", tmp_path / "run"]
    err = refused(2, "train", "bireid_r99", *where)
    assert "no recipe named 'bireid_r99' is installed; did you mean bireid_r" in err
    assert ", distilled_r18_half," in err
    absent = tmp_path / "absent.toml"
    assert f"{absent}: no such recipe" in refused(2, "train", absent, *where)
    absent.write_text("name = [")
    assert f"{absent}: not a readable TOML file" in refused(2, "train", absent, *where)


def test_a_data_set_that_is_not_there(refused, recipe, tmp_path):
    empty = tmp_path / "empty"
    train = ["train", recipe, "--out", tmp_path / "run", "--data", empty]
    assert f"{empty} does not exist" in refused(2, *train)
    empty.mkdir()
    assert f"no known data set layout in {empty}" in refused(2, *train)
    for split in ("bounding_box_train", "query", "bounding_box_test"):
        (empty / split).mkdir()
    assert "the train split of 'empty'" in refused(2, *train)
    assert "unknown layout 'mars'" in refused(2, *train, "--layout", "mars")


def test_too_few_people_for_a_batch(refused, people, real_recipe, tmp_path):
    train = ["train", real_recipe, "--data", people, "--out", tmp_path / "run"]
    assert "identities" in refused(2, *train, "--set", "batch.identities=9")


def test_a_run_directory_that_cannot_be_made(refused, people, real_recipe, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    err = refused(2, "train", real_recipe, "--data", people, "--out", file)
    assert f"bireid-deploy: {file}: " in err


def test_recipes_are_listed_and_shown(cli, refused):
    listed = cli("train", "--list")
    assert listed.code == 0
    assert max(map(len, listed.out.splitlines())) <= 80
    assert "  distilled_r18_half\n" in listed.out
    names = [each["name"] for each in cli("train", "--list", "--json").json]
    assert names == sorted(names)
    assert {"demo", "detector_r18", "pointnet"} <= set(names)

    shown = cli("train", "--show", "distilled_r18", "--set", "optimizer.epochs=7")
    assert shown.code == 0
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 80
    assert "optimizer.epochs 7 60" in lines
    assert "validation.every 5 0" in lines
    assert "seed 0" in lines
    # Neither other tasks nor methods that are off.
    assert not [line for line in lines if line.startswith(("detection.", "kernel_refining."))]
    assert cli("train", "--show", "cifar_baseline").code == 0
    document = cli("train", "--show", "demo", "--json").json
    assert document["optimizer"]["epochs"] == 14
    err = refused(2, "train")
    assert "--list" in err
    assert "no recipe named 'nothing'" in refused(2, "train", "--show", "nothing")


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("epochs", "optimizer.epochs"),
        ("epoch", "optimizer.epochs"),
        ("network.epochs", "optimizer.epochs"),
        ("kernel_rat", "optimizer.kernel_rate"),
        ("erasing", "augmentation.erasing"),
        ("optimizer.epoch", "epochs"),
        ("mse_weight", "kernel_refining.mse_weight or feature_refining.mse_weight"),
        ("augmentation.jpeg", "augmentation.degradation.jpeg"),
    ],
)
def test_keys_are_suggested_across_tables(refused, tmp_path, key, meant):
    where = ("--data", tmp_path, "--out", tmp_path / "run")
    err = refused(2, "train", "demo", "--set", f"{key}=3", *where)
    assert f"unknown key {key}; did you mean {meant}?" in err
