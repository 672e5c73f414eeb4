"""LiteRT's own operators in the delegate against LiteRT's own kernels, to the last bit.

Beside the operator stands an LceQuantize, without which the delegate leaves a model alone.
"""

from collections.abc import Callable

import kernels_library
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType, load_delegate
from bireid_runtime.native_library import delegate_path
from lce_models import GraphWriter, run_lce

EVERY_ISA = pytest.mark.parametrize("isa", kernels_library.available_isas())
ACTIVATIONS = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3}

Shape = tuple[int, ...]
AddOperator = Callable[[GraphWriter, list[int], int], None]


def write_model(
    inputs: list[Shape], output: Shape, add: AddOperator, with_bits: bool = True
) -> bytes:
    """A model with the operator that `add` adds, and the signs of its result."""
    graph = GraphWriter()
    maps = [graph.tensor(f"input{i}", shape, "float32") for i, shape in enumerate(inputs)]
    result = graph.tensor("result", output, "float32")
    add(graph, maps, result)
    outputs = [result]
    if with_bits:
        packed = graph.tensor("packed", (*output[:-1], -(-output[-1] // 32)), "int32")
        outputs.append(graph.tensor("signs", output, "float32"))
        graph.operator("LceQuantize", [result], [packed])
        graph.operator("LceDequantize", [packed], [outputs[-1]])
    return graph.finish(maps, outputs)


def run(flatbuffer: bytes, values: list[np.ndarray], **options: str) -> tuple[np.ndarray, int]:
    """The first output in LiteRT, with the delegate if there are options; how many nodes it is."""
    delegates = [load_delegate(delegate_path(), options)] if options else []
    interpreter = Interpreter(model_content=flatbuffer, experimental_delegates=delegates)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], values[int(detail["name"].removeprefix("input"))])
    interpreter.invoke()
    (output,) = [each for each in interpreter.get_output_details() if each["name"] == "result"]
    nodes = [each["op_name"] for each in interpreter._get_ops_details()]
    return interpreter.get_tensor(output["index"]), nodes.count("DELEGATE")


def values_of(shapes: list[Shape], seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    special = np.array([0, -0.0, np.inf, -np.inf, 1e-37, -1e-37], np.float32)
    values = [(4 * rng.normal(size=shape)).astype(np.float32) for shape in shapes]
    return [np.where(rng.random(v.shape) < 0.1, rng.choice(special, v.shape), v) for v in values]


def check(inputs: list[Shape], output: Shape, add: AddOperator, **options: str) -> None:
    values = values_of(inputs, seed=len(inputs) + output[-1])
    expected, _ = run(write_model(inputs, output, add, with_bits=False), values)
    actual, partitions = run(write_model(inputs, output, add), values, **options)
    assert partitions == 1
    assert actual.shape == expected.shape
    np.testing.assert_array_equal(actual.view(np.uint32), expected.view(np.uint32))
    if len(values) == 1:
        lce = run_lce(write_model(inputs, output, add, with_bits=False), values[0], "default")
        np.testing.assert_array_equal(actual.view(np.uint32), lce.view(np.uint32))


def concatenation(axis: int, activation: str = "none") -> AddOperator:
    def add(graph: GraphWriter, maps: list[int], result: int) -> None:
        options = schema.ConcatenationOptionsT()
        options.axis, options.fusedActivationFunction = axis, ACTIVATIONS[activation]
        graph.builtin("CONCATENATION", maps, [result], options)

    return add


@EVERY_ISA
@pytest.mark.parametrize("channels", [(1,), (3, 5), (32, 64), (31, 1, 40), (7, 7, 7, 7, 7, 33)])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (9, 16)])
def test_concatenation(channels, size, isa):
    inputs = [(2, *size, each) for each in channels]
    for threads in ("1", "3"):
        check(inputs, (2, *size, sum(channels)), concatenation(3), isa=isa, threads=threads)


def test_concatenation_of_matrices_and_by_an_axis_from_the_end():
    check([(3, 5), (3, 40)], (3, 45), concatenation(1), isa="auto")
    check([(3, 5), (3, 40)], (3, 45), concatenation(-1), isa="auto")
    check([(1, 2, 3, 5), (1, 2, 3, 4)], (1, 2, 3, 9), concatenation(-1), isa="auto")


# LiteRT's own kernel has no activation here.
@pytest.mark.parametrize("activation", ["relu", "relu_n1_to_1", "relu6"])
def test_concatenation_with_an_activation(activation):
    inputs = [(1, 4, 3, 5), (1, 4, 3, 36)]
    values = values_of(inputs, seed=1)
    add = concatenation(3, activation)
    actual, _ = run(write_model(inputs, (1, 4, 3, 41), add), values, isa="auto")
    low, high = {"relu": (0, np.inf), "relu_n1_to_1": (-1, 1), "relu6": (0, 6)}[activation]
    np.testing.assert_array_equal(actual, np.clip(np.concatenate(values, 3), low, high))


