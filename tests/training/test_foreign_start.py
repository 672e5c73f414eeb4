"""`train --init` with a checkpoint of another project."""

import itertools

import numpy as np
import pytest
from bireid_models import NetworkConfig
from bireid_models.framework import keras
from bireid_models.network import build_network
from bireid_runtime.safetensors import write_safetensors

from bireid_deploy.errors import TrainingError
from bireid_deploy.tasks import TASKS
from bireid_deploy.training.initialisation import initialise_from
from bireid_deploy.training.recipe import OptimizerSection
from bireid_deploy.training.trainer import START_BATCHES

BLOCKS = {"resnet18": (2, 2, 2, 2), "resnet50": (3, 4, 6, 3)}
CHANNELS = (8, 16, 32, 64)


def torchvision_resnet(backbone, changed=()):
    """Arrays of a ResNet of an eighth of the width, as torchvision names them."""
    rng, arrays = np.random.default_rng(0), {}
    expansion = 4 if backbone == "resnet50" else 1

    def convolution(key, norm, inputs, outputs, size):
        arrays[f"{key}.weight"] = rng.normal(size=(outputs, inputs, size, size))
        for name in ("weight", "bias", "running_mean", "running_var"):
            arrays[f"{norm}.{name}"] = rng.uniform(0.5, 1.5, outputs)

    convolution("conv1", "bn1", 3, 8, 7)
    inputs = 8
    for stage, (count, channels) in enumerate(zip(BLOCKS[backbone], CHANNELS, strict=True), 1):
        outputs = channels * expansion
        for index in range(count):
            key = f"layer{stage}.{index}"
            sizes = (1, 3, 1) if expansion == 4 else (3, 3)
            ends = [inputs, *[channels] * (len(sizes) - 1), outputs]
            for number, size in enumerate(sizes, 1):
                names = (f"{key}.conv{number}", f"{key}.bn{number}")
                convolution(*names, ends[number - 1], ends[number], size)
            if inputs != outputs:
                short = f"{key}.downsample"
                convolution(f"{short}.0", f"{short}.1", inputs, outputs, 1)
            inputs = outputs
    arrays["fc.weight"], arrays["fc.bias"] = rng.normal(size=(10, inputs)), np.zeros(10)
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    return {**arrays, **dict(changed)}


def save(path, arrays):
    path.write_bytes(write_safetensors(arrays))
    return path


def network(backbone="resnet18", **keys):
    keys = {"precision": "real", "width": 0.125, "input_height": 64, "input_width": 32, **keys}
    return build_network(NetworkConfig(backbone=backbone, **keys))


def start(built, path):
    initialise_from(built, path, OptimizerSection(), seed=0)


@pytest.mark.parametrize(
    ("backbone", "names"),
    [
        (
            "resnet18",
            {
                "stem_conv": "conv1",
                "stage1_unit1_conv": "layer1.0.conv1",
                "stage2_unit4_conv": "layer2.1.conv2",
                "stage4_unit1_downsample_conv": "layer4.0.downsample.0",
            },
        ),
        (
            "resnet50",
            {
                "stage1_block1_unit3_downsample_conv": "layer1.0.downsample.0",
                "stage3_block6_unit2_conv": "layer3.5.conv2",
            },
        ),
    ],
)
def test_every_convolution_and_norm_of_the_body_is_taken(tmp_path, backbone, names):
    arrays = torchvision_resnet(backbone)
    built = network(backbone)
    start(built, save(tmp_path / "net.safetensors", arrays))
    for here, there in names.items():
        kernel = built.model.get_layer(here).kernel.numpy()
        np.testing.assert_array_equal(kernel, arrays[f"{there}.weight"].transpose(2, 3, 1, 0))
    taken = [
        layer
        for layer in built.model.layers
        if layer.name.startswith(("stem_", "stage")) and layer.name.endswith(("_conv", "_bn"))
        if layer.name != "stem_pool_bn"
    ]
    held = {each.tobytes() for each in arrays.values()}
    held |= {each.transpose(2, 3, 1, 0).tobytes() for each in arrays.values() if each.ndim == 4}
    assert len(taken) == (40 if backbone == "resnet18" else 106)
    for layer in taken:
        for value in layer.get_weights():
            assert value.tobytes() in held, layer.name


def test_statistics_become_those_of_the_new_images(trainer, plain_recipe, data, tmp_path):
    arrays = torchvision_resnet("resnet18")
    path = save(tmp_path / "net.safetensors", arrays)
    recipe = plain_recipe(network={"backbone": "resnet18", "precision": "real"})
    features = trainer(recipe, tmp_path / "run", initial=path).network.features
    layers = [each for each in features.layers if isinstance(each, keras.layers.BatchNormalization)]
    found = {each.name: [value.numpy() for value in each.variables] for each in layers}
    gamma, beta, mean, variance = found["stage3_unit2_bn"]
    np.testing.assert_array_equal(gamma, arrays["layer3.0.bn2.weight"])
    np.testing.assert_array_equal(beta, arrays["layer3.0.bn2.bias"])
    assert np.abs(mean - arrays["layer3.0.bn2.running_mean"]).min() > 0.01
    assert np.abs(variance - arrays["layer3.0.bn2.running_var"]).min() > 0.01

    read = keras.Model(features.input, {layer.name: layer.input for layer in layers})
    epoch = itertools.islice(TASKS["reid"].batches(recipe, data).epoch(0), START_BATCHES)
    maps = [read(batch.images, training=True) for batch in epoch]
    assert len(maps) > 1
    for layer in layers:
        seen = [np.asarray(each[layer.name], np.float64) for each in maps]
        seen = [each.reshape(-1, each.shape[-1]) for each in seen]
        # TensorFlow's fused kernel hands on the variance of a sample.
        expected = [
            np.mean([each.mean(0) for each in seen], 0),
            np.mean([each.var(0, ddof=int(layer.fused)) for each in seen], 0),
        ]
        for one, other in zip(found[layer.name][-2:], expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4, err_msg=layer.name)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"precision": "binary"}, "real-valued network alone"),
        ({"width": 0.25}, "'conv1.weight' has the shape"),
        ({"backbone": "resnet10"}, "layer1 has more than 1 blocks"),
        ({"backbone": "resnet34"}, "has no 'layer1.2.conv1.weight'"),
        ({"backbone": "mobilenet"}, "does not fit mobilenet at width 0.125"),
    ],
)
def test_another_network_is_refused(tmp_path, keys, message):
    built = network(**{"backbone": "resnet18", **keys})
    before = [value.numpy() for value in built.model.variables]
    with pytest.raises(TrainingError, match=message):
        start(built, save(tmp_path / "net.safetensors", torchvision_resnet("resnet18")))
    for value, old in zip(built.model.variables, before, strict=True):
        np.testing.assert_array_equal(value.numpy(), old)


def test_numbers_that_no_network_has_are_refused(tmp_path):
    changed = {"layer4.1.bn2.running_var": np.full(64, -1, np.float32)}
    path = save(tmp_path / "net.safetensors", torchvision_resnet("resnet18", changed))
    with pytest.raises(TrainingError, match=r"'layer4.1.bn2.running_var' is negative"):
        start(network(), path)
