"""Toy models for the converters: small, with every weight away from its initial value."""

import itertools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from bireid_models import NetworkConfig


def randomize(model, seed=0):
    """Give every weight of a Keras model a random value that training could have left there."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        for weight in layer.weights:
            shape = tuple(weight.shape)
            kind = weight.name.split("/")[-1].split(":")[0]
            if kind == "moving_variance":
                value = rng.uniform(0.5, 20, shape)
            elif kind in ("gamma", "alpha"):
                value = rng.uniform(0.3, 1.5, shape) * rng.choice([-1, 1, 1], shape)
            else:
                value = rng.normal(0, 0.5, shape)
            weight.assign(value.astype(np.float32))
    return model


def unit_model(channels, filters, **fixed):
    """A Keras model of one input map and one output per variant of the unit."""
    from bireid_models.binarizations.base import PRELU
    from bireid_models.framework import keras
    from bireid_models.units import Unit

    image = keras.Input((8, 4, channels), name="image")
    grid = {
        "order": ("fused", "paper"),
        "pad_values": (1.0, 0.0),
        "stride": (1, 2),
        "shortcut": ("projection", None),
        "nonlinearity": (PRELU, None),
        "downsample": ("real", "binary"),
    }
    grid |= {name: (value,) for name, value in fixed.items()}
    results = []
    for values in itertools.product(*grid.values()):
        variant = dict(zip(grid, values, strict=True))
        if variant["downsample"] == "binary" and not variant["shortcut"]:
            continue
        name = "_".join(str(value).split(":")[-1].replace(".", "") for value in values)
        y = Unit(f"u{len(results)}_{name}", filters, **variant)(image)
        results.append(keras.layers.Activation("linear", name=f"result{len(results)}")(y))
    return randomize(keras.Model(image, results, name="units"))


def signs_and_sizes(shape, seed=1):
    """Random float32 values, none of them near zero."""
    rng = np.random.default_rng(seed)
    return (rng.uniform(0.1, 2, shape) * rng.choice([-1, 1], shape)).astype(np.float32)


def keras_outputs(model, images):
    """Outputs of a Keras model by name."""
    results = model(images, training=False)
    results = results if isinstance(results, list) else [results]
    return {
        name: np.asarray(value) for name, value in zip(model.output_names, results, strict=True)
    }


def lce_outputs(flatbuffer, images):
    """Outputs of an LCE flatbuffer by the name in its signature."""
    from larq_compute_engine.mlir.python import tflite_schema
    from larq_compute_engine.tflite.python.interpreter import Interpreter

    file = tflite_schema.ModelT.InitFromObj(
        tflite_schema.Model.GetRootAsModel(bytearray(flatbuffer), 0)
    )
    names = {entry.tensorIndex: entry.name.decode() for entry in file.signatureDefs[0].outputs}
    results = Interpreter(flatbuffer, num_threads=1, use_indirect_bgemm=True).predict(images)
    results = results if isinstance(results, list) else [results]
    return {
        names[index]: value for index, value in zip(file.subgraphs[0].outputs, results, strict=True)
    }


def onnx_outputs(file, images):
    """Outputs of an ONNX file by name."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": images}), strict=True))


def embedding_spec(network):
    """The spec of the one output of a network, an embedding."""
    from bireid_converters.named_model import named_model
    from bireid_runtime import OutputSpec

    ((name, (dim,)),) = named_model(network).output_shapes.items()
    return OutputSpec.embedding(name, dim)


def about(network, **changes):
    """What `convert` is told of a Re-ID network beside its formats."""
    from bireid_converters.card import CardFacts
    from bireid_runtime import InputSpec, Preprocess

    config = network.config
    spec = Preprocess(config.input_height, config.input_width)
    return {
        "name": "toy",
        "task": "reid",
        "inputs": (InputSpec.image("image", spec),),
        "outputs": (embedding_spec(network),),
        "licences": {"weights": "Apache-2.0", "training_data": "none"},
        "card": CardFacts("image-feature-extraction", ("toy",), "a picture", "## Use\n\nNone."),
    } | changes


@pytest.fixture(scope="session")
def toys():
    """The functions above, for test modules, which cannot import this file."""
    import types

    return types.SimpleNamespace(
        about=about,
        embedding_spec=embedding_spec,
        randomize=randomize,
        unit_model=unit_model,
        signs_and_sizes=signs_and_sizes,
        keras_outputs=keras_outputs,
        lce_outputs=lce_outputs,
        onnx_outputs=onnx_outputs,
    )


@pytest.fixture(scope="session")
def small_network():
    """A 1-bit network for 64x32 images with weights as if trained."""
    from bireid_models.network import build_network

    network = build_network(NetworkConfig("resnet10", input_height=64, input_width=32, width=0.125))
    randomize(network.model)
    return network


@pytest.fixture(scope="session")
def small_lce(small_network):
    """The LCE flatbuffer of the small network."""
    from bireid_converters.lce import export_lce

    return export_lce(small_network)
