"""A tracker's training: pairs, labels and losses against their definitions."""

import json

import numpy as np
import pytest
from bireid_models.framework import tf
from bireid_runtime.preprocess import Preprocess
from PIL import Image

from bireid_deploy.data.color import ColorJitter
from bireid_deploy.data.degradation import Degradation
from bireid_deploy.data.sampling import ShuffledSampler
from bireid_deploy.data.sequences import MarkedSequence, SequenceDataset
from bireid_deploy.errors import DatasetError, RecipeError, TrainingError
from bireid_deploy.recipes import load_recipe, parse_recipe
from bireid_deploy.recipes.files import RECIPES
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.tracking.batches import PairBatches, images_of, tiled
from bireid_deploy.tasks.tracking.cells import Cells
from bireid_deploy.tasks.tracking.pairs import crop_of, load_tracking_data, rim_of, usable
from bireid_deploy.tasks.tracking.samples import sample_crops
from bireid_deploy.tasks.tracking.section import TrackingSection
from bireid_deploy.tasks.tracking.step import TrackingStep, correlated, labels

T1 = Cells(stride=8, rows=32, before=6, after=7)
SIDE = 256


def test_the_cells_are_those_of_the_specification():
    assert (T1.searched, T1.exemplar, T1.responses) == (19, 3, 17)
    matching = T1.matching(TrackingSection(), -0.5)
    assert (matching.exemplar_first, matching.exemplar_cells) == (14, 3)
    assert (matching.search_first, matching.search_cells) == (6, 19)
    assert matching.response_bias == -0.5


def test_thirteen_places_are_the_targets():
    found = labels(T1, 16.0).numpy()
    assert found.shape == (17, 17)
    assert found.sum() == 13
    assert found[8, 6] == found[10, 8] == found[9, 9] == 1
    assert found[6, 7] == found[10, 9] == 0


def test_correlation_is_a_convolution_with_the_exemplar():
    rng = np.random.default_rng(0)
    exemplars = rng.normal(size=(3, 3, 3, 6)).astype(np.float32)
    searches = rng.normal(size=(3, 19, 19, 6)).astype(np.float32)
    found = correlated(tf.constant(exemplars), tf.constant(searches))
    for each, exemplar, search in zip(found, exemplars, searches, strict=True):
        wanted = tf.nn.conv2d(search[None], exemplar[..., None], 1, "VALID")[0, ..., 0]
        np.testing.assert_allclose(each, wanted, rtol=1e-4, atol=1e-4)


class _Network:
    """What a step looks at of a network."""

    class features:  # noqa: N801
        input_shape = (None, SIDE, SIDE, 3)
        output_shape = {"features": (None, 32, 32, 4), "response_bias": (None,)}  # noqa: RUF012

    class config:  # noqa: N801
        backbone, head = "none", "none"


def _features(rng, pairs, bias=0.25):
    maps = rng.normal(0, 3, (images_of(pairs), 32, 32, 4)).astype(np.float32)
    return {
        "features": tf.constant(maps),
        "response_bias": tf.fill((images_of(pairs),), bias),
    }


