"""`import` of an ONNX file: any network that makes an embedding of one image."""

import json
import re

import numpy as np
import onnx
import pytest
from bireid_runtime import Bundle, Extractor
from bireid_runtime.preprocess import Preprocess, preprocess
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from bireid_deploy.conversion import verify_bundle

SIZE = (64, 32)
KERNEL = np.random.default_rng(0).normal(scale=0.2, size=(8, 3, 3, 3)).astype(np.float32)


def _network(*, batch=1, shape=(3, *SIZE), fixed=False, several=False, operator="Relu"):
    """As PyTorch exports: NCHW, names of its own, which are those of a bundle here."""
    weights = [numpy_helper.from_array(KERNEL, "w")]
    nodes = [
        helper.make_node(
            "Conv", ["embedding", "w"], ["c"], pads=[1, 1, 1, 1], doc_string="at line 3"
        ),
        helper.make_node(operator, ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["map"]),
    ]
    if fixed:
        weights.append(numpy_helper.from_array(np.array([1, -1], np.int64), "s"))
        nodes.append(helper.make_node("Reshape", ["map", "s"], ["image"]))
    else:
        nodes.append(helper.make_node("Flatten", ["map"], ["image"]))
    outputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 8])]
    if several:
        outputs.append(helper.make_tensor_value_info("map", TensorProto.FLOAT, [batch, 8, 1, 1]))
    taken = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, *shape])
    graph = helper.make_graph(nodes, "g", [taken], outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _by_hand(images, spec):
    inputs = np.stack([preprocess(image, spec) for image in images]).transpose(0, 3, 1, 2)
    padded = np.pad(inputs, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    maps = np.einsum("nchwij,ocij->nohw", windows, KERNEL)
    features = np.maximum(maps, 0).mean((2, 3))
    return features / np.linalg.norm(features, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    onnx.save(_network(), path)
    return path


@pytest.fixture(scope="module")
def made(make, network, people):
    out = network.parent / "bundle"
    prepared = ("--mean", "0.5,0.4,0.3", "--resize", "plain")
    arguments = (*prepared, "--weights-licence", "MIT", "--data", people)
    return make(out, "import", network, "-o", out, *arguments)


def test_the_bundle_gives_what_the_file_gives(made):
    images = list(np.random.default_rng(1).integers(0, 256, (3, 90, 40, 3), dtype=np.uint8))
    found = Extractor.open(made.path).embed(images)
    spec = Preprocess(*SIZE, mean=(0.5, 0.4, 0.3), antialias=False)
    assert Bundle.open(made.path).preprocess == spec
    np.testing.assert_allclose(found, _by_hand(images, spec), atol=1e-5)


def test_files_of_images_are_embedded_by_the_command(cli, made, tmp_path):
    images = np.random.default_rng(3).integers(0, 256, (3, 90, 40, 3), dtype=np.uint8)
    paths, out = [tmp_path / f"{number}.png" for number in range(3)], tmp_path / "vectors.npz"
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    result = cli("embed", made.path, *paths, "-o", out)
    assert result.code == 0, result.err
    with np.load(out) as arrays:
        found = arrays["vectors"]
    spec = Preprocess(*SIZE, mean=(0.5, 0.4, 0.3), antialias=False)
    np.testing.assert_allclose(found, _by_hand(images, spec), atol=1e-5)


def test_it_says_how_images_are_prepared_and_what_was_checked(made):
    assert "images of 64x32, bilinear without antialiasing, mean 0.5 0.4 0.3" in made.result.err
    bundle = Bundle.open(made.path)
    assert all(check.passed for check in verify_bundle(made.path))
    assert bundle.manifest["training"]["checked"][-1] == "data: onnx on people"
    assert "checked: data: onnx on people" in made.result.err
    origin = bundle.manifest["training"]["imported_from"]
    assert (origin["family"], origin["output"]) == ("onnx-file", "image")
    assert bundle.manifest["licences"]["weights"] == "MIT"
    assert b"at line 3" not in bundle.read("float-onnx")


def test_one_of_several_outputs_is_named(cli, refused, tmp_path):
    path, out = tmp_path / "net.onnx", tmp_path / "out"
    onnx.save(_network(batch="n", shape=("c", "h", "w"), several=True), path)
    assert "is no image of 3 channels" in refused(6, "import", path, "-o", out)
    onnx.save(_network(batch="n", shape=(3, "h", "w"), several=True), path)
    err = refused(6, "import", path, "-o", out, "--size", "64x32")
    assert "gives image, map; say which one is the embedding by --output" in err
    sized = ("import", path, "-o", out, "--output", "map")
    assert "how large its images are; give --size" in refused(6, *sized)
    result = cli(*sized, "--size", "48x24", "--json")
    assert json.loads(result.out)["found"]["network"]["input_height"] == 48


def test_it_is_held_to_the_reference(refused, network, tmp_path):
    images = np.random.default_rng(2).integers(0, 256, (2, 40, 20, 3), dtype=np.uint8)
    np.savez(
        tmp_path / "reference.npz", images=images, features=_by_hand(images, Preprocess(*SIZE))
    )
    given = ("--reference", tmp_path / "reference.npz", "--mean", "3,0,-3")
    err = refused(3, "import", network, "-o", tmp_path / "out", *given)
    assert "cosine of" in err
    assert "say by --size, --resize, --mean and --std" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("made_of", "arguments", "reason"),
    [
        ({"fixed": True}, (), "something else of two images than of each"),
        ({"operator": "Shrink"}, (), "holds the operator 'Shrink'.*BIREID_FOREIGN_OPERATORS"),
        ({}, ("--size", "32x32"), "takes images of 64x32, not of 32x32"),
        ({}, ("--output", "imag"), "has no output 'imag'; did you mean image"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line(refused, tmp_path, made_of, arguments, reason):
    path = tmp_path / "net.onnx"
    onnx.save(_network(**made_of), path)
    err = refused(6, "import", path, "-o", tmp_path / "out", *arguments)
    assert re.search(reason, err)


def test_options_of_checkpoints_have_no_meaning(refused, network, tmp_path):
    for option in (("--arch", "layumi"), ("--last-stride", 1), ("--format", "float")):
        err = refused(2, "import", network, "-o", tmp_path / "out", *option)
        assert f"{option[0]} has no meaning for an .onnx file" in err


def test_a_damaged_file_is_refused(refused, network, tmp_path):
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(network.read_bytes()[:-20])
    assert "damaged .onnx file" in refused(6, "import", cut, "-o", tmp_path / "out")