def resize(size: tuple[int, int], align_corners: bool, half_pixel_centers: bool) -> AddOperator:
    def add(graph: GraphWriter, maps: list[int], result: int) -> None:
        options = schema.ResizeNearestNeighborOptionsT()
        options.alignCorners, options.halfPixelCenters = align_corners, half_pixel_centers
        new_size = graph.constant("size", np.array(size, np.int32))
        graph.builtin("RESIZE_NEAREST_NEIGHBOR", [*maps, new_size], [result], options)

    return add


@EVERY_ISA
@pytest.mark.parametrize("half_pixel_centers", [False, True])
@pytest.mark.parametrize("channels", [1, 32, 45])
@pytest.mark.parametrize("factors", [(1, 1), (2, 2), (3, 1), (4, 5)])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (7, 16)])
def test_resize(size, factors, channels, half_pixel_centers, isa):
    larger = (size[0] * factors[0], size[1] * factors[1])
    add = resize(larger, False, half_pixel_centers)
    check([(2, *size, channels)], (2, *larger, channels), add, isa=isa, threads="3")


def left_to_litert(inputs: list[Shape], output: Shape, add: AddOperator) -> bool:
    """Whether the delegate does not claim the operator; its result is LiteRT's either way."""
    values = values_of(inputs, seed=3)
    expected, _ = run(write_model(inputs, output, add, with_bits=False), values)
    model = write_model(inputs, output, add)
    actual, _ = run(model, values, isa="auto")
    np.testing.assert_array_equal(actual, expected)
    delegate = load_delegate(delegate_path(), {"isa": "auto"})
    interpreter = Interpreter(model_content=model, experimental_delegates=[delegate])
    interpreter.allocate_tensors()
    index = {each["name"]: each["index"] for each in interpreter.get_output_details()}
    # There may be a partition of LiteRT's own delegate, too.
    (ours,) = [
        each["outputs"].tolist()
        for each in interpreter._get_ops_details()
        if each["op_name"] == "DELEGATE" and index["signs"] in each["outputs"]
    ]
    return index["result"] not in ours


@pytest.mark.parametrize(
    ("size", "larger", "align_corners", "half_pixel_centers", "is_left"),
    [
        ((4, 4), (8, 8), False, False, False),
        ((4, 4), (6, 8), False, False, True),  # 1.5 times
        ((4, 4), (2, 2), False, False, True),
        ((4, 4), (8, 8), True, False, False),  # corners on corners, of few pixels
        ((16, 4), (48, 8), True, False, True),
        ((4, 4), (8, 8), True, True, True),
    ],
)
def test_resize_by_other_factors_is_left_to_litert(
    size, larger, align_corners, half_pixel_centers, is_left
):
    add = resize(larger, align_corners, half_pixel_centers)
    assert left_to_litert([(1, *size, 5)], (1, *larger, 5), add) is is_left


@pytest.mark.parametrize("axis", [1, 2, -2])
def test_concatenation_along_rows_or_columns_is_left_to_litert(axis):
    output = [1, 3, 3, 4]
    output[axis] *= 2
    assert left_to_litert([(1, 3, 3, 4)] * 2, tuple(output), concatenation(axis))


def operator(name: str, *constants: np.ndarray, first: bool = False) -> AddOperator:
    """An operator without an activation; its constants stand behind the maps, or before them."""

    def add(graph: GraphWriter, maps: list[int], result: int) -> None:
        stored = [graph.constant(f"constant{i}", each) for i, each in enumerate(constants)]
        graph.builtin(name, [*stored, *maps] if first else [*maps, *stored], [result])

    return add


def with_activation(name: str, activation: str) -> AddOperator:
    def add(graph: GraphWriter, maps: list[int], result: int) -> None:
        options = {"ADD": schema.AddOptionsT, "SUB": schema.SubOptionsT, "MUL": schema.MulOptionsT}
        options = options[name]()
        options.fusedActivationFunction = ACTIVATIONS[activation]
        graph.builtin(name, maps, [result], options)

    return add


def numbers(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def by_reference(flatbuffer: bytes, values: list[np.ndarray]) -> np.ndarray:
    """The output of LiteRT's reference kernels: its fast ones take other roundings."""
    interpreter = Interpreter(
        model_content=flatbuffer, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], values[int(detail["name"].removeprefix("input"))])
    interpreter.invoke()
    (output,) = interpreter.get_output_details()
    return interpreter.get_tensor(output["index"])


