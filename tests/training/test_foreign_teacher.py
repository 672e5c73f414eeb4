"""Learning from a checkpoint of another project, whose people have numbers of their own."""

from pathlib import Path

import numpy as np
import pytest
from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.errors import CheckpointError
from bireid_converters.rebuild import ImportSettings
from bireid_models.framework import keras
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.preprocess import Preprocess, normalize
from bireid_runtime.safetensors import write_safetensors
from rebuilt import rebuilt

from bireid_deploy.errors import TrainingError
from bireid_deploy.tasks.supervised import LabelledImages
from bireid_deploy.training.foreign_network import prepared
from bireid_deploy.training.methods.base import MethodContext, Scene
from bireid_deploy.training.methods.distillation import Distillation
from bireid_deploy.training.methods.distillation.foreign import open_checkpoint
from bireid_deploy.training.methods.distillation.section import (
    CheckpointSection,
    DistillationSection,
)

FILES = Path(__file__).parents[1] / "converters/imported"
# Their number of each of our four classes.
THEIRS = np.array([2, 0, 3, 1])


@pytest.fixture(scope="module")
def named(data):
    """The patterns, as training data of a folder have them."""
    names = tuple(f"{row:02d}.jpg" for row in range(len(data.labels)))
    return LabelledImages(data.pixels, data.labels, data.description, names=names)


@pytest.fixture(scope="module")
def network(plain_recipe):
    from bireid_models.network import build_network

    return build_network(plain_recipe().network.config())


@pytest.fixture(scope="module")
def features(named):
    """What the network of the checkpoint makes of the patterns, before it is normalised."""
    read = rebuilt(FILES / "torchreid-resnet.pth", ImportSettings())
    model = keras.Model(read.network.model.input, read.network.model.layers[-1].input)
    return model.predict(prepared(named.pixels, read.preprocess), verbose=0)


@pytest.fixture(scope="module")
def write(tmp_path_factory):
    """The same checkpoint with another classifier (K, D)."""

    def call(name, kernel, bias):
        with read_checkpoint(FILES / "torchreid-resnet.pth") as opened:
            arrays = {
                key: tensor.numpy().astype(np.float32)
                for key, tensor in opened.tensors.items()
                if tensor.shape
            }
        arrays |= {"classifier.weight": kernel, "classifier.bias": bias}
        path = tmp_path_factory.mktemp("foreign") / f"{name}.safetensors"
        path.write_bytes(write_safetensors(arrays))
        return path

    return call


@pytest.fixture(scope="module")
def checkpoint(write, features, named):
    """One that has learned the four patterns, and counts them in its own way."""
    wanted = 10 * np.eye(4)[THEIRS[named.labels]]
    with_bias = np.hstack([features, np.ones((len(features), 1))])
    found = np.linalg.lstsq(with_bias.astype(np.float64), wanted, rcond=None)[0]
    assert (np.argmax(with_bias @ found, axis=1) == THEIRS[named.labels]).all()
    return write("learned", found[:-1].T.astype(np.float32), found[-1].astype(np.float32))


@pytest.fixture(scope="module")
def opened(plain_recipe, network, named):
    """Open a checkpoint as the teacher of a student of 64x32."""

    def call(path, target="logits", items=named, **read_as):
        options = DistillationSection(target=target, checkpoint=CheckpointSection(**read_as))
        return open_checkpoint(
            path, options, MethodContext(plain_recipe(), network, {}, path, items)
        )

    return call


def _logits(teacher, pixels):
    scene = Scene(normalize(pixels, Preprocess(64, 32)), None, {}, {}, 0)
    taught = []
    object.__setattr__(teacher, "learned", lambda scene, found: taught.append(found.numpy()))
    teacher.play(scene)
    return taught[0]


def test_its_classes_are_found_by_vote(opened, checkpoint, named):
    found = _logits(opened(checkpoint), named.pixels)
    np.testing.assert_array_equal(found.argmax(axis=1), named.labels)


def test_a_student_learns_its_logits(trainer, plain_recipe, checkpoint, named, tmp_path):
    recipe = plain_recipe(
        loss={"identity_weight": 0.0, "triplet_weight": 0.0},
        distillation={"target": "logits"},
        augmentation={"flip": 0.0, "pad": 0, "erasing": 0.0},
        optimizer={"epochs": 3, "kernel_rate": 0.02, "other_rate": 0.01},
    )
    training = trainer(recipe, tmp_path / "run", teacher=checkpoint, data=named)
    history = training.train()
    assert history[-1]["distillation"] < history[0]["distillation"]
    said = training.run.read_record()["teacher"]
    assert said["run"] == "learned.safetensors"


def test_what_the_recipe_and_the_frameworks_configuration_say_counts(opened, named, tmp_path):
    path = tmp_path / "layumi.pth"
    path.write_bytes((FILES / path.name).read_bytes())
    (tmp_path / "opts.yaml").write_text("stride: 1\nlinear_num: 16\n")
    mean = (0.5, 0.5, 0.5)
    said = {"size": (64, 32), "resize": "plain", "mean": mean, "config": "opts.yaml"}
    teacher = opened(path, "relations", **said)
    own = Preprocess(64, 32, resize="bilinear", antialias=False, mean=mean)
    assert teacher.own == own
    expected = rebuilt(path, ImportSettings(size=(64, 32), last_stride=1)).network.model
    inputs = prepared(named.pixels[:3], own)
    found = teacher.model.predict(inputs, verbose=0)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected.predict(inputs, verbose=0), atol=1e-6)
    with pytest.raises(UnsupportedModelError, match="it is no fast-reid"):
        opened(path, "relations", arch="fast-reid")
    with pytest.raises(FileNotFoundError, match="other"):
        opened(path, "relations", config="other.yaml")


def test_a_run_is_not_told_how_it_is_read(plain_recipe, network, tmp_path):
    recipe = plain_recipe(distillation={"checkpoint": {"last_stride": 1}})
    with pytest.raises(TrainingError, match=r"no checkpoint of PyTorch, but the recipe says"):
        Distillation().build(MethodContext(recipe, network, {}, tmp_path))


def test_a_checkpoint_that_cannot_teach_is_refused(opened, write, features, checkpoint, tmp_path):
    dim = features.shape[1]
    random = np.random.default_rng(0)
    stranger = write("stranger", random.normal(size=(4, dim)).astype("f4"), np.zeros(4, "f4"))
    with pytest.raises(TrainingError, match=r"stranger\.safetensors: the teacher's classes are"):
        opened(stranger)
    more = write("more", np.zeros((5, dim), np.float32), np.zeros(5, np.float32))
    with pytest.raises(TrainingError, match="the teacher has 5 classes, the training data 4"):
        opened(more)
    broken = write("broken", np.full((4, dim), np.nan, np.float32), np.zeros(4, np.float32))
    with pytest.raises(CheckpointError, match=r"'classifier\.weight' holds numbers that are not"):
        opened(broken)
    with pytest.raises(TrainingError, match=f"has {dim} values, the student's 16; set"):
        opened(checkpoint, "embedding")
    with pytest.raises(TrainingError, match="teaches labelled images"):
        opened(checkpoint, items=None)
    with pytest.raises(TrainingError, match="teaches logits, an embedding or relations"):
        opened(checkpoint, "task")
    with pytest.raises(TrainingError, match="fast-reid-sbs has no linear classifier"):
        opened(FILES / "fast-reid-sbs.pth")
    (tmp_path / "notes.txt").write_text("no checkpoint")
    with pytest.raises((CheckpointError, UnsupportedModelError)):
        opened(tmp_path / "notes.txt")
