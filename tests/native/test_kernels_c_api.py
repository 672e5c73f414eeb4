"""The kernels behind their C interface, against NumPy, on every path that this CPU has."""

import threading
from ctypes import byref, c_void_p

import kernels_library
import numpy as np
import numpy_reference as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels_library import (
    INVALID_ARGUMENT,
    UNSUPPORTED,
    BinaryConvolution,
    KernelError,
    MaxPoolOptions,
    call,
    convolution_options,
    library,
)

EVERY_ISA = pytest.mark.parametrize("isa", kernels_library.available_isas())
SPECIAL = np.array([0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 1e-45, -1e-45], np.float32)
GUARD = 64  # bytes behind every output that nobody may write

few = settings(max_examples=60, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def guarded(shape, dtype):
    """An array with a guard behind it, and the check that nothing wrote there."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.full(size + GUARD, 0xA5, np.uint8)

    def check():
        assert (memory[size:] == 0xA5).all(), "written past the end"

    return memory[:size].view(dtype).reshape(shape), check


def same_bits(result, expected):
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    assert result.tobytes() == expected.tobytes()


@EVERY_ISA
@few
@given(pixels=st.integers(1, 9), channels=st.integers(1, 150), seed=seeds)
def test_pack_and_unpack_float32(isa, pixels, channels, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(pixels, channels)).astype(np.float32)
    values = np.where(rng.random(values.shape) < 0.2, rng.choice(SPECIAL, values.shape), values)
    packed, check = guarded((pixels, -(-channels // 32)), np.uint32)
    call("pack_float32", isa.encode(), values, pixels, channels, packed)
    check()
    same_bits(packed, reference.pack_signs(values < 0))
    unpacked, check = guarded((pixels, channels), np.float32)
    call("unpack_float32", packed, pixels, channels, unpacked)
    check()
    same_bits(unpacked, np.where(values < 0, -1, 1).astype(np.float32))


@few
@given(
    pixels=st.integers(1, 9),
    channels=st.integers(1, 150),
    zero_point=st.integers(-128, 127),
    scale=st.sampled_from([0.003, 0.4, 2 / 3, 1.0, 4.0]),
    seed=seeds,
)
def test_pack_and_unpack_int8(pixels, channels, zero_point, scale, seed):
    values = np.random.default_rng(seed).integers(-128, 128, (pixels, channels), dtype=np.int8)
    packed, check = guarded((pixels, -(-channels // 32)), np.uint32)
    call("pack_int8", values, pixels, channels, zero_point, packed)
    check()
    same_bits(packed, reference.pack_signs(values < zero_point))
    unpacked, check = guarded((pixels, channels), np.int8)
    call("unpack_int8", packed, pixels, channels, scale, zero_point, unpacked)
    check()
    step = int(np.floor(np.float32(1) / np.float32(scale) + np.float32(0.5)))
    one, minus_one = min(127, zero_point + step), max(-128, zero_point - step)
    same_bits(unpacked, np.where(values < zero_point, minus_one, one).astype(np.int8))


@few
@given(pixels=st.integers(1, 9), channels=st.integers(1, 150), seed=seeds)
def test_pack_and_unpack_bool(pixels, channels, seed):
    values = np.random.default_rng(seed).random((pixels, channels)) < 0.5
    packed, check = guarded((pixels, -(-channels // 32)), np.uint32)
    call("pack_bool", values, pixels, channels, packed)
    check()
    same_bits(packed, reference.pack_signs(~values))
    unpacked, check = guarded((pixels, channels), np.bool_)
    call("unpack_bool", packed, pixels, channels, unpacked)
    check()
    same_bits(unpacked, values)


def convolve(isa, rng, case):
    """Run a convolution of random weights; returns its output and what NumPy makes of them."""
    groups, kernel, stride, dilation = (
        case[name] for name in ("groups", "kernel", "stride", "dilation")
    )
    negative = rng.random((case["batch"], *case["size"], case["channels"])) < 0.5
    weights = rng.random((case["filters"], *kernel, case["channels"] // groups)) < 0.5
    taps, filters = weights[0].size, case["filters"]
    multiplier, bias = rng.normal(size=(2, filters)).astype(np.float32)
    thresholds = rng.integers(-1, taps + 1, filters).astype(np.int32)
    convolution = BinaryConvolution(
        isa,
        reference.pack_signs(weights),
        {"multiplier": multiplier, "bias": bias, "thresholds": thresholds},
        channels_in=case["channels"],
        **dict(zip(("stride_height", "stride_width"), stride, strict=True)),
        **dict(zip(("dilation_height", "dilation_width"), dilation, strict=True)),
        groups=groups,
        padding=case["padding"],
        pad_value=case["pad_value"],
        activation=case["activation"],
        output=case["output"],
        output_scale=0.3,
        output_zero_point=-7,
    )
    signs, signed = (1 - 2 * each.astype(np.int64) for each in (negative, weights))
    sums = reference.convolution_sums(signs, signed, stride, dilation, case["padding"])
    if case["output"] == "bits":
        expected = reference.pack_signs((taps - sums) // 2 > thresholds)
    elif case["output"] == "int8":
        expected = reference.int8_output(sums, taps, multiplier, bias, case["activation"], 0.3, -7)
    else:
        expected = reference.float_output(sums, taps, multiplier, bias, case["activation"])
        if case["padding"] == "same" and case["pad_value"] == 0:
            expected += reference.zero_padding_correction(
                signed, case["size"], stride, dilation, multiplier
            )
    try:
        assert convolution.output_size(*case["size"]) == expected.shape[1:3]
        output, check = guarded(expected.shape, expected.dtype)
        convolution.run(reference.pack_signs(negative), output)
        check()
        return output, expected
    finally:
        convolution.close()


@st.composite
def convolutions(draw):
    """Every option that the interface documents, on small maps."""
    two = st.tuples(st.integers(1, 2), st.integers(1, 2))
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    dilation = draw(two)
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    padding, pad_value = draw(st.sampled_from([("same", 1), ("same", 0), ("valid", 1)]))
    zero_padded = padding == "same" and pad_value == 0
    smallest = [1, 1]
    if padding == "valid":
        smallest = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    output = "float32" if zero_padded else draw(st.sampled_from(["float32", "int8", "bits"]))
    activations = ["none", "relu", "relu_n1_to_1", "relu6"]
    plain = zero_padded or output == "bits"
    return {
        "size": tuple(low + draw(st.integers(0, 9)) for low in smallest),
        "batch": draw(st.integers(1, 2)),
        "channels": draw(st.integers(1, 140)) if groups == 1 else 32 * groups,
        "filters": groups * (32 if output == "bits" and groups > 1 else draw(st.integers(1, 40))),
        "kernel": kernel,
        "stride": draw(two),
        "dilation": dilation,
        "groups": groups,
        "padding": padding,
        "pad_value": pad_value,
        "activation": "none" if plain else draw(st.sampled_from(activations)),
        "output": output,
    }


@EVERY_ISA
@few
@given(case=convolutions(), seed=seeds)
def test_convolution(isa, case, seed):
    same_bits(*convolve(isa, np.random.default_rng(seed), case))


CASE = {
    "size": (5, 7),
    "batch": 2,
    "channels": 40,
    "filters": 33,
    "kernel": (3, 3),
    "stride": (1, 1),
    "dilation": (1, 1),
    "groups": 1,
    "padding": "same",
    "pad_value": 1,
    "activation": "none",
    "output": "float32",
}


@EVERY_ISA
@pytest.mark.parametrize("channels", [1, 31, 32, 33, 512, 513])
@pytest.mark.parametrize("filters", [1, 32, 65])
@pytest.mark.parametrize("output", ["float32", "int8", "bits"])
def test_convolution_of_many_channels(isa, channels, filters, output):
    case = {**CASE, "channels": channels, "filters": filters, "output": output, "kernel": (7, 7)}
    same_bits(*convolve(isa, np.random.default_rng(channels), case))


@EVERY_ISA
def test_one_convolution_on_maps_of_several_sizes(isa):
    rng = np.random.default_rng(4)
    weights = rng.random((6, 3, 3, 40)) < 0.5
    ones, zeros = np.ones(6, np.float32), np.zeros(6, np.float32)
    convolution = BinaryConvolution(
        isa, reference.pack_signs(weights), {"multiplier": ones, "bias": zeros}, channels_in=40
    )
    try:
        for size in ((8, 9), (1, 1), (2, 30), (8, 9)):
            negative = rng.random((1, *size, 40)) < 0.5
            signs, signed = (1 - 2 * each.astype(np.int64) for each in (negative, weights))
            sums = reference.convolution_sums(signs, signed, (1, 1), (1, 1), "same")
            output = np.zeros(sums.shape, np.float32)
            convolution.run(reference.pack_signs(negative), output)
            same_bits(output, sums.astype(np.float32))
    finally:
        convolution.close()


@few
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["same", "valid"]),
    channels=st.integers(1, 70),
    batch=st.integers(1, 2),
    seed=seeds,
)
def test_max_pool(size, kernel, stride, padding, channels, batch, seed):
    if padding == "valid":
        size = tuple(map(max, size, kernel))
    negative = np.random.default_rng(seed).random((batch, *size, channels)) < 0.8
    expected = reference.pack_signs(reference.max_pool(negative, kernel, stride, padding))
    options = MaxPoolOptions(*kernel, *stride, kernels_library.PADDINGS[padding])
    found = np.zeros(2, np.int32)
    call("binary_max_pool_output_size", byref(options), *size, found[:1], found[1:])
    assert tuple(found) == expected.shape[1:3]
    output, check = guarded(expected.shape, np.uint32)
    packed = reference.pack_signs(negative)
    call("binary_max_pool", byref(options), packed, batch, *size, packed.shape[-1], output)
    check()
    same_bits(output, expected)


WEIGHTS = np.zeros((4, 3, 3, 2), np.uint32)
NUMBERS = {"multiplier": np.ones(4, np.float32), "bias": np.zeros(4, np.float32)}
REFUSED = [
    {"channels_in": 0},
    {"channels_in": -40},
    {"channels_in": 2**31 - 1},
    {"channels_out": 0},
    {"kernel_height": 0},
    {"kernel_width": -1},
    {"stride_height": 0},
    {"stride_width": -2},
    {"dilation_height": 0},
    {"dilation_width": -1},
    {"groups": 0},
    {"groups": -1},
    {"groups": 2},
    {"groups": 3, "channels_in": 96},
    {"padding": 2},
    {"pad_value": 2},
    {"pad_value": -1},
    {"pad_value": 0, "activation": "relu"},
    {"pad_value": 0, "output": "int8", "output_scale": 1.0},
    {"activation": 4},
    {"activation": -1},
    {"output": 3},
    {"output": "int8", "output_scale": 0.0},
    {"output": "int8", "output_scale": -1.0},
    {"output": "int8", "output_scale": float("nan")},
    {"output": "bits"},
    {"weights": None},
    {"weights_words": WEIGHTS.size - 1},
    {"weights_words": 2**60},
    {"multiplier": None},
    {"bias": None},
]


@pytest.mark.parametrize("wrong", REFUSED, ids=str)
def test_options_that_are_refused(wrong):
    fields = {"channels_in": 40, **wrong}
    with pytest.raises(KernelError) as refused:
        BinaryConvolution("scalar", WEIGHTS, NUMBERS, **fields)
    assert refused.value.status == INVALID_ARGUMENT
    assert str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("batch", "height", "width"),
    [(-1, 4, 4), (1, 0, 4), (1, 4, -1), (1, 2**31 - 1, 2**31 - 1), (1, 2**31 - 1, 1)],
)
def test_maps_that_are_refused(batch, height, width):
    convolution = BinaryConvolution("scalar", WEIGHTS, NUMBERS, channels_in=40)
    packed, output = np.zeros(64, np.uint32), np.zeros(256, np.float32)
    arguments = (convolution._handle, packed, batch, height, width, output)
    with pytest.raises(KernelError) as refused:
        call("binary_convolution_run", *arguments)
    assert refused.value.status == INVALID_ARGUMENT
    assert str(refused.value)
    # A refused call leaves the convolution as it was.
    convolution.run(np.zeros((1, 2, 2, 2), np.uint32), output)
    assert (output[:16] == 360).all()
    convolution.close()


def test_a_window_larger_than_a_valid_map():
    convolution = BinaryConvolution("scalar", WEIGHTS, NUMBERS, channels_in=40, padding="valid")
    with pytest.raises(KernelError) as refused:
        convolution.output_size(2, 9)
    assert refused.value.status == INVALID_ARGUMENT
    convolution.close()


@pytest.mark.parametrize("isa", ["", "sse9", "AVX2"])
def test_an_unknown_path(isa):
    assert library().bireid_kernels_isa(isa.encode()) is None
    with pytest.raises(KernelError, match=f"'{isa}'") as refused:
        BinaryConvolution(isa, WEIGHTS, NUMBERS, channels_in=40)
    assert refused.value.status == UNSUPPORTED


def test_null_pointers():
    handle, some = c_void_p(), np.zeros(4, np.uint32)
    options = byref(convolution_options(WEIGHTS, NUMBERS, channels_in=40))
    for name, arguments in {
        "pack_float32": (None, some, 1, 1, some),
        "pack_int8": (None, 1, 1, 0, some),
        "pack_bool": (some, 1, 1, None),
        "unpack_float32": (some, 1, 1, None),
        "unpack_int8": (None, 1, 1, 1.0, 0, some),
        "unpack_bool": (None, 1, 1, some),
        "binary_convolution_create": (b"scalar", None, byref(handle)),
        "binary_convolution_run": (None, some, 1, 1, 1, some),
        "binary_convolution_output_size": (None, 1, 1, some, some),
        "binary_max_pool": (None, some, 1, 1, 1, 1, some),
        "binary_max_pool_output_size": (None, 1, 1, some, some),
    }.items():
        with pytest.raises(KernelError, match=r"NULL") as refused:
            call(name, *arguments)
        assert refused.value.status == INVALID_ARGUMENT
    with pytest.raises(KernelError, match="NULL"):
        call("binary_convolution_create", b"scalar", options, None)
    library().bireid_binary_convolution_destroy(None)


@pytest.mark.parametrize("wrong", [{"stride": 0}, {"filter": 0}, {"words": 0}, {"padding": 7}])
def test_max_pools_that_are_refused(wrong):
    filter_size, stride = wrong.get("filter", 2), wrong.get("stride", 2)
    options = MaxPoolOptions(filter_size, 2, stride, 2, wrong.get("padding", 0))
    some = np.zeros(64, np.uint32)
    with pytest.raises(KernelError) as refused:
        call("binary_max_pool", byref(options), some, 1, 4, 4, wrong.get("words", 1), some)
    assert refused.value.status == INVALID_ARGUMENT
    assert str(refused.value)


def test_a_message_belongs_to_its_thread():
    seen = []

    def fail_elsewhere():
        with pytest.raises(KernelError):
            call("pack_bool", None, 1, 1, None)
        seen.append(library().bireid_kernels_last_error())

    with pytest.raises(KernelError):
        call("pack_float32", b"sse9", np.zeros(1, np.float32), 1, 1, np.zeros(1, np.uint32))
    ours = library().bireid_kernels_last_error()
    thread = threading.Thread(target=fail_elsewhere)
    thread.start()
    thread.join()
    assert b"sse9" in ours
    assert library().bireid_kernels_last_error() == ours
    assert seen != [ours]


def test_version_and_fastest_path():
    version = library().bireid_kernels_version().decode()
    assert [part.isdigit() for part in version.split(".")] == [True] * 3
    assert library().bireid_kernels_isa(b"auto").decode() in kernels_library.available_isas()
