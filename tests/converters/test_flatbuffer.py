import numpy as np
import pytest
from bireid_converters import flatbuffer
from bireid_converters.flatbuffer import read_tflite, unpack_signs
from bireid_converters.flatbuffer_edit import cut_binary_convolution, with_outputs
from bireid_runtime.errors import UnsupportedModelError


def run(data, inputs):
    from larq_compute_engine.tflite.python.interpreter import Interpreter

    outputs = Interpreter(data, num_threads=1, use_indirect_bgemm=True).predict(inputs)
    return outputs if isinstance(outputs, list) else [outputs]


def binary_convolutions(model):
    return [operator for operator in model.operators if operator.name == "LceBconv2d"]


def test_reads_operators_tensors_and_options(small_lce):
    model = read_tflite(small_lce)

    assert model.tensors[model.inputs[0]].shape == (1, 64, 32, 3)
    assert model.operators[0].name == "CONV_2D"
    convolutions = binary_convolutions(model)
    assert len(convolutions) == 8
    assert convolutions[0].options == {
        "channels_in": 8,
        "dilation_height_factor": 1,
        "dilation_width_factor": 1,
        "fused_activation_function": 0,
        "pad_values": 1,
        "padding": 0,
        "stride_height": 1,
        "stride_width": 1,
    }
    strides = {operator.options["stride_height"] for operator in convolutions}
    assert strides == {1, 2}


def test_unpacks_the_kernels_that_were_trained(small_network, small_lce):
    from bireid_models.layers import binary_layers

    model = read_tflite(small_lce)

    for layer, operator in zip(
        binary_layers(small_network.model), binary_convolutions(model), strict=True
    ):
        packed = model.operand(operator, 1).value()
        kernel = np.where(layer.kernel.numpy() >= 0, 1, -1).transpose(3, 0, 1, 2)
        np.testing.assert_array_equal(unpack_signs(packed, kernel.shape[-1]), kernel)


def test_a_set_bit_is_minus_one_lowest_bit_first():
    words = np.array([[0b101, 1]], np.int32)
    signs = unpack_signs(words, 34)
    assert signs.shape == (1, 34)
    assert np.flatnonzero(signs[0] == -1).tolist() == [0, 2, 32]


def test_hands_out_inner_tensors(small_network, small_lce):
    from bireid_models.framework import keras

    model = read_tflite(small_lce)
    (tensor,) = [each for each in model.tensors if each.name.startswith("bireid/stage2_unit1_add/")]
    images = np.random.default_rng(0).normal(size=(2, 64, 32, 3)).astype(np.float32)

    added, embedding = run(with_outputs(model, [tensor.index, model.outputs[0]]), images)

    inner = keras.Model(
        small_network.model.input,
        [small_network.model.get_layer("stage2_unit1_add").output, small_network.model.output],
    )
    expected_added, expected_embedding = inner(images)
    np.testing.assert_allclose(added, expected_added, atol=1e-4)
    np.testing.assert_allclose(embedding, expected_embedding, atol=1e-4)


@pytest.mark.parametrize("position", [0, 4])
def test_cut_computes_whole_numbered_sums(small_lce, position):
    import tensorflow as tf

    model = read_tflite(small_lce)
    operator = binary_convolutions(model)[position]
    shape = model.operand(operator, 0).shape[1:3]
    signs = np.random.default_rng(0).choice(
        np.array([-1, 1], np.float32), (1, *shape, operator.options["channels_in"])
    )

    (sums,) = run(cut_binary_convolution(model, operator), signs)

    kernel = unpack_signs(model.operand(operator, 1).value(), operator.options["channels_in"])
    stride = operator.options["stride_height"]
    padding = [[0, 0], [1, 1] if stride == 1 else [0, 1], [1, 1] if stride == 1 else [0, 1], [0, 0]]
    padded = np.pad(signs, padding, constant_values=1)
    expected = tf.nn.conv2d(padded, kernel.transpose(1, 2, 3, 0).astype("f4"), stride, "VALID")
    np.testing.assert_array_equal(sums, expected)


def test_truncated_file_is_refused_wherever_it_ends(small_lce):
    for length in [0, 3, 7, 8, *range(9, len(small_lce), 997)]:
        with pytest.raises(UnsupportedModelError):
            read_tflite(small_lce[:length])


def test_damaged_bytes_never_raise_anything_else(small_lce):
    rng = np.random.default_rng(0)
    refusals = []
    for _ in range(200):
        damaged = bytearray(small_lce)
        # The tables stand before and behind the constants; damage the tables.
        for position in rng.integers(8, 3000, 20):
            damaged[-position if rng.random() < 0.8 else position] = rng.integers(256)
        try:
            read_tflite(bytes(damaged))
        except UnsupportedModelError as error:
            refusals.append(str(error))
    assert len(refusals) > 50
    assert not any("\n" in refusal for refusal in refusals)


def test_other_files_are_refused():
    with pytest.raises(UnsupportedModelError, match="TFL3"):
        read_tflite(b"PK\x03\x04 this is an archive")


def test_huge_files_are_refused_unread(small_lce, monkeypatch):
    monkeypatch.setattr(flatbuffer, "MAX_FILE_BYTES", 1000)
    with pytest.raises(UnsupportedModelError, match="more than 1000"):
        read_tflite(small_lce)


def test_a_computed_tensor_has_no_stored_value(small_lce):
    model = read_tflite(small_lce)
    with pytest.raises(UnsupportedModelError, match="not stored"):
        model.tensors[model.outputs[0]].value()