@pytest.mark.parametrize("pairs", [1, 3, 4, 5, 8])
def test_every_search_meets_its_own_exemplar(pairs):
    features = _features(np.random.default_rng(1), pairs)
    step = TrackingStep(_Network, pairs, TrackingSection())
    found = step.predict(features)["responses"].numpy()
    assert found.shape == (pairs, 17, 17)
    maps = features["features"].numpy()
    for pair in range(pairs):
        image, tile = maps[pairs + pair // 4], pair % 4
        row, column = 16 * (tile // 2) + 6, 16 * (tile % 2) + 6
        exemplar = image[row : row + 3, column : column + 3]
        search = maps[pair, 6 + 4 : 6 + 7, 6 + 9 : 6 + 12]
        expected = 0.001 * (exemplar.astype(np.float64) * search).sum() + 0.25
        assert found[pair, 4, 9] == pytest.approx(expected, rel=1e-4)


def test_exemplars_are_tiled_in_the_order_that_the_step_reads():
    exemplars = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    images = tiled(exemplars)
    assert images.shape == (2, 8, 8, 3)
    corners = images[:, [0, 0, 4, 4], [0, 4, 0, 4], 0]
    assert corners.tolist() == [[0, 1, 2, 3], [4, 0, 1, 2]]


def test_half_of_the_loss_is_on_the_targets_places():
    step = TrackingStep(_Network, 2, TrackingSection())
    wanted = labels(T1, 16.0).numpy()
    responses = np.random.default_rng(2).normal(size=(2, 17, 17)).astype(np.float32)
    found = step.terms({}, {"responses": tf.constant(responses)}, None)["match"]
    p = 1 / (1 + np.exp(-responses.astype(np.float64)))
    losses = -(wanted * np.log(p) + (1 - wanted) * np.log(1 - p))
    positive, negative = losses[:, wanted == 1].mean(), losses[:, wanted == 0].mean()
    assert float(found) == pytest.approx((positive + negative) / 2, rel=1e-5)
    best = np.where(wanted, 30.0, -30.0).astype(np.float32)[None].repeat(2, axis=0)
    perfect = {"responses": tf.constant(best)}
    assert float(step.terms({}, perfect, None)["match"]) == pytest.approx(0, abs=1e-6)
    best[1, 0, 0] = 60
    assert float(step.observed({"responses": tf.constant(best)}, None)["hits"]) == 0.5


def test_a_teacher_teaches_its_responses_with_its_own_bias():
    rng = np.random.default_rng(3)
    step = TrackingStep(_Network, 3, TrackingSection())
    student, teacher = _features(rng, 3), _features(rng, 3, bias=-1.5)
    predictions = step.predict(student)
    known = step.predict(teacher)["responses"].numpy()
    difference = 1 / (1 + np.exp(-predictions["responses"].numpy())) - 1 / (1 + np.exp(-known))
    found = step.taught(predictions, teacher)
    assert float(found) == pytest.approx((difference**2).mean(), rel=1e-4)
    assert float(step.taught(predictions, student)) == 0


def test_positions_that_see_no_padding():
    step = TrackingStep(_Network, 5, TrackingSection())
    mask = step.foreground(None, 32, 32).numpy()
    assert mask.shape == (7, 32, 32)
    assert (mask[:5].sum(axis=(1, 2)) == 19**2).all()
    assert mask[0, 6, 24]
    assert not mask[0, 5, 24]
    assert (mask[5:].sum(axis=(1, 2)) == 4 * 3**2).all()
    assert mask[6, 22, 8]
    finer = step.foreground(None, 64, 64).numpy()
    assert (finer[0].sum(), finer[5].sum()) == ((2 * 19) ** 2, 4 * 6**2)


def test_a_network_that_does_not_fit_is_refused():
    with pytest.raises(TrainingError, match="is all margin"):
        TrackingStep(_Network, 2, TrackingSection(margin=(8, 8)))

    class Flat(_Network):
        class features:  # noqa: N801
            input_shape = (None, 256, 128, 3)
            output_shape = {"features": (None, 32, 16, 4), "response_bias": (None,)}  # noqa: RUF012

    with pytest.raises(TrainingError, match="to one multiple of 32"):
        TrackingStep(Flat, 2, TrackingSection())


@pytest.mark.parametrize(
    ("box", "visible", "usable_"),
    [
        ((10, 10, 40, 50), 1.0, True),
        ((10, 10, 19, 50), 1.0, False),
        ((10, 10, 21, 90), 1.0, False),
        ((10, 10, 101, 50), 1.0, False),
        ((10, 10, 40, 50), 0.125, False),
        ((10, 10, 40, 50), 0.25, False),
        ((10, 10, 40, 50), 0.375, True),
        ((np.nan,) * 4, 1.0, False),
    ],
)
def test_which_frames_teach(box, visible, usable_):
    boxes = np.array([(10, 10, 40, 50), box], np.float64)
    assert usable(boxes, np.array([1.0, visible]), (200, 200), 20.0).tolist() == [True, usable_]


def _sequence(folder, name, boxes):
    paths = []
    for number, (left, top, width, height) in enumerate(boxes):
        pixels = np.full((100, 140, 3), 40, np.uint8)
        pixels[top - 1 : top - 1 + height, left - 1 : left - 1 + width] = (200, number * 20, 90)
        paths.append(folder / f"{name}{number}.png")
        Image.fromarray(pixels).save(paths[-1])
    return MarkedSequence(name, tuple(paths), np.array(boxes, np.float64))


@pytest.fixture
def dataset(tmp_path):
    steady = [(30 + 2 * n, 20 + n, 30, 40) for n in range(6)]
    tiny = [(10, 10, 5, 5)] * 4
    sequences = (
        _sequence(tmp_path, "a", steady),
        _sequence(tmp_path, "tiny", tiny),
        _sequence(tmp_path, "b", steady[:3]),
    )
    return SequenceDataset("set", tmp_path, sequences, ())


def test_a_crop_has_the_target_in_its_middle():
    frame = np.zeros((100, 140, 3), np.uint8)
    frame[30:70, 50:80] = 255
    options = TrackingSection()
    crop = crop_of(frame, np.array([51.0, 31.0, 30.0, 40.0]), 256, options)
    whole = 256 + 2 * rim_of(256, options)
    assert crop.shape == (whole, whole, 3)
    rows, columns, _ = np.nonzero(crop > 128)
    middle = [(rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2]
    np.testing.assert_allclose(middle, (whole - 1) / 2, atol=2)
    # The exemplar, half of the input, shows the box and half of width + height around it.
    side = np.sqrt((30 + 35) * (40 + 35))
    assert np.ptp(rows) + 1 == pytest.approx(40 * 128 / side, abs=3)


def test_sequences_that_do_not_show_their_target_twice_are_left_out(dataset):
    data = load_tracking_data(dataset, 64, TrackingSection(frames_per_sequence=4))
    assert data.sequences == 2
    assert data.starts.tolist() == [0, 4, 7]
    assert data.numbers.tolist() == [0, 2, 3, 5, 0, 1, 2]
    assert data.description["remarks"] == ["1 sequences do not show their target twice"]
    assert json.dumps(data.description)
    dataset.train[0].frames[2].write_bytes(b"no image")
    data = load_tracking_data(dataset, 64, TrackingSection(frames_per_sequence=4))
    assert data.starts.tolist() == [0, 3, 6]
    assert [path for path, _ in data.skipped] == [dataset.train[0].frames[2]]
    for sequence in dataset.train:
        for path in sequence.frames:
            path.write_bytes(b"no image")
    with pytest.raises(DatasetError, match="none of 3 training sequences"):
        load_tracking_data(dataset, 64, TrackingSection())


def _batches(data, options, flip=0.0):
    sampler = ShuffledSampler(data.sequences * 4, 3, 0)
    spec = Preprocess(64, 64, mean=(0, 0, 0), std=(1, 1, 1))
    return PairBatches(data, sampler, options, spec, ColorJitter(), Degradation(), flip, 7)


def test_batches_depend_on_seed_epoch_and_index_alone(dataset):
    options = TrackingSection()
    data = load_tracking_data(dataset, 64, options)
    batches = _batches(data, options, flip=0.5)
    one, two = list(batches.epoch(3)), list(batches.epoch(3, first=1))
    np.testing.assert_array_equal(one[1].images, two[0].images)
    assert one[0].images.shape == (4, 64, 64, 3)
    assert int(one[0].targets) == 3
    assert not np.array_equal(one[0].images, one[1].images)


def test_a_pair_is_of_one_sequence_and_its_exemplar_is_the_earlier(dataset):
    options = TrackingSection(shift=0, stretch=0.0, max_gap=2)
    data = load_tracking_data(dataset, 64, options)
    for batch in _batches(data, options).epoch(0):
        # The green of a target is the number of its frame, times 20.
        searches = np.rint(batch.images[:3, 32, 32, 1] * 255 / 20)
        exemplars = np.rint(batch.images[3, [16, 16, 48], [16, 48, 16], 1] * 255 / 20)
        assert (exemplars < searches).all()
        assert (searches - exemplars <= 2).all()


def test_samples_are_of_two_sizes_and_show_nobody():
    crops = sample_crops(Preprocess(64, 64), 6)
    assert len(crops) == 6
    assert crops[0].shape[0] < 64 < crops[1].shape[0]


def test_the_recipes_that_ship_fit_the_task():
    paths = sorted(RECIPES.glob("tracker_*.toml"))
    assert len(paths) == 5
    for path in paths:
        recipe = load_recipe(path)
        assert recipe.task == "tracking"
        (image,) = TASKS[recipe.task].inputs(recipe)
        assert image.shape == (256, 256, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": {}}, "batch.sampling='shuffled'"),
        ({"augmentation": {}}, "augmentation.pad=0"),
        ({"network": {"input_height": 256, "input_width": 128}}, "looks at squares"),
        ({"tracking": {"scales": 2}}, "must be odd"),
        ({"tracking": {"stretch": 0.5}}, "stretch"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(changes, message):
    recipe = {
        "name": "t",
        "task": "tracking",
        "network": {"input_height": 256, "input_width": 256},
        "batch": {"sampling": "shuffled", "size": 4},
        "augmentation": {"pad": 0, "erasing": 0.0},
    }
    with pytest.raises(RecipeError, match=message):
        parse_recipe({**recipe, **changes}, source="test")


def test_only_many_frames_are_held_against_another_engine():
    task = TASKS["tracking"]
    assert task.comparable({"success": 0.5, "frames": 999}) == {}
    assert task.comparable({"success": 0.5, "frames": 1000}) == {"success": 0.5}