def check_reference(
    inputs: list[Shape], output: Shape, add: AddOperator, isa: str, units: int = 0
) -> None:
    """Finite numbers, to the last bit or to so many units in the last place."""
    rng = np.random.default_rng(len(inputs) + output[-1])
    values = [(4 * rng.normal(size=shape)).astype(np.float32) for shape in inputs]
    expected = by_reference(write_model(inputs, output, add, with_bits=False), values)
    actual, partitions = run(write_model(inputs, output, add), values, isa=isa, threads="2")
    assert partitions == 1
    assert np.array_equal(np.isnan(actual), np.isnan(expected))
    difference = np.nan_to_num(actual).view(np.int32) - np.nan_to_num(expected).view(np.int32)
    assert np.abs(difference).max() <= units


SIZES = pytest.mark.parametrize("shape", [(2, 1, 1, 5), (1, 5, 3, 45), (3, 9, 7, 64)])


@EVERY_ISA
@SIZES
@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL", "SQUARED_DIFFERENCE"])
def test_operands_of_a_map_and_a_pixel(name, shape, isa):
    pixel = (shape[0], 1, 1, shape[-1])
    for inputs in ([shape, pixel], [pixel, shape], [shape, shape]):
        add = operator(name) if name == "SQUARED_DIFFERENCE" else with_activation(name, "relu6")
        check_reference(inputs, shape, add, isa)


@EVERY_ISA
@SIZES
def test_squared_difference_with_constants(shape, isa):
    for constant in (numbers(1.5), np.linspace(-2, 2, shape[-1], dtype=np.float32)):
        check_reference([shape], shape, operator("SQUARED_DIFFERENCE", constant), isa)


@EVERY_ISA
@SIZES
@pytest.mark.parametrize("name", ["HARD_SWISH", "RSQRT"])
def test_functions_of_a_value(name, shape, isa):
    check_reference([shape], shape, operator(name), isa)


@EVERY_ISA
@SIZES
@pytest.mark.parametrize("exponent", [3.0, 1 / 3, 2.0, -0.5, 0.0, 6.7])
def test_powers_are_within_a_unit_of_the_last_place(exponent, shape, isa):
    # LiteRT's own are not rounded right everywhere; pixelwise_test.cc holds ours to the definition.
    check_reference([shape], shape, operator("POW", numbers(exponent)), isa, units=1)


@EVERY_ISA
@SIZES
@pytest.mark.parametrize("first", [False, True])
def test_maximum_of_a_constant(first, shape, isa):
    for bound in (1e-6, 2.0, -np.inf):
        add = operator("MAXIMUM", numbers(bound), first=first)
        check([shape], shape, add, isa=isa, threads="2")


@EVERY_ISA
@SIZES
@pytest.mark.parametrize("value", [-np.inf, 0.0, 2.5])
def test_padding_with_a_constant(value, shape, isa):
    amounts = np.array([[0, 0], [1, 2], [3, 0], [0, 0]], np.int32)
    padded = (shape[0], shape[1] + 3, shape[2] + 3, shape[3])
    check([shape], padded, operator("PADV2", amounts, numbers(value)), isa=isa)


def test_a_maximum_per_channel_is_left_to_litert():
    add = operator("MAXIMUM", numbers(1, 2, 3, 4))
    assert left_to_litert([(1, 3, 3, 4)], (1, 3, 3, 4), add)


@EVERY_ISA
@pytest.mark.parametrize(
    ("channels", "filters", "groups"), [(6, 6, 2), (8, 24, 8), (64, 64, 16), (66, 99, 3)]
)
@pytest.mark.parametrize(("stride", "kernel"), [(1, 3), (2, 3), (1, 1)])
def test_grouped_convolutions(channels, filters, groups, stride, kernel, isa):
    rng = np.random.default_rng(channels)
    shape = (2, 7, 6, channels)
    weights = rng.normal(size=(filters, kernel, kernel, channels // groups)).astype(np.float32)
    bias = rng.normal(size=filters).astype(np.float32)
    output = (2, -(-7 // stride), -(-6 // stride), filters)

    def add(graph: GraphWriter, maps: list[int], result: int) -> None:
        options = schema.Conv2DOptionsT()
        options.padding, options.fusedActivationFunction = 0, ACTIVATIONS["relu"]
        options.strideH = options.strideW = stride
        stored = [graph.constant("weights", weights), graph.constant("bias", bias)]
        graph.builtin("CONV_2D", [*maps, *stored], [result], options)

    values = [rng.normal(size=shape).astype(np.float32)]
    # Of LiteRT's two, the one that has no errors of its own with groups and a bias.
    expected = by_reference(write_model([shape], output, add, with_bits=False), values)
    actual, partitions = run(write_model([shape], output, add), values, isa=isa, threads="2")
    assert partitions == 1
    np.testing.assert_allclose(actual, expected, atol=2e-5, rtol=0)
