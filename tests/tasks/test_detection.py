"""A detector's training: assignment, losses and augmentation against their definitions."""

import json

import numpy as np
import pytest
from bireid_models.framework import tf
from bireid_runtime.boxes import iou
from bireid_runtime.preprocess import Preprocess, normalize

from bireid_deploy.data.annotated import AnnotatedDataset, AnnotatedImage
from bireid_deploy.data.color import ColorJitter
from bireid_deploy.data.sampling import ShuffledSampler
from bireid_deploy.errors import DatasetError, RecipeError, TrainingError
from bireid_deploy.recipes import load_recipe, parse_recipe
from bireid_deploy.recipes.files import RECIPES
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.detection.augmentation import BoxAugmentation, augment
from bireid_deploy.tasks.detection.data import IGNORED, DetectionBatches, load_detection_data
from bireid_deploy.tasks.detection.losses import (
    assign,
    decoded,
    inside,
    overlaps,
    quality_focal_loss,
)
from bireid_deploy.tasks.detection.section import DetectionSection
from bireid_deploy.tasks.detection.step import DetectionStep
from bireid_deploy.training.methods.feature_refining.game import FeatureRefining
from bireid_deploy.training.methods.feature_refining.section import (
    FeaturePair,
    FeatureRefiningSection,
)

STRIDE = 16
NOTHING = BoxAugmentation(flip=0.0, scale=(1.0, 1.0), shift=0.0)


