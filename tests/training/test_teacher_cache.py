"""Learning from what a teacher has said of the training images, kept in a file."""

import dataclasses

import numpy as np
import pytest
from bireid_runtime.preprocess import Preprocess, normalize

from bireid_deploy.data.augmentation import Augmentation
from bireid_deploy.data.sampling import ShuffledSampler
from bireid_deploy.errors import TrainingError
from bireid_deploy.training.batches import ImageBatches
from bireid_deploy.training.methods.distillation.losses import relations_loss
from bireid_deploy.training.teacher_cache import TeacherCache, teacher_identity, vote_classes


@pytest.fixture(scope="module")
def named(data):
    return dataclasses.replace(data, names=tuple(f"{row}.png" for row in range(len(data.labels))))


@pytest.fixture(scope="module")
def cache(named):
    """Another length than the student's, in another order, with classes numbered otherwise."""
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(4, 24))
    order = rng.permutation(len(named.labels))
    rows = directions[named.labels[order]] + 0.1 * rng.normal(size=(len(order), 24))
    logits = 8.0 * np.eye(4)[(named.labels[order] + 1) % 4]
    return TeacherCache(
        np.stack([rows, rows[:, ::-1]], axis=1).astype(np.float16),
        tuple(named.names[row] for row in order),
        "somebody sha256:0",
        np.stack([logits, logits], axis=1).astype(np.float16),
    )


@pytest.fixture(scope="module")
def file(cache, tmp_path_factory):
    path = tmp_path_factory.mktemp("cache") / "cache.npz"
    cache.save(path)
    return path


def test_relations_compare_the_cosines_of_a_batch_whatever_the_length():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(5, 3)), rng.normal(size=(5, 8))

    def cosines(rows):
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit @ unit.T

    expected = ((cosines(ours) - cosines(theirs)) ** 2).mean()
    loss = relations_loss(ours.astype(np.float32), theirs.astype(np.float32))
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert float(relations_loss(ours, np.pad(3 * ours, ((0, 0), (0, 2))))) < 1e-12


def test_batches_say_of_which_row_and_whether_it_is_mirrored(data):
    spec = Preprocess(64, 32)
    still = Augmentation(pad=0, erasing_probability=0.0)
    sampler = ShuffledSampler(len(data.labels), 8, 0)
    (batch, *_) = ImageBatches(data.pixels, data.labels, sampler, still, spec, 0).epoch(0)
    assert set(batch.origins[:, 1].tolist()) == {0, 1}
    for image, (row, mirrored) in zip(batch.images, batch.origins, strict=True):
        pixels = data.pixels[row]
        expected = normalize(pixels[:, ::-1] if mirrored else pixels, spec)
        np.testing.assert_array_equal(image, expected)


def test_a_file_says_again_what_it_was_told(cache, file):
    found = TeacherCache.load(file)
    assert (found.names, found.teacher) == (cache.names, cache.teacher)
    np.testing.assert_array_equal(found.embeddings, cache.embeddings)
    np.testing.assert_array_equal(found.logits, cache.logits)


@pytest.mark.slow
def test_a_student_learns_from_a_file(trainer, plain_recipe, named, file, tmp_path):
    """Logits, which a wrong row or a wrong order of classes would make useless."""
    recipe = plain_recipe(
        loss={"identity_weight": 0.0, "triplet_weight": 0.0},
        distillation={"target": "logits"},
        augmentation={"flip": 0.0, "pad": 0, "erasing": 0.0},
        optimizer={"epochs": 6, "kernel_rate": 0.02, "other_rate": 0.01},
    )
    training = trainer(recipe, tmp_path / "run", teacher=file, data=named)
    history = training.train()
    assert history[-1]["distillation"] < 0.75 * history[0]["distillation"]
    assert training.run.read_record()["teacher"] == teacher_identity(file)


def test_a_file_that_does_not_fit_is_refused(trainer, plain_recipe, named, cache, file, tmp_path):
    def refused(message, recipe, teacher=file, data=named):
        with pytest.raises(TrainingError, match=message):
            trainer(recipe, tmp_path / "run", teacher=teacher, data=data)

    relations = plain_recipe(distillation={"target": "relations"})
    embedding = plain_recipe(distillation={"target": "embedding"})
    refused("has 24 values, the student's 16; set distillation.target='relations'", embedding)
    refused("a cache teaches labelled images", plain_recipe(distillation={"target": "task"}))
    other = dataclasses.replace(named, names=("new.png", *named.names[1:]))
    refused("knows nothing of 1 of 24 training images, such as new.png", relations, data=other)
    unnamed = dataclasses.replace(named, names=())
    refused("a cache teaches labelled images", relations, data=unnamed)
    shuffled = tmp_path / "shuffled.npz"
    dataclasses.replace(cache, logits=np.roll(cache.logits, 5, axis=0)).save(shuffled)
    refused("at best .* of the images agree, 90%", plain_recipe(distillation={}), shuffled)
    silent = tmp_path / "silent.npz"
    dataclasses.replace(cache, logits=None).save(silent)
    refused("holds no logits", plain_recipe(distillation={}), silent)


def test_classes_are_found_by_vote():
    labels = np.repeat(np.arange(3), 10)
    theirs = np.array([2, 0, 1])
    logits = np.eye(3)[theirs[labels]]
    np.testing.assert_array_equal(vote_classes(logits, labels), theirs)
    # 3 of 30 may be wrong, 4 may not.
    for wrong, row in enumerate((0, 10, 20, 1), start=1):
        logits[row] = np.roll(logits[row], 1)
        if wrong < 4:
            np.testing.assert_array_equal(vote_classes(logits, labels), theirs)
    with pytest.raises(TrainingError, match="87% of the images agree"):
        vote_classes(logits, labels)
    with pytest.raises(TrainingError, match="it takes those 3 for 2 of its own"):
        vote_classes(np.eye(3)[np.array([2, 0, 0])[labels]], labels)
    with pytest.raises(TrainingError, match="has 4 classes, the training data 3"):
        vote_classes(np.eye(4)[labels], labels)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embeddings": np.zeros((24, 2, 8), np.float16)}, "is 0, which has no direction"),
        ({"embeddings": np.ones((24, 8), np.float16)}, r"must be float16 \(24, 2, D\)"),
        ({"embeddings": np.full((24, 2, 8), np.nan, np.float16)}, "not finite"),
        ({"names": ("same",) * 24}, "must be there and differ"),
    ],
)
def test_a_malformed_file_is_refused(cache, tmp_path, change, message):
    with pytest.raises(TrainingError, match=message):
        dataclasses.replace(cache, **change)
    np.savez(tmp_path / "other.npz", rows=np.zeros(3))
    with pytest.raises(TrainingError, match=r"other\.npz: no cache of a teacher"):
        TeacherCache.load(tmp_path / "other.npz")
