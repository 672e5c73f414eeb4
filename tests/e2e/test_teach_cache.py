"""`teach-cache`: what a teacher says of the training images, and a student of it."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.rebuild import ImportSettings
from bireid_models.framework import keras
from bireid_runtime import Extractor
from bireid_runtime.images import load_image
from bireid_runtime.preprocess import preprocess
from bireid_runtime.session import Session
from rebuilt import rebuilt
from zoo import REID_BUNDLE

from bireid_deploy.training.teacher_cache import TeacherCache

FILES = Path(__file__).parents[1] / "converters" / "imported"


@pytest.fixture(scope="module")
def made(make, people, tmp_path_factory):
    out = tmp_path_factory.mktemp("teach") / "cache.npz"
    return make(out, "teach-cache", REID_BUNDLE, "--data", people, "-o", out)


def test_it_holds_each_image_and_its_mirror_image(made, people):
    cache = TeacherCache.load(made.path)
    assert "256 numbers each" in made.result.err
    image = load_image(people / cache.names[5])
    extractor = Extractor.open(REID_BUNDLE)
    expected = extractor.embed([image, np.ascontiguousarray(image[:, ::-1])])
    np.testing.assert_allclose(cache.embeddings[5], expected, atol=1e-3)
    assert extractor.fingerprint in cache.teacher


def test_whoever_stops_it_goes_on_to_the_same_bytes(made, cli, refused, people, tmp_path):
    out = tmp_path / "cache.npz"
    teach = ("teach-cache", REID_BUNDLE, "--data", people, "-o", out)
    # Ctrl-C at the second chunk of four, which is finished and kept.
    press = iter(range(2))

    def run_images(session, images, original=Session.run_images):
        if next(press, 1) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return original(session, images)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "run_images", run_images)
        assert "interrupted; what is said of 32 of 64 images lies in" in refused(130, *teach)
    assert not out.exists()
    unfinished = out.with_name("cache.npz.unfinished")
    refused_other = refused(2, *teach, "--threads", 2)
    assert "unfinished: begun with another engine; give what it was begun with" in refused_other
    result = cli(*teach)
    assert result.code == 0
    assert "going on behind 32 of 64 images" in result.err
    assert out.read_bytes() == made.path.read_bytes()
    assert not unfinished.exists()


def test_another_list_of_images_does_not_go_on(cli, refused, people_copy, tmp_path):
    out = tmp_path / "cache.npz"
    teach = ("teach-cache", REID_BUNDLE, "--data", people_copy, "-o", out)
    images = sorted((people_copy / "bounding_box_train").iterdir())
    for broken in (images[2], images[-1]):
        broken.unlink()
        broken.write_bytes(b"no image")
    result = cli(*teach)
    assert f"skipped {images[2]}: " in result.err
    assert f"skipped {images[-1]}: " in result.err
    assert len(TeacherCache.load(out).names) == len(images) - 2
    out.with_name("cache.npz.unfinished").write_text('{"teacher": "other"}\n')
    assert "begun with another teacher and engine and list" in refused(2, *teach)


def test_a_student_learns_relations_from_it(cli, made, people, real_recipe, tmp_path):
    given = ("--set", "distillation.enabled=true", "--set", "distillation.target=relations")
    train = ("train", real_recipe, "--data", people, "--teacher", made.path, *given)
    result = cli(*train, "--out", tmp_path / "run", "--json")
    assert result.code == 0, result.err
    assert result.json["history"][0]["distillation"] > 0
    teacher = json.loads((tmp_path / "run" / "run.json").read_text())["teacher"]
    assert teacher["run"] == "cache.npz"


def test_features_of_the_users_own_code_are_taken_by_name(cli, refused, made, people, tmp_path):
    names = np.array(TeacherCache.load(made.path).names[::-1])
    rows = np.random.default_rng(0).normal(size=(len(names), 5)).astype(np.float32)
    given, out = tmp_path / "mine.npz", tmp_path / "cache.npz"
    np.savez(given, names=names, features=rows, logits=rows[:, :3])
    teach = ("teach-cache", given, "--data", people, "-o", out)
    result = cli(*teach, "--json")
    assert (result.json["dim"], result.json["classes"]) == (5, 3)
    cache = TeacherCache.load(out)
    row = cache.names.index(str(names[0]))
    np.testing.assert_allclose(
        cache.embeddings[row], [rows[0] / np.linalg.norm(rows[0])] * 2, atol=1e-3
    )
    np.savez(given, names=names[1:], features=rows[1:])
    assert "says nothing of 1 of" in refused(2, *teach)
    np.savez(given, names=names, features=rows[:3])
    assert "features must be float" in refused(2, *teach)
    np.savez(given, features=rows)
    assert "needs the arrays names and features" in refused(2, *teach)


def test_a_checkpoint_says_its_logits_too(cli, refused, people, tmp_path):
    (tmp_path / "opts.yaml").write_text("stride: 1\n")
    teach = ("teach-cache", FILES / "layumi.pth", "--data", people, "--size", "64x32")
    teach += ("--config", tmp_path / "opts.yaml")
    result = cli(*teach, "-o", tmp_path / "cache.npz")
    assert "layumi.pth: layumi, taken for granted: images of 256x128" in result.err
    assert "opts.yaml: last stride 1" in result.err
    cache = TeacherCache.load(tmp_path / "cache.npz")
    assert f"16 numbers each, logits of {cache.logits.shape[2]} classes" in result.err
    settings = ImportSettings(size=(64, 32), last_stride=1)
    with read_checkpoint(FILES / "layumi.pth") as opened:
        kernel, bias = (
            opened.tensors[f"classifier.classifier.0.{name}"].numpy() for name in ("weight", "bias")
        )
    read = rebuilt(FILES / "layumi.pth", settings)
    image = load_image(people / cache.names[5])
    inputs = np.stack([preprocess(each, read.preprocess) for each in (image, image[:, ::-1])])
    model = keras.Model(read.network.model.input, read.network.model.layers[-1].input)
    features = model.predict(inputs, verbose=0)
    np.testing.assert_allclose(cache.logits[5], features @ kernel.T + bias, rtol=2e-3, atol=2e-3)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    np.testing.assert_allclose(cache.embeddings[5], unit, atol=1e-3)

    teach = ("teach-cache", REID_BUNDLE, "--data", people, "-o", tmp_path / "other.npz")
    assert "said of a checkpoint of PyTorch" in refused(2, *teach, "--last-stride", 1)
    teach = ("teach-cache", FILES / "layumi.pth", *teach[2:], "--backend", "native")
    assert "only a bundle has back ends" in refused(2, *teach)


def test_a_classifier_of_other_features_says_nothing(cli, people, tmp_path):
    """strong-baseline's was trained behind the neck."""
    (tmp_path / "before.yaml").write_text("TEST:\n  NECK_FEAT: before\n")
    teachers = []
    for config in (None, "before.yaml"):
        out = tmp_path / f"{config}.npz"
        told = () if config is None else ("--config", tmp_path / config)
        teach = ("teach-cache", FILES / "strong-baseline.pth", "--data", people, "--size", "64x32")
        result = cli(*teach, *told, "-o", out)
        assert ("so no logits are kept" in result.err) == (config is not None)
        cache = TeacherCache.load(out)
        assert (cache.logits is None) == (config is not None)
        teachers.append(cache.teacher)
    assert teachers[0] != teachers[1]


@pytest.mark.parametrize("name", ["mobilenet-v2", "efficientnet-lite0"])
def test_networks_of_imagenet_have_logits(cli, people, tmp_path, name):
    out = tmp_path / "cache.npz"
    teach = ("teach-cache", FILES / f"{name}.pth", "--data", people, "--size", "64x32")
    assert cli(*teach, "-o", out).code == 0
    key = {"mobilenet-v2": "classifier.1", "efficientnet-lite0": "_fc"}[name]
    with read_checkpoint(FILES / f"{name}.pth") as opened:
        classes = opened.tensors[f"{key}.weight"].numpy().shape[0]
    assert TeacherCache.load(out).logits.shape == (64, 2, classes)


def test_what_cannot_teach_is_refused(refused, people, tmp_path):
    out = tmp_path / "cache.npz"
    err = refused(2, "teach-cache", tmp_path / "net.onnx", "--data", people, "-o", out)
    assert "make a bundle of it first" in err
    err = refused(2, "teach-cache", REID_BUNDLE, "--data", people, "-o", tmp_path / "cache.txt")
    assert "write to a file ending in .npz" in err
    assert not out.exists()
