"""A search: who moves what, halves of the data, resuming to the same result, what it leaves."""

import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from bireid_models import NetworkConfig
from bireid_models.backbones.cdnet import place_channels
from bireid_models.backbones.cdnet_architecture import parse_architecture, weights_of
from bireid_models.backbones.cdnet_blocks import chain
from bireid_models.framework import keras

from bireid_deploy.errors import TrainingError, TrainingInterruptedError
from bireid_deploy.recipes import find_recipe, load_recipe
from bireid_deploy.search import searcher as searcher_module
from bireid_deploy.search.directory import SearchDirectory
from bireid_deploy.search.drawings import alphas_picture, architecture_picture
from bireid_deploy.search.found import SIZE_TOLERANCE, random_architectures, recipe_text
from bireid_deploy.search.latency import LatencyTable
from bireid_deploy.search.prepare import check_recipe
from bireid_deploy.search.searcher import Searcher, alphas_of
from bireid_deploy.search.single_block import open_block, place_shapes
from bireid_deploy.search.split import halves
from bireid_deploy.tasks import TASKS
from bireid_deploy.training.reporter import SilentReporter

PUBLISHED = NetworkConfig("cdnet", precision="real")


@pytest.fixture(scope="module", params=["real", "binary"])
def precision(request):
    return request.param


@pytest.fixture(scope="module")
def step(step_of, recipe_of, precision):
    return step_of(recipe_of(precision, latency_weight=0.1), np.array([[0.2, 0.8, 2.0]]))


@pytest.fixture(scope="module")
def batch(recipe_of, data):
    return next(TASKS["reid"].batches(recipe_of(), data).epoch(0))


def values(variables):
    return {each.name: each.numpy() for each in variables}


def changed(before, variables):
    return {each.name for each in variables if not np.array_equal(before[each.name], each.numpy())}


def test_weights_and_alphas_move_in_turn(step, batch):
    place = step.supernet.places[0]
    trained = [
        *step.supernet.network.features.trainable_variables,
        *step.weights.task.variables.values(),
    ]
    before = values([*trained, place.alpha])
    step.set_epoch(0.0)
    step.weights.optimizers.set_factor(1.0)
    step.weights(batch.images, batch.targets, 0)
    moved = changed(before, [*trained, place.alpha])
    assert place.alpha.name not in moved
    # Of the candidates only the one that runs learns.
    chosen = (1, 3, 5)[int(np.argmax(place.chosen()))]
    assert f"size{chosen}/kernel:0" in moved
    assert {name.partition("/")[0] for name in moved if "size" in name} == {f"size{chosen}"}
    before = values([*trained, place.alpha])
    found = step._compiled(batch.images, batch.targets, 0)
    assert changed(before, [*trained, place.alpha]) == {place.alpha.name}
    assert float(found["expected_latency"]) == pytest.approx(1.0, abs=0.01)


class Interruption:
    """Ctrl-C after so many steps."""

    def __init__(self, steps):
        self._left = steps

    def __enter__(self):
        return self._asked

    def __exit__(self, *error):
        pass

    def _asked(self):
        self._left -= 1
        return self._left == 0


def test_an_interrupted_search_comes_to_the_same_result(
    step, recipe_of, precision, data, tmp_path, monkeypatch
):
    recipe = recipe_of(precision, latency_weight=0.1)

    def searcher(name):
        batches = TASKS["reid"].batches(recipe, data)
        held = TASKS["reid"].batches(recipe.model_copy(update={"seed": 1}), data)
        directory = SearchDirectory(tmp_path / name)
        return Searcher(
            recipe, step, batches, held, data.description, None, directory, SilentReporter()
        )

    monkeypatch.setattr(searcher_module, "interruption", lambda: Interruption(1))
    with pytest.raises(TrainingInterruptedError, match="continue with --resume"):
        searcher("start").search()
    monkeypatch.setattr(searcher_module, "interruption", lambda: Interruption(4))
    shutil.copytree(tmp_path / "start", tmp_path / "cut")
    with pytest.raises(TrainingInterruptedError):
        searcher("cut").search(resume=True)
    monkeypatch.undo()
    results = {}
    for name in ("start", "cut"):
        searcher(name).search(resume=True)
        with np.load(tmp_path / name / "checkpoint.npz") as archive:
            results[name] = {key: archive[key] for key in archive if key != "state.json"}
    for name, array in results["start"].items():
        np.testing.assert_array_equal(array, results["cut"][name], err_msg=name)
    records = [SearchDirectory(tmp_path / name).read_record() for name in results]
    assert records[0]["finished"]
    assert records[0]["architecture"] == records[1]["architecture"]
    alphas = [alphas_of(each) for each in records[0]["history"]]
    assert alphas == [alphas_of(each) for each in records[1]["history"]]
    assert list(alphas[0][0]) == ["3+5", "3+7", "5+7"]
    ET.fromstring(alphas_picture(alphas))
    other = recipe_of(precision, latency_weight=0.2)
    with pytest.raises(TrainingError, match=r"changed: search\.latency_weight"):
        Searcher(other, step, None, None, {}, None, SearchDirectory(tmp_path / "cut"), None).search(
            resume=True
        )
    with pytest.raises(TrainingError, match="holds a search already"):
        searcher("cut").search()


