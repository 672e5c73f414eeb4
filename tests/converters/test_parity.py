import json
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from bireid_converters import parity
from bireid_converters.errors import ConversionError
from bireid_converters.flatbuffer import read_tflite
from bireid_converters.formats import find_format
from bireid_converters.named_model import named_model
from bireid_converters.onnx_export import export_onnx
from bireid_runtime import OutputSpec
from bireid_runtime.errors import UnsupportedModelError


def check_parity(network, files, images, **options):
    """The gate on bytes, opened as their format says, for a network that embeds images."""
    named = named_model(network)
    ((name, (dim,)),) = named.output_shapes.items()
    opened = {format: find_format(format).open(data) for format, data in files.items()}
    outputs = [OutputSpec.embedding(name, dim)]
    return parity.check_parity(named, opened, {"image": images}, outputs, **options)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(3).normal(size=(32, 64, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def small_onnx(small_network):
    return export_onnx(small_network)


def edit_constant(data, output, position, change):
    """Change input `position` of the operator whose output's name starts with `output`, in place.

    `change` edits a flat copy of the constant.
    """
    model = read_tflite(data)
    (operator,) = [
        each for each in model.operators if model.tensors[each.outputs[0]].name.startswith(output)
    ]
    constant = model.operand(operator, position).value()
    edited = constant.reshape(-1).copy()
    change(edited)
    assert data.count(constant.tobytes()) == 1
    return data.replace(constant.tobytes(), edited.tobytes())


def edit_initializer(data, name, change):
    model = onnx.load_from_string(data)
    (tensor,) = [each for each in model.graph.initializer if each.name == name]
    values = onnx.numpy_helper.to_array(tensor).copy()
    change(values.reshape(-1))
    tensor.CopyFrom(onnx.numpy_helper.from_array(values, name))
    return model.SerializeToString()


def flip_lowest_bit(values):
    values[5] ^= 1


def nudge(values):
    values[3] += 0.001


def double(values):
    values *= 2


def add_half(values):
    values += 0.5


def test_sound_files_pass(small_network, small_lce, small_onnx, images):
    report = check_parity(small_network, {"lce": small_lce, "onnx": small_onnx}, images)

    assert report.failure is None
    assert report.passed
    for result in report.formats.values():
        assert len(result.binary_layers) == 8
        assert all(layer.wrong_sums == 0 for layer in result.binary_layers)
        assert result.agreement.agreeing_share >= 0.85
        assert result.layers == ()
    manifest = json.loads(json.dumps(report.to_manifest(), allow_nan=False))
    assert manifest["passed"] is True
    assert manifest["formats"]["lce"]["exact_binary_layers"] == 8


def test_a_real_network_is_compared_as_a_whole(images, toys):
    from bireid_models import NetworkConfig
    from bireid_models.network import build_network

    config = NetworkConfig(
        "resnet10", input_height=64, input_width=32, width=0.125, precision="real"
    )
    network = build_network(config)
    toys.randomize(network.model)
    file = export_onnx(network)

    assert check_parity(network, {"onnx": file}, images).failure is None
    damaged = edit_initializer(file, "stage3_unit1_conv/kernel", double)
    report = check_parity(network, {"onnx": damaged}, images)
    assert "first diverging layer: stage3_unit1_conv (100%" in report.failure


def test_explain_walks_from_input_to_output(small_network, small_lce, small_onnx, images):
    report = check_parity(
        small_network, {"lce": small_lce, "onnx": small_onnx}, images[:8], explain=True
    )

    for result in report.formats.values():
        names = [layer.name for layer in result.layers]
        assert names[0] == "stem_conv"
        assert names[-1] == "embedding"
        assert names.index("stage1_unit1_conv") < names.index("stage4_unit2_conv")
        assert result.layers[0].output == "stem_bn"
        assert result.layers[0].agreeing_share == 1


def test_one_flipped_bit_names_its_layer(small_network, small_lce, images):
    damaged = edit_constant(small_lce, "bireid/stage2_unit2_bn/", 1, flip_lowest_bit)

    report = check_parity(small_network, {"lce": damaged}, images[:8])

    assert report.failure.startswith("lce: stage2_unit2_conv: 1 of ")
    wrong = [layer for layer in report.formats["lce"].binary_layers if layer.failure]
    assert [layer.name for layer in wrong] == ["stage2_unit2_conv"]
    assert wrong[0].flipped_weights == 1
    assert wrong[0].wrong_sums > 0


def test_one_flipped_bit_in_onnx_names_its_layer(small_network, small_onnx, images):
    damaged = edit_initializer(small_onnx, "stage3_unit2_conv/bits", flip_lowest_bit)

    report = check_parity(small_network, {"onnx": damaged}, images[:8])

    assert report.failure.startswith("onnx: stage3_unit2_conv: 1 of ")


@pytest.mark.parametrize("position", [2, 3], ids=["multiplier", "bias"])
def test_a_wrong_fold_names_its_layer(small_network, small_lce, images, position):
    damaged = edit_constant(small_lce, "bireid/stage1_unit2_bn/", position, nudge)

    report = check_parity(small_network, {"lce": damaged}, images[:8])

    assert report.failure.startswith("lce: stage1_unit2_conv: the folded multiplier or bias")


@pytest.mark.parametrize("tensor", ["scale", "shift"])
def test_a_wrong_fold_in_onnx_names_its_layer(small_network, small_onnx, images, tensor):
    damaged = edit_initializer(small_onnx, f"stage1_unit2_conv/{tensor}", nudge)

    report = check_parity(small_network, {"onnx": damaged}, images[:8])

    assert report.failure.startswith("onnx: stage1_unit2_conv: the folded multiplier or bias")


def test_a_wrong_prelu_is_found_in_the_whole_network(small_network, small_lce, images):
    damaged = edit_constant(small_lce, "bireid/stage2_unit1_prelu/", 1, add_half)

    report = check_parity(small_network, {"lce": damaged}, images)

    assert not report.passed
    assert "first diverging layer: stage2_unit1_prelu (100%" in report.failure
    layers = {layer.name: layer for layer in report.formats["lce"].layers}
    assert layers["stage2_unit1_add"].diverging_share == 0
    assert layers["stage2_unit2_add"].diverging_share is None
    assert layers["stage2_unit2_add"].agreeing_share == 0
    assert all(layer.failure is None for layer in report.formats["lce"].binary_layers)


def test_a_wrong_prelu_in_onnx_is_found_too(small_network, small_onnx, images):
    damaged = edit_initializer(small_onnx, "stage2_unit1_prelu/slopes", add_half)

    report = check_parity(small_network, {"onnx": damaged}, images)

    assert "first diverging layer: stage2_unit1_prelu (100%" in report.failure


def test_a_wrong_stem_is_called_by_its_convolution(small_network, small_onnx, images):
    damaged = edit_initializer(small_onnx, "stem_conv/bias", add_half)

    report = check_parity(small_network, {"onnx": damaged}, images)

    assert "first diverging layer: stem_conv (100%" in report.failure


def test_the_file_of_another_network_is_refused(small_network, small_lce, toys, images):
    from bireid_models.network import build_network

    other = build_network(small_network.config)
    toys.randomize(other.model, seed=99)

    report = check_parity(other, {"lce": small_lce}, images[:8])

    assert report.failure.startswith("lce: stage1_unit1_conv: ")
    assert "have the other sign" in report.failure


@pytest.mark.parametrize("name", ["lce", "onnx"])
def test_truncated_files_are_refused(small_network, small_lce, small_onnx, images, name):
    data = {"lce": small_lce, "onnx": small_onnx}[name]
    with pytest.raises(UnsupportedModelError, match="damaged"):
        check_parity(small_network, {name: data[: len(data) // 2]}, images[:2])


def test_an_operator_that_lce_does_not_know_is_one_line(small_network, small_lce, images):
    unknown = small_lce.replace(b"LceQuantize", b"LceQuantum_")
    with pytest.raises(UnsupportedModelError, match="Larq Compute Engine cannot load") as caught:
        check_parity(small_network, {"lce": unknown}, images[:2])
    assert "\n" not in str(caught.value)


def test_arguments_are_checked(small_network, small_lce, images):
    with pytest.raises(ConversionError, match="no converted file"):
        check_parity(small_network, {}, images)
    with pytest.raises(ConversionError, match="cannot check files of the format int8"):
        check_parity(small_network, {"int8": small_lce}, images)
    for wrong in (images[:0], images[:, :32], images.astype(np.float64)):
        with pytest.raises(ConversionError, match="parity needs float32"):
            check_parity(small_network, {"lce": small_lce}, wrong)


@pytest.fixture
def convert(toys):
    """Build a toy network around a function of an 8x4x32 map, and convert it as LCE likes."""

    def build(body, size=(8, 4, 32)):
        import larq_compute_engine
        from bireid_models.framework import keras
        from bireid_models.layers import UnitNormalize

        image = keras.Input(size, name="image")
        pooled = keras.layers.GlobalAveragePooling2D(name="pool")(body(image))
        model = keras.Model(image, UnitNormalize(name="embedding")(pooled), name="toy")
        toys.randomize(model)
        crops = np.random.default_rng(5).normal(size=(32, *size)).astype(np.float32)
        return SimpleNamespace(model=model), larq_compute_engine.convert_keras_model(model), crops

    return build


def unit(name, **options):
    from bireid_models.units import Unit

    return Unit(name, 32, **options)


def test_padding_that_lce_does_not_know_names_the_float_layer(convert):
    network, file, crops = convert(lambda x: unit("second", pad_values=-1)(unit("first")(x)))

    report = check_parity(network, {"lce": file}, crops)

    assert report.failure == (
        "lce: second_conv is declared binary but is not 1-bit in the file: a float CONV_2D carries "
        "it: it pads with -1, and 1-bit convolution pads with 1 or 0"
    )
    assert list(report.formats["lce"].missing) == ["second_conv"]
    # It computes the same; only its precision is not what was promised.
    assert report.formats["lce"].agreement.agreeing_share == 1


def test_a_quantizer_that_lce_does_not_know_names_the_float_layer(convert):
    from bireid_models.framework import larq, tf
    from bireid_models.layers import BinaryConv2D

    class PlainSign(larq.quantizers.Quantizer):
        precision = 1

        def call(self, inputs):
            return tf.sign(inputs)

    def body(x):
        layer = BinaryConv2D(32, 3, padding="same", name="second_conv")
        layer.input_quantizer = PlainSign()
        return layer(unit("first")(x))

    network, file, crops = convert(body)
    report = check_parity(network, {"lce": file}, crops)

    assert "second_conv is declared binary but is not 1-bit" in report.failure
    assert "its input, of SIGN, is not a sign that the converter recognises" in report.failure


def test_wrong_lce_kernel_on_small_zero_padded_maps_is_caught(convert):
    network, file, crops = convert(lambda x: unit("zero", pad_values=0)(x), size=(4, 2, 32))

    report = check_parity(network, {"lce": file}, crops)

    assert report.failure.startswith("lce: zero_conv: ")
    assert "integer sums differ from Keras" in report.failure


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a"), ("a" * 60, "b" * 60)])
def test_two_layers_that_share_their_signs_are_told_apart(convert, names):
    from bireid_models.framework import keras
    from bireid_models.layers import BinaryConv2D

    def body(x):
        x = unit("first")(x)
        layers = {name: BinaryConv2D(32, 3, padding="same", name=name) for name in sorted(names)}
        return keras.layers.Add(name="sum")([layers[name](x) for name in names])

    network, file, crops = convert(body)
    assert len([each for each in read_tflite(file).operators if each.name == "LceQuantize"]) == 2

    assert check_parity(network, {"lce": file}, crops).failure is None


@pytest.fixture
def bit_writer(convert):
    """Without shortcut and PReLU the first layer writes the second one's signs itself."""

    def body(x):
        return unit("b", shortcut=None, nonlinearity=None)(
            unit("a", shortcut=None, nonlinearity=None)(x)
        )

    return convert(body)


def test_layers_that_write_bits_pass(bit_writer):
    network, file, crops = bit_writer
    assert [each.name for each in read_tflite(file).operators].count("LceQuantize") == 1

    report = check_parity(network, {"lce": file, "onnx": export_onnx(network.model)}, crops)

    assert report.failure is None


def test_a_wrong_threshold_names_its_layer(bit_writer):
    network, file, crops = bit_writer

    def shift(values):
        values += 2

    damaged = edit_constant(file, "toy/b_conv/approx_sign", 4, shift)
    report = check_parity(network, {"lce": damaged}, crops)

    assert report.failure.startswith("lce: a_conv: ")
    assert "thresholds are wrong" in report.failure


def test_a_file_with_more_binary_layers_than_declared_is_refused(convert):
    from bireid_models.framework import keras

    network, file, crops = convert(lambda x: unit("second")(unit("first")(x)))
    inner = network.model.get_layer("first_prelu").output
    pooled = keras.layers.GlobalAveragePooling2D()(inner)
    embedding = keras.layers.Activation("linear", name="embedding")(pooled)
    shorter = SimpleNamespace(model=keras.Model(network.model.input, embedding))

    report = check_parity(shorter, {"lce": file}, crops)

    assert "the file has 2 binary operators, the network declares 1" in report.failure
