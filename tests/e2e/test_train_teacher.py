"""`bireid-deploy train --teacher`."""

import json
import shutil
from pathlib import Path

from bireid_deploy.training.run_directory import RunDirectory

FILES = Path(__file__).parents[1] / "converters" / "imported"


def test_a_student_says_who_taught_it(cli, refused, people, real_recipe, trained_real, tmp_path):
    train = ["train", real_recipe, "--data", people, "--set", "distillation.enabled=true"]
    result = cli(*train, "--out", tmp_path / "run", "--teacher", trained_real.path, "--json")
    assert result.code == 0, result.err
    assert result.json["history"][0]["distillation"] > 0
    teacher = json.loads((tmp_path / "run" / "run.json").read_text())["teacher"]
    assert teacher["run"] == "real-run"
    assert teacher == RunDirectory(trained_real.path).identity()

    # Another teacher is refused, and does not become that of the run.
    shutil.copytree(trained_real.path, tmp_path / "other")
    resume = ("train", "--resume", "--out", tmp_path / "run")
    err = refused(2, *resume, "--teacher", tmp_path / "other")
    assert "cannot resume with another teacher; it was started with 'real-run'" in err
    assert cli(*resume).code == 0


def test_what_a_checkpoint_was_taken_for_is_said(cli, refused, people, real_recipe, tmp_path):
    (tmp_path / "opts.yaml").write_text("stride: 1\nlinear_num: 16\n")
    theirs = tmp_path / "theirs.pth"
    theirs.write_bytes((FILES / "layumi.pth").read_bytes())
    keys = ("enabled=true", "target=relations", "checkpoint.size=[64,32]")
    keys += ("checkpoint.config=opts.yaml",)
    train = ["train", real_recipe, "--data", people, "--teacher", theirs]
    train += [part for key in keys for part in ("--set", f"distillation.{key}")]
    result = cli(*train, "--out", tmp_path / "run", "--json")
    assert "theirs.pth: layumi, taken for granted: images of 256x128, bicubic" in result.err
    assert "; the recipe says size 64 32\n" in result.err
    assert "opts.yaml: last stride 1" in result.err
    assert result.json["history"][0]["distillation"] > 0
    err = refused(6, *train, "--out", tmp_path / "other", "--set", "distillation.checkpoint.arch=x")
    assert "theirs.pth: no architecture 'x'" in err

    # Another configuration makes another teacher of the same weights.
    (tmp_path / "opts.yaml").write_text("stride: 2\nlinear_num: 16\n")
    err = refused(2, "train", "--resume", "--out", tmp_path / "run", "--teacher", theirs)
    assert "cannot resume with another teacher" in err
    (tmp_path / "opts.yaml").unlink()
    assert "opts.yaml" in refused(2, *train, "--out", tmp_path / "other")


def test_an_onnx_file_is_told_the_way(refused, people, real_recipe, tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08")
    train = ["train", real_recipe, "--data", people, "--out", tmp_path / "run"]
    err = refused(
        3, *train, "--set", "distillation.enabled=true", "--teacher", tmp_path / "net.onnx"
    )
    assert "net.onnx: an ONNX file is no checkpoint; `bireid-deploy import` makes a bundle" in err


def test_a_teacher_and_a_recipe_that_distils_go_together(refused, people, real_recipe, tmp_path):
    out = tmp_path / "run"
    train = ["train", real_recipe, "--data", people, "--out", out]
    err = refused(2, *train, "--set", "distillation.enabled=true")
    assert "learns from a teacher; name the teacher's run with --teacher" in err
    assert "leave out --teacher" in refused(2, *train, "--teacher", tmp_path / "any")
    assert not out.exists()


def test_layouts_are_for_people(refused, people, tmp_path):
    train = ["train", "cifar_baseline", "--data", people, "--out", tmp_path / "run"]
    assert "data sets of classes have one layout; leave out --layout" in refused(
        2, *train, "--layout", "market1501"
    )
    assert "holds neither train/" in refused(2, *train)