def test_halves_are_apart(data):
    weights, alphas = halves(data.labels, "disjoint", 0)
    assert set(weights) | set(alphas) == set(range(32))
    assert not set(weights) & set(alphas)
    assert np.bincount(data.labels[weights]).tolist() == [4, 4, 4, 4]
    again = halves(data.labels, "disjoint", 0)
    assert all(map(np.array_equal, (weights, alphas), again))
    with pytest.raises(TrainingError, match="nobody has two images"):
        halves(np.arange(5), "disjoint", 0)


@pytest.mark.parametrize(
    ("count", "kept", "copied"), [(2, 2, 4), (4, 4, 4), (5, 4, 3), (7, 4, 1), (8, 4, 0), (9, 8, 3)]
)
def test_the_official_split_copies(count, kept, copied):
    weights, alphas = halves(np.zeros(count, int), "official", 0)
    assert (len(weights), len(alphas)) == (kept, 4)
    assert sum(row in set(weights) for row in alphas) == copied


def test_counted_weights_are_those_of_the_blocks():
    architecture = parse_architecture("3+5x2 3+5 3+5 5+9x2 3+5 3+5")
    channels = place_channels(PUBLISHED)
    assert channels == [(64, 256), (256, 256), (256, 384), (384, 384), (384, 512), (512, 512)]
    for number in (0, 3):
        x = keras.Input((8, 4, channels[number][0]))
        model = keras.Model(
            x, chain(x, PUBLISHED, architecture[number], f"c{number}", channels[number][1])
        )
        trained = sum(int(np.prod(each.shape)) for each in model.trainable_variables)
        assert (
            weights_of(architecture[number : number + 1], channels[number : number + 1]) == trained
        )


def test_controls_have_the_size_of_what_was_found(recipe_of, tmp_path):
    found = parse_architecture("cnet")
    space = recipe_of(kernels=[3, 5, 7, 9]).search
    drawn = random_architectures(found, PUBLISHED, space, 5, 0)
    assert len({*drawn, found}) == 6
    size = weights_of(found, place_channels(PUBLISHED))
    for each in drawn:
        found_size = weights_of(each, place_channels(PUBLISHED))
        assert abs(found_size - size) <= SIZE_TOLERANCE * size
    assert drawn == random_architectures(found, PUBLISHED, space, 5, 0)
    path = tmp_path / "random.toml"
    path.write_text(recipe_text("random-1", "Drawn", "cdnet_half", drawn[0]))
    assert parse_architecture(load_recipe(path).network.architecture) == drawn[0]
    ET.fromstring(architecture_picture(drawn[0]))
    with pytest.raises(TrainingError, match="only 0 architectures"):
        random_architectures(parse_architecture("cdnet"), PUBLISHED, space, 1, 0)


@pytest.mark.parametrize(
    ("recipe", "architectures"), [("cdnet_search_half", 46_656), ("cdnet_search", 2_985_984)]
)
def test_spaces_are_as_large_as_published(recipe, architectures):
    places = len(place_channels(PUBLISHED))
    assert len(load_recipe(find_recipe(recipe)).search.candidates) ** places == architectures


def table(**changes):
    network = {
        "precision": "binary", "binarization": "bireid", "width": 0.125, "input_height": 32,
        "input_width": 32, "downsample": "binary", "stem": "imagenet",
    }  # fmt: skip
    place = {"3+5": 1.0, "3+7": 2.0, "5+7": 3.0}
    return LatencyTable(network | changes, "engine", 1, (place,) * 6)


def test_a_table_of_latencies(recipe_of, tmp_path):
    found = table()
    found.save(tmp_path / "table.json")
    assert LatencyTable.load(tmp_path / "table.json") == found
    candidates = recipe_of().search.candidates
    assert found.shares(candidates).mean(axis=1).sum() == pytest.approx(1)
    assert found.total(parse_architecture("3+5 3+7 5+7 3+5 3+5 3+5")) == 9
    with pytest.raises(TrainingError, match=r"lacks 3\+9 at place 1"):
        found.of(recipe_of(kernels=[3, 5, 9]).search.candidates)
    for text in ("{", "[]", '{"schema_version": 1}', '{"schema_version": 2}'):
        (tmp_path / "table.json").write_text(text)
        with pytest.raises(TrainingError, match="table of latencies"):
            LatencyTable.load(tmp_path / "table.json")


@pytest.mark.parametrize(
    ("search", "latency", "message"),
    [
        ({"latency_weight": 0.1}, None, "go together"),
        ({}, table(), "go together"),
        ({"latency_weight": 0.1}, table(), "network.precision='binary', the recipe has 'real'"),
        ({"enabled": False}, None, "has no table"),
    ],
)
def test_a_recipe_that_cannot_be_searched(recipe_of, search, latency, message):
    with pytest.raises(TrainingError, match=message):
        check_recipe(recipe_of(**search), latency)


@pytest.mark.slow
def test_a_block_alone_runs_in_the_native_engine(tmp_path):
    config = NetworkConfig(
        "cdnet", downsample="binary", width=0.125, input_height=64, input_width=32
    )
    shapes = place_shapes(config)
    assert [shape for shape, _ in shapes[::2]] == [(16, 8, 8), (8, 4, 32), (4, 2, 48)]
    shape, filters = shapes[0]
    engine = open_block(
        config, parse_architecture("cdnet")[0], shape, filters, tmp_path / "block", 1
    )
    item = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    assert engine.run({"map": item})["result"].shape == (1, 16, 8, filters)
