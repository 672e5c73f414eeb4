"""Golden crops: stable, reproducible, one of them larger than the network's input."""

import numpy as np
import pytest
from bireid_converters.errors import ConversionError
from bireid_converters.golden import choose_golden as choose
from bireid_converters.golden import generate_items
from bireid_converters.named_model import named_model
from bireid_models.framework import keras, tf
from bireid_runtime import InputSpec, OutputSpec
from bireid_runtime.golden import Tolerance
from bireid_runtime.preprocess import Preprocess, preprocess

SPEC = Preprocess(8, 4, mean=(0.5, 0.5, 0.5), std=(1, 1, 1))


INPUT = InputSpec.image("image", SPEC)
OUTPUT = OutputSpec.embedding("embedding", 2)


def choose_golden(model, crops=None, output=OUTPUT):
    candidates = None if crops is None else {"image": crops}
    return choose(named_model(model, ["image"], [output.name]), [INPUT], [output], candidates)


def jumping_model(threshold):
    """An embedding whose second number jumps where the mean of the image crosses a threshold."""
    image = keras.Input((8, 4, 3), name="image")

    def embed(x):
        mean = tf.reduce_mean(x, axis=[1, 2, 3], keepdims=False)[:, None]
        return tf.concat([mean, tf.cast(mean > threshold, tf.float32)], axis=1)

    return keras.Model(image, keras.layers.Lambda(embed, name="embedding")(image))


def grey(level, height=8, width=4):
    return np.full((height, width, 3), level, np.uint8)


@pytest.fixture(scope="module")
def model():
    threshold = float(preprocess(grey(100), SPEC).mean(dtype=np.float64))
    return jumping_model(threshold)


def levels(golden):
    return sorted(int(crop[0, 0, 0]) for crop in golden.inputs["image"])


def test_a_crop_on_the_edge_is_passed_over(model):
    crops = [grey(100, 20, 20), grey(100), grey(50), grey(150), grey(200, 20, 20)]
    golden = choose_golden(model, crops)
    assert levels(golden) == [50, 150, 200]
    images = np.stack([preprocess(crop, SPEC) for crop in golden.inputs["image"]])
    np.testing.assert_allclose(golden.outputs["embedding"], model(images), atol=1e-6)
    assert golden.tolerances == {"embedding": Tolerance(1e-3, 0.999)}


def test_one_crop_is_larger_than_the_input(model):
    golden = choose_golden(model, [grey(50), grey(150), grey(200, 3, 30)])
    assert any(crop.shape[0] > 8 and crop.shape[1] > 4 for crop in golden.inputs["image"])


def test_too_few_stable_crops(model):
    crops = [grey(100), grey(100, 20, 20), grey(50, 20, 20), grey(60)]
    with pytest.raises(ConversionError, match="only 2 of 4 candidates"):
        choose_golden(model, crops)
    with pytest.raises(ConversionError, match="2 candidates"):
        choose_golden(model, crops[:2])


class Trembling:
    """An embedding that no two roundings agree on, of grey crops of level 100 alone."""

    def run(self, inputs):
        mean = inputs["image"].mean(axis=(1, 2, 3), dtype=np.float64)
        trembles = np.abs(mean - preprocess(grey(100), SPEC).mean()) < 1e-3
        return {"embedding": np.stack([mean, trembles * np.sin(1e8 * mean)], 1).astype(np.float32)}


def test_more_are_asked_for_when_too_few_are_stable():
    asked = []

    def more(count):
        asked.append(count)
        return {"image": [*edges, *(grey(50 + index, 20, 20) for index in range(count - 40))]}

    edges = [grey(100)] * 40
    stable = [grey(50), grey(150), grey(200, 20, 20)]
    choose(Trembling(), [INPUT], [OUTPUT], {"image": [*edges[3:], *stable]}, more=more)
    assert asked == []  # among the given ones, though not among the first 32
    golden = choose(Trembling(), [INPUT], [OUTPUT], {"image": edges}, more=more)
    assert asked == [80]
    assert 100 not in levels(golden)
    with pytest.raises(ConversionError, match="only 0 of 512 candidates"):  # and larger ones
        choose(
            Trembling(),
            [INPUT],
            [OUTPUT],
            {"image": edges},
            more=lambda count: {"image": [grey(100)] * count},
        )


def test_more_generated_items_begin_with_the_same_ones():
    inputs = [INPUT, InputSpec.tensor("points", (10, 3))]
    few, many = (generate_items(inputs, count) for count in (2, 5))
    for name, items in few.items():
        assert all(map(np.array_equal, items, many[name][:2]))


def test_generated_crops_are_reproducible_and_of_several_sizes(model):
    first, again, other = (generate_items([INPUT], seed=seed)["image"] for seed in (0, 0, 1))
    assert all(map(np.array_equal, first, again))
    assert not any(map(np.array_equal, first, other))
    assert {crop.shape for crop in first} >= {(4, 2, 3), (8, 4, 3), (16, 8, 3)}
    assert len({crop.tobytes() for crop in first}) == len(first)
    golden = choose_golden(model)
    assert any(
        crop.shape == (16, 8, 3) or crop.shape == (12, 6, 3) for crop in golden.inputs["image"]
    )


def test_the_tolerance_of_other_kinds_follows_their_largest_number():
    image = keras.Input((8, 4, 3), name="image")
    mean = keras.layers.GlobalAveragePooling2D()(image)
    logits = keras.layers.Lambda(lambda x: 4000 * x)(mean)
    spec = OutputSpec.logits("logits", ["a", "b", "c"])
    golden = choose_golden(keras.Model(image, logits), output=spec)
    largest = np.abs(golden.outputs["logits"]).max()
    assert largest > 100
    assert golden.tolerances["logits"].max_abs >= 1e-3 * largest
    assert golden.tolerances["logits"].min_cosine is None


def test_items_of_every_kind_can_be_generated():
    inputs = [
        InputSpec.image("image", Preprocess(8, 4, (0.5,) * 6, (1.0,) * 6)),
        InputSpec.tensor("points", (10, 3)),
    ]
    items = generate_items(inputs, count=5)
    for spec in inputs:
        assert len(items[spec.name]) == 5
        for item in items[spec.name]:
            spec.check(item)
