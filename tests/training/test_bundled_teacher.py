"""Learning from a bundle, which runs in its own engine and wants another size than the student."""

import numpy as np
import pytest
from bireid_runtime import Extractor
from bireid_runtime.errors import BireidError, IntegrityError
from bireid_runtime.preprocess import Preprocess, normalize
from zoo import DETECTOR_BUNDLE, REID_BUNDLE

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.methods.base import MethodContext
from bireid_deploy.training.methods.distillation.bundled import open_bundle
from bireid_deploy.training.methods.distillation.section import DistillationSection


@pytest.fixture(scope="module")
def network(plain_recipe):
    from bireid_models.network import build_network

    return build_network(plain_recipe().network.config())


@pytest.fixture(scope="module")
def bundled(plain_recipe, network):
    """Open a bundle as the teacher of a student of 64x32."""

    def call(path, target="relations"):
        options = DistillationSection(target=target)
        return open_bundle(path, options, MethodContext(plain_recipe(), network, {}))

    return call


def test_it_sees_the_pixels_that_the_student_sees(bundled, data):
    teacher = bundled(REID_BUNDLE)
    found = teacher.embed(normalize(data.pixels[:5], Preprocess(64, 32)))
    expected = Extractor.open(REID_BUNDLE).embed(list(data.pixels[:5]))
    np.testing.assert_array_equal(found, expected)


def test_what_was_erased_stays_a_colour(bundled):
    images = np.full((1, 64, 32, 3), 9.0, np.float32)
    white = np.full((64, 32, 3), 255, np.uint8)
    expected = Extractor.open(REID_BUNDLE).embed([white])
    np.testing.assert_array_equal(bundled(REID_BUNDLE).embed(images), expected)


def test_a_student_learns_relations_and_says_of_whom(trainer, plain_recipe, tmp_path):
    recipe = plain_recipe(
        loss={"identity_weight": 0.0, "triplet_weight": 0.0},
        distillation={"target": "relations"},
        augmentation={"flip": 0.0, "pad": 0, "erasing": 0.0},
        optimizer={"epochs": 4, "kernel_rate": 0.02, "other_rate": 0.01},
    )
    training = trainer(recipe, tmp_path / "run", teacher=REID_BUNDLE)
    history = training.train()
    assert history[-1]["distillation"] < history[0]["distillation"]
    fingerprint = Extractor.open(REID_BUNDLE).fingerprint
    said = training.run.read_record()["teacher"]
    assert said == {"run": REID_BUNDLE.name, "checkpoint": fingerprint}


def test_a_bundle_that_cannot_teach_is_refused(bundled, trainer, plain_recipe, tmp_path):
    with pytest.raises(TrainingError, match="has 256 values, the student's 16; set dist"):
        bundled(REID_BUNDLE, "embedding")
    for target in ("logits", "task"):
        with pytest.raises(TrainingError, match="a bundle has no classifier"):
            bundled(REID_BUNDLE, target)
    with pytest.raises(TrainingError, match="a network for detection; a teacher embeds"):
        bundled(DETECTOR_BUNDLE)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(BireidError, match="manifest"):
        trainer(plain_recipe(distillation={}), tmp_path / "run", teacher=tmp_path)


def test_a_damaged_bundle_does_not_teach(bundled, tmp_path):
    for path in REID_BUNDLE.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    model = tmp_path / "model.lce.tflite"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    with pytest.raises(IntegrityError):
        bundled(tmp_path)