def _assigned(corners, labels, rows, columns):
    """The rules of FCOS, cell by cell."""
    result = np.full((rows, columns), -1)
    chosen = np.full((rows, columns), np.inf)
    cells = [
        (row, column, STRIDE * (column + 0.5), STRIDE * (row + 0.5))
        for row, column in np.ndindex(rows, columns)
    ]
    for (left, top, right, bottom), label in zip(corners, labels, strict=True):
        x0, y0, size = (left + right) / 2, (top + bottom) / 2, (right - left) * (bottom - top)
        own = [
            (row, column)
            for row, column, x, y in cells
            if left <= x <= right and top <= y <= bottom
        ]
        if label == IGNORED:
            for place in own:
                if result[place] == -1:
                    result[place] = IGNORED
            continue
        if label < 0:
            continue
        near = [
            (row, column)
            for row, column, x, y in cells
            if (row, column) in own and max(abs(x - x0), abs(y - y0)) <= 1.5 * STRIDE
        ]
        for place in near or [(int(y0 // STRIDE), int(x0 // STRIDE))]:
            if size < chosen[place]:
                chosen[place], result[place] = size, label
    return result


def test_cells_are_assigned_as_fcos_does():
    rng = np.random.default_rng(1)
    corners = np.zeros((6, 9, 4), np.float32)
    labels = rng.choice([0, 1, 2, -1, IGNORED], (6, 9)).astype(np.int32)
    start = rng.uniform(0, 70, (6, 9, 2))
    corners[..., :2] = start
    corners[..., 2:] = start + rng.choice([3, 9, 30, 60], (6, 9, 1)) * rng.uniform(
        0.3, 1, (6, 9, 2)
    )
    cells = assign(tf.constant(corners), tf.constant(labels), 9, 10, float(STRIDE))
    for image in range(6):
        expected = _assigned(corners[image], labels[image], 9, 10)
        np.testing.assert_array_equal(cells.labels[image], expected)
    assert {-1, 0, 1, 2, IGNORED} == set(np.unique(cells.labels))


def test_a_cell_takes_the_smaller_box_and_a_tiny_box_the_cell_of_its_middle():
    corners = np.array([[[0, 0, 64, 64], [20, 20, 44, 44], [49, 1, 51, 3]]], np.float32)
    cells = assign(tf.constant(corners), tf.constant([[0, 1, 2]]), 4, 4, float(STRIDE))
    # The middle of the tiny box, (50, 2), lies in the last cell of the first row.
    assert cells.labels[0].numpy().tolist() == [
        [0, 0, 0, 2],
        [0, 1, 1, 0],
        [0, 1, 1, 0],
        [0, 0, 0, 0],
    ]
    assert cells.corners[0, 0, 3].numpy().tolist() == [49, 1, 51, 3]


def test_overlaps_are_those_of_the_runtime():
    rng = np.random.default_rng(2)
    low = rng.uniform(0, 50, (40, 2))
    boxes = np.concatenate([low, low + rng.uniform(1, 40, (40, 2))], axis=1)
    first, second = boxes[:20], boxes[20:]
    found, giou = overlaps(tf.constant(first, tf.float32), tf.constant(second, tf.float32))
    expected = np.diag(iou(first, second))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    hull = np.prod(np.maximum(first, second)[:, 2:] - np.minimum(first, second)[:, :2], axis=1)
    sizes = [np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (first, second)]
    union = sum(sizes) / (1 + expected)
    np.testing.assert_allclose(giou, expected - (hull - union) / hull, rtol=1e-3, atol=1e-5)


def test_quality_focal_loss():
    logits, quality = np.array([0.3, -2.0, 4.0]), np.array([0.7, 0.0, 1.0])
    p = 1 / (1 + np.exp(-logits))
    entropy = -quality * np.log(p) - (1 - quality) * np.log(1 - p)
    found = quality_focal_loss(tf.constant(logits), tf.constant(quality))
    np.testing.assert_allclose(found, (quality - p) ** 2 * entropy, rtol=1e-6)


class _Network:
    """What a step looks at of a network: a map of 4x6 cells of 64x96 pixels."""

    class features:  # noqa: N801
        input_shape = (None, 64, 96, 3)
        output_shape = {"boxes": (None, 4, 6, 6), "stage2": (None, 8, 12, 5)}  # noqa: RUF012

    class config:  # noqa: N801
        backbone, head = "none", "none"


@pytest.fixture
def step():
    return DetectionStep(_Network, 2, DetectionSection(box_weight=2.0))


@pytest.fixture
def targets():
    corners = np.zeros((2, 3, 4), np.float32)
    corners[0, :2] = [[10, 10, 40, 60], [50, 5, 60, 20]]
    corners[1, 0] = [0, 0, 96, 64]
    labels = np.array([[1, 0, -1], [IGNORED, -1, -1]], np.int32)
    return {"corners": tf.constant(corners), "labels": tf.constant(labels)}


def test_the_terms_of_a_perfect_map_vanish(step, targets):
    cells = assign(targets["corners"], targets["labels"], 4, 6, 16.0)
    place = (np.stack(np.meshgrid(np.arange(6), np.arange(4)), -1) + 0.5) * 16
    reach = np.concatenate(
        [place - cells.corners[..., :2].numpy(), cells.corners[..., 2:].numpy() - place], axis=-1
    )
    positive = cells.labels.numpy() >= 0
    sides = np.where(positive[..., None], np.log(np.maximum(reach, 1e-3) / 16), 0)
    scores = np.where(np.eye(2)[cells.labels.numpy().clip(0)] * positive[..., None], 20, -20)
    values = tf.constant(np.concatenate([scores, sides], -1), tf.float32)
    predictions = step.predict({"boxes": values})
    terms = step.terms({}, predictions, targets)
    assert float(terms["score"]) == pytest.approx(0, abs=1e-4)
    assert float(terms["box"]) == pytest.approx(0, abs=1e-4)
    assert float(step.observed(predictions, targets)["mean_iou"]) == pytest.approx(1, abs=1e-4)


def test_an_ignored_cell_teaches_nothing(step, targets):
    values = np.zeros((2, 4, 6, 6), np.float32)
    before = step.terms({}, step.predict({"boxes": tf.constant(values)}), targets)["score"]
    values[1, ..., :2] = 9
    after = step.terms({}, step.predict({"boxes": tf.constant(values)}), targets)["score"]
    assert float(before) == float(after)
    values[0, 3, 5, 0] = 9
    worse = step.terms({}, step.predict({"boxes": tf.constant(values)}), targets)["score"]
    assert float(worse) > float(before)


def test_a_teacher_teaches_its_scores_and_its_sure_boxes(step):
    rng = np.random.default_rng(4)
    student, teacher = (rng.normal(0, 1, (2, 4, 6, 6)).astype(np.float32) for _ in range(2))
    predictions = step.predict({"boxes": tf.constant(student)})
    found = float(step.taught(predictions, {"boxes": tf.constant(teacher)}))
    p, q = (1 / (1 + np.exp(-each[..., :2].astype(np.float64))) for each in (student, teacher))
    sure = q.max(axis=-1) > 0.3
    corners = [decoded(tf.constant(each[..., 2:]), 16.0) for each in (student, teacher)]
    missed = 1 - overlaps(*corners)[1].numpy()
    expected = (((p - q) ** 2).sum() + missed[sure].sum()) / sure.sum()
    assert found == pytest.approx(expected, rel=1e-4)
    same = step.taught(
        step.predict({"boxes": tf.constant(teacher)}), {"boxes": tf.constant(teacher)}
    )
    assert float(same) == pytest.approx(0, abs=1e-5)


def test_half_of_the_positions_lie_in_boxes(step, targets):
    options = FeatureRefiningSection(
        pairs=(FeaturePair(low="stage2"),), sampled_positions=16, foreground_share=0.5
    )
    shapes = {"stage2": (None, 8, 12, 5), "stage4": (None, 4, 6, 5)}
    game = FeatureRefining.build(type("F", (), {"output_shape": shapes}), options)
    mask = step.foreground(targets, 8, 12).numpy()
    assert mask.shape == (2, 8, 12)
    assert mask[0].any()
    assert not mask[1].any()
    # One channel says whether the place lies in a box.
    low = tf.repeat(tf.cast(mask, tf.float32)[..., None], 5, axis=-1)
    features = {"stage2": low, "stage4": tf.zeros((2, 4, 6, 5))}
    seed = tf.constant([1, 2])

    def foreground(rows, columns):
        return step.foreground(targets, rows, columns)

    (_, fake) = game.samples(features, game.targets(features), seed, foreground)[0]
    assert fake.shape == (32, 5)
    assert (fake.numpy()[16:] == 1).all()
    assert 0 < fake.numpy()[:16, 0].mean() < 0.6
    with pytest.raises(TrainingError, match="foreground_share=0"):
        game.samples(features, game.targets(features), seed)
    nowhere = {**targets, "labels": tf.fill((2, 3), -1)}
    (_, fake) = game.samples(
        features, game.targets(features), seed, lambda *size: step.foreground(nowhere, *size)
    )[0]
    assert fake.shape == (32, 5)


def test_a_place_is_inside_by_its_middle():
    corners = tf.constant([[[8.0, 0.0, 24.0, 8.0]]])
    found = inside(corners, tf.constant([[0]]), 2, 4, tf.constant([8.0, 8.0]))
    assert found[0].numpy().tolist() == [[False, True, True, False], [False] * 4]


def test_without_chance_an_image_stays_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    corners = np.array([[3.0, 4.0, 20.0, 30.0]])
    changed, boxes, teaches = augment(pixels, corners, NOTHING, np.random.default_rng(1))
    np.testing.assert_array_equal(changed, pixels)
    np.testing.assert_array_equal(boxes, corners)
    assert teaches.tolist() == [True]


def test_boxes_go_where_their_pixels_go():
    """A white rectangle on black is found again in its box."""
    rng = np.random.default_rng(2)
    chance = BoxAugmentation(flip=0.5, scale=(0.6, 1.4), shift=0.2)
    for _ in range(20):
        pixels = np.zeros((96, 96, 3), np.uint8)
        pixels[20:60, 30:50] = 255
        changed, boxes, _ = augment(pixels, np.array([[30.0, 20.0, 50.0, 60.0]]), chance, rng)
        rows, columns, _ = np.nonzero(changed > 180)
        edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(boxes[0], edges, atol=1.5)


def test_a_box_that_nearly_left_does_not_teach():
    pixels = np.zeros((32, 32, 3), np.uint8)
    zoomed = BoxAugmentation(flip=0.0, scale=(1.4, 1.4), shift=0.0)
    corners = np.array([[0.0, 0.0, 6.0, 6.0], [10.0, 10.0, 20.0, 20.0], [0.0, 0.0, 3.0, 3.0]])
    _, boxes, teaches = augment(pixels, corners, zoomed, np.random.default_rng(0))
    assert teaches.tolist() == [False, True, False]
    assert (boxes[2, 2:] - boxes[2, :2] == 0).all()


@pytest.fixture
def dataset(tmp_path):
    from PIL import Image

    images = []
    for index in range(4):
        path = tmp_path / f"{index}.png"
        Image.new("RGB", (40, 20), (index, 0, 0)).save(path)
        count = index
        images.append(
            AnnotatedImage(
                path,
                20,
                40,
                np.tile([[10.0, 5.0, 30.0, 15.0]], (count, 1)),
                np.zeros(count, np.int64),
                np.arange(count) == 1,
                np.full(count, 200.0),
            )
        )
    return AnnotatedDataset(
        "set", tmp_path, ("person",), tuple(images), tuple(images), ("a remark",)
    )


def test_images_and_boxes_are_fitted_to_the_input(dataset):
    spec = Preprocess(32, 32, fit="letterbox")
    data = load_detection_data(dataset, spec)
    assert data.pixels.shape == (4, 32, 32, 3)
    assert data.corners[1].tolist() == [[8, 4, 24, 12]]
    assert data.labels[3].tolist() == [0, IGNORED, 0]
    assert data.most_boxes == 3
    assert data.description["remarks"] == ["a remark"]
    assert json.dumps(data.description)
    stretched = load_detection_data(dataset, Preprocess(32, 32))
    assert stretched.corners[1].tolist() == [[8, 8, 24, 24]]


def test_a_broken_image_is_skipped_and_named(dataset):
    from PIL import Image

    dataset.train[1].path.write_bytes(b"no image")
    Image.new("RGB", (41, 20)).save(dataset.train[2].path)
    data = load_detection_data(dataset, Preprocess(32, 32))
    assert len(data.pixels) == len(data.labels) == 2
    reasons = dict(data.skipped)
    assert "has 41x20 pixels, its annotation says 40x20" in reasons[dataset.train[2].path]
    for image in dataset.train:
        image.path.write_bytes(b"no image")
    with pytest.raises(DatasetError, match="none of 4 images"):
        load_detection_data(dataset, Preprocess(32, 32))


def test_batches_depend_on_seed_epoch_and_index_alone(dataset):
    spec = Preprocess(32, 32)
    data = load_detection_data(dataset, spec)
    chance = BoxAugmentation(
        flip=0.5, scale=(0.6, 1.4), shift=0.2, color=ColorJitter(1.0, 0.2, 0.2, 0.2)
    )
    batches = DetectionBatches(data, ShuffledSampler(4, 2, 0), chance, spec, 7)
    one, two = list(batches.epoch(3)), list(batches.epoch(3, first=1))
    np.testing.assert_array_equal(one[1].images, two[0].images)
    for name in ("corners", "labels"):
        np.testing.assert_array_equal(one[1].targets[name], two[0].targets[name])
    assert one[0].targets["corners"].shape == (2, 3, 4)
    plain = DetectionBatches(data, ShuffledSampler(4, 2, 0), NOTHING, spec, 7)
    first = next(plain.epoch(0))
    rows = ShuffledSampler(4, 2, 0).epoch(0)[0]
    np.testing.assert_allclose(first.images, normalize(data.pixels[rows], spec), atol=1e-6)
    counts = [(labels >= 0).sum() for labels in first.targets["labels"]]
    assert counts == [(data.labels[row] >= 0).sum() for row in rows]


def test_the_recipes_that_ship_fit_the_task():
    paths = sorted(RECIPES.glob("detector_*.toml"))
    assert len(paths) == 7
    for path in paths:
        recipe = load_recipe(path)
        assert recipe.task == "detection"
        (image,) = TASKS[recipe.task].inputs(recipe)
        assert image.preprocess.fit == "letterbox"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": {}}, "batch.sampling='shuffled'"),
        ({"augmentation": {}}, "augmentation.pad=0"),
        ({"detection": {"classes": ["a", "b"]}}, "network.classes=2"),
        ({"detection": {"classes": ["a", "a"]}}, "names one twice"),
        ({"detection": {"scale": [1.4, 0.6]}}, "does not rise"),
        ({"detection": {"fit": "crop"}}, "fit"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(changes, message):
    recipe = {
        "name": "d",
        "task": "detection",
        "network": {"head": "detector"},
        "batch": {"sampling": "shuffled"},
        "augmentation": {"pad": 0, "erasing": 0.0},
        **changes,
    }
    with pytest.raises(RecipeError, match=message):
        parse_recipe(recipe, "d.toml")


def test_another_number_of_classes_is_named():
    with pytest.raises(TrainingError, match=r"3 classes, the network 2: set network\.classes=3"):
        DetectionStep(_Network, 3, DetectionSection())
