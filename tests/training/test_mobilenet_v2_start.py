"""MobileNetV2 from a checkpoint of PyTorch: the same maps, and a 1-bit network from that."""

import numpy as np
import pytest
from bireid_converters.rebuild import ImportSettings
from bireid_models import NetworkConfig
from bireid_models.framework import keras
from bireid_models.network import build_network
from bireid_runtime.safetensors import write_safetensors
from rebuilt import rebuilt

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.checkpoint import save_checkpoint
from bireid_deploy.training.initialisation import initialise_from
from bireid_deploy.training.recipe import OptimizerSection
from bireid_deploy.training.run_directory import RunDirectory

SMALL = {"width": 0.125, "input_height": 64, "input_width": 32}


def network(**options):
    return build_network(NetworkConfig("mobilenet_v2", **{"precision": "real", **SMALL, **options}))


def checkpoint(built, grouped):
    """Random arrays for every convolution and normalisation of a network, as PyTorch names them.

    `grouped`: torchvision's names; otherwise those of the first version for PyTorch.
    """
    rng, arrays = np.random.default_rng(0), {}

    def add(layer, key, norm_key):
        kernel = np.asarray(layer.weights[0])
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        shape = kernel.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1)).shape
        arrays[f"{key}.weight"] = rng.normal(size=shape) * (2 / np.prod(shape[1:])) ** 0.5
        channels = shape[0]
        for name in ("weight", "running_var"):
            arrays[f"{norm_key}.{name}"] = rng.uniform(0.5, 1.5, channels)
        for name in ("bias", "running_mean"):
            arrays[f"{norm_key}.{name}"] = rng.normal(0, 0.3, channels)

    layers = {layer.name: layer for layer in built.model.layers}
    add(layers["stem_conv"], "features.0.0", "features.0.1")
    blocks = [name.removesuffix("_depthwise") for name in layers if name.endswith("_depthwise")]
    for index, block in enumerate(blocks, 1):
        units = [f"{block}_expand_conv", f"{block}_depthwise", f"{block}_project_conv"]
        units = [name for name in units if name in layers]
        for number, name in enumerate(units):
            key = f"features.{index}.conv"
            if grouped and number + 1 < len(units):
                add(layers[name], f"{key}.{number}.0", f"{key}.{number}.1")
            else:
                place = number if grouped else 3 * number
                add(layers[name], f"{key}.{place}", f"{key}.{place + 1}")
    add(layers["stage4_last_conv"], "features.18.0", "features.18.1")
    arrays["classifier.1.weight"] = rng.normal(size=(10, 160))
    return {name: array.astype(np.float32) for name, array in arrays.items()}


@pytest.fixture(scope="module")
def real():
    return network()


@pytest.fixture(scope="module")
def source(real, tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "mobilenet_v2.safetensors"
    path.write_bytes(write_safetensors(checkpoint(real, grouped=True)))
    return path


def start(built, path):
    initialise_from(built, path, OptimizerSection(), seed=0)
    return built


@pytest.mark.parametrize("grouped", [True, False], ids=["torchvision", "first"])
def test_it_computes_what_the_imported_network_does(real, tmp_path, grouped):
    """The import is held to PyTorch; the average of the last map is its features."""
    path = tmp_path / "net.safetensors"
    path.write_bytes(write_safetensors(checkpoint(real, grouped)))
    imported = rebuilt(path, ImportSettings(size=(64, 32)))
    images = np.random.default_rng(1).normal(size=(2, 64, 32, 3)).astype(np.float32)
    expected = np.asarray(imported.network.model(images, training=False))
    start(real, path)
    found = np.asarray(real.features(images, training=False)["stage4"]).mean((1, 2))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_1_bit_network_starts_from_a_run_of_it(real, plain_recipe, source, tmp_path):
    start(real, source)
    run = RunDirectory(tmp_path / "real")
    run.create()
    variables = {f"network/{each.name}": each for each in real.model.variables}
    save_checkpoint(run.checkpoint, variables, {})
    recipe = plain_recipe(network={"backbone": "mobilenet_v2", "precision": "real"})
    said = {"finished": True, "steps": 1, "history": [], "initial": None, "teacher": None}
    run.write_record({"recipe": recipe.model_dump(), "data": {}, **said})

    binary = network(precision="binary")
    with pytest.raises(TrainingError, match="real-valued network alone"):
        start(binary, source)
    start(binary, run.path)
    expand = binary.model.get_layer("stage2_block1_expand_conv").kernel.numpy()
    origin = real.model.get_layer("stage2_block1_expand_conv").kernel.numpy()
    np.testing.assert_array_equal(expand, origin.clip(-1, 1))
    name = "stage3_block2_depthwise"
    for one, other in zip(
        binary.model.get_layer(name).get_weights(),
        real.model.get_layer(name).get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    fresh = binary.model.get_layer("stage2_block1_expand_input_bn").get_weights()
    assert [set(each.tolist()) for each in fresh] == [{1.0}, {0.0}, {0.0}, {1.0}]


def test_what_does_not_fit_is_refused(real, source, tmp_path):
    resnet = build_network(NetworkConfig("resnet10", precision="real", **SMALL))
    with pytest.raises(TrainingError, match=r"does not fit resnet10 at .*: it is a MobileNetV2"):
        start(resnet, source)
    path = tmp_path / "net.safetensors"
    arrays = checkpoint(real, grouped=True)
    kernel = arrays.pop("features.5.conv.2.weight")
    path.write_bytes(write_safetensors(arrays))
    with pytest.raises(TrainingError, match=r"has no 'features\.5\.conv\.2\.weight'"):
        start(real, path)
    arrays["features.5.conv.2.weight"] = np.concatenate([kernel, kernel])
    path.write_bytes(write_safetensors(arrays))
    with pytest.raises(TrainingError, match=r"'features\.5\.conv\.2\.weight' has the shape"):
        start(real, path)
