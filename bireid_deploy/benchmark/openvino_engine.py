"""OpenVINO on an ONNX file: as it is installed, and held to less than the CPU offers.

On a CPU that multiplies bfloat16 its default computes in that, whatever the file says.
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bireid_runtime.files import read_bytes
from bireid_runtime.protobuf import fields

from bireid_deploy.benchmark.cpu_features import AMX, AVX2, VNNI, cpu_flags, has_bfloat16, strongest
from bireid_deploy.benchmark.declared_inputs import declared_shape, numbers
from bireid_deploy.benchmark.file_engines import Loaded

_ISA = "ONEDNN_MAX_CPU_ISA"
# Numbers of fields in onnx.proto.
_GRAPH, _NODE, _OPERATOR = 7, 1, 4
_INTEGER_OPERATORS = frozenset(
    ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger", "MatMulInteger")
)


@dataclass(frozen=True)
class Setting:
    """One way to run it.

    Attributes:
        label: What a table adds to the engine's name.
        environment: What the process needs before the library is loaded.
        options: What the library is told of the model.
        held_to: The level of the CPU, of `cpu_features`, that it may use; empty: what there is.
    """

    label: str
    environment: dict[str, str]
    options: dict[str, str]
    held_to: str = ""


SETTINGS = {
    "openvino": Setting("", {}, {}),
    "openvino-vnni": Setting(", no AMX", {_ISA: "AVX512_CORE_VNNI"}, {}, VNNI),
    # A stand-in for CPUs without AVX-512; `bench` does not offer it, studies do.
    "openvino-avx2": Setting(", AVX2 alone", {_ISA: "AVX2"}, {}, AVX2),
    "openvino-float32": Setting(", float32", {}, {"INFERENCE_PRECISION_HINT": "f32"}),
}


def settings_for(path: Path, flags: Collection[str] | None = None) -> list[str]:
    """Keys of the settings that differ on a CPU for a file.

    Args:
        path: `.onnx` file.
        flags: Of the CPU; None asks this one.
    """
    flags = cpu_flags() if flags is None else flags
    if _holds_integers(path):
        return ["openvino", *(["openvino-vnni"] if strongest(flags) == AMX else [])]
    return ["openvino", *(["openvino-float32"] if has_bfloat16(flags) else [])]


def load_openvino(
    path: str, kind: str, shape: tuple[int, ...], threads: int, batch: int = 1
) -> Loaded:
    """Open a file; the process must not have loaded OpenVINO before.

    Args:
        path: `.onnx` file.
        kind: Key of `SETTINGS`.
        shape: (H, W, C) of the bundle's network, for sizes that the file leaves open.
        threads: Threads of one call.
        batch: Items of one call, where the file leaves that open.

    Raises:
        UnsupportedModelError: It declares more than can be fed.
    """
    setting = SETTINGS[kind]
    os.environ.update(setting.environment)
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    shapes = {}
    for each in model.inputs:
        sizes = [size.get_length() if size.is_static else None for size in each.partial_shape]
        shapes[each.any_name] = declared_shape(sizes, shape, each.any_name, batch)
    model.reshape(shapes)
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", **setting.options}
    compiled = core.compile_model(model, "CPU", options)
    feeds = {
        each.any_name: numbers(shapes[each.any_name], each.element_type.to_dtype())
        for each in model.inputs
    }
    request = compiled.create_infer_request()
    computes = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    release = openvino.__version__.partition("-")[0]
    held = setting.held_to or strongest(cpu_flags())
    run = lambda item: list(request.infer(item).values())  # noqa: E731
    return Loaded(run, f"openvino {release} ({computes})", feeds, held)


def _holds_integers(path: Path) -> bool:
    try:
        return not _INTEGER_OPERATORS.isdisjoint(_operators(read_bytes(path)))
    except ValueError:
        # Damaged: the engines refuse it, each in its own words.
        return False


def _operators(data: bytes) -> Iterator[str]:
    for number, graph in fields(memoryview(data)):
        if number != _GRAPH or not isinstance(graph, memoryview):
            continue
        for kind, node in fields(graph):
            if kind == _NODE and isinstance(node, memoryview):
                for key, value in fields(node):
                    if key == _OPERATOR and isinstance(value, memoryview):
                        yield bytes(value).decode("utf-8", "replace")
