"""OpenVINO as an engine of `bench`: its settings, its numbers, and what the CPU offers it."""

import json
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from bireid_runtime import Bundle
from zoo import REID_BUNDLE

from bireid_deploy import extras
from bireid_deploy.benchmark.cpu_features import cpu_flags, of_native_path, strongest
from bireid_deploy.benchmark.engines import engines_of, installed
from bireid_deploy.benchmark.openvino_engine import settings_for

ICE_LAKE = {"avx2", "avx512bw", "avx512_vnni"}
SAPPHIRE_RAPIDS = {*ICE_LAKE, "amx_int8", "amx_bf16", "avx512_bf16"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of floats and one of integers, of one operator each."""
    folder = tmp_path_factory.mktemp("files")
    made = {}
    for name, nodes in {
        "float": [onnx.helper.make_node("Relu", ["x"], ["y"])],
        "int8": [
            onnx.helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
            onnx.helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"]),
        ],
    }.items():
        tensors = [
            onnx.numpy_helper.from_array(np.float32(0.5), "scale"),
            onnx.numpy_helper.from_array(np.int8(0), "zero"),
        ]
        faces = [
            onnx.helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, ["N", 4])
            for each in "xy"
        ]
        graph = onnx.helper.make_graph(nodes, name, faces[:1], faces[1:], tensors)
        opset = onnx.helper.make_opsetid("", 18)
        model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
        made[name] = folder / f"{name}.onnx"
        onnx.save(model, made[name])
    made["damaged"] = folder / "damaged.onnx"
    made["damaged"].write_bytes(b"\xff" * 40)
    return made


@pytest.mark.parametrize(
    ("file", "flags", "expected"),
    [
        ("int8", ICE_LAKE, ["openvino"]),
        ("int8", SAPPHIRE_RAPIDS, ["openvino", "openvino-vnni"]),
        ("float", ICE_LAKE, ["openvino"]),
        ("float", SAPPHIRE_RAPIDS, ["openvino", "openvino-float32"]),
        ("damaged", SAPPHIRE_RAPIDS, ["openvino", "openvino-float32"]),
    ],
)
def test_a_setting_is_a_row_where_it_changes_something(files, file, flags, expected):
    assert settings_for(files[file], flags) == expected


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        (SAPPHIRE_RAPIDS, "AMX"),
        (ICE_LAKE, "AVX-512 VNNI"),
        ({"avx2", "avx_vnni"}, "AVX-VNNI"),
        ({"asimd", "asimddp"}, "SDOT"),
        ({"fpu"}, "-"),
    ],
)
def test_levels_of_cpus(flags, level):
    assert strongest(flags) == level


def test_flags_are_those_of_the_first_core(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor : 0\nflags\t\t: fpu avx2\n\nprocessor : 1\nflags : amx_int8\n")
    assert cpu_flags(file) == {"fpu", "avx2"}
    assert cpu_flags(tmp_path / "absent") == frozenset()


def test_the_level_of_native_kernels_is_in_what_they_say():
    assert of_native_path("bireid 0.1.0 (avx512, uint8 stem)") == "VPOPCNTDQ"
    assert of_native_path("onnxruntime 1.31.1") == ""


def alone(script, *arguments):
    """What a script prints as JSON in a process of its own: OpenVINO takes over the one it is in.

    With it loaded, Ctrl-C is a crash.
    """
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


LOADED = """
import json, sys
from bireid_deploy.benchmark.openvino_engine import load_openvino
loaded = load_openvino(sys.argv[1], "openvino-float32", (4,), 1)
found = {"x": loaded.feeds["x"].tolist(), "y": loaded.run(loaded.feeds)[0].tolist()}
print(json.dumps({**found, "version": loaded.version}))
"""


def test_its_numbers_are_those_of_onnxruntime(files):
    found = alone(LOADED, files["int8"])
    session = onnxruntime.InferenceSession(files["int8"], providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": np.float32(found["x"])})[0]
    np.testing.assert_allclose(found["y"], expected, atol=1e-6)
    assert found["version"].startswith("openvino 20")
    assert found["version"].endswith("(f32)")


# The least cosine to the golden outputs in each precision that the CPU has.
COSINES = """
import json, sys
import numpy as np, openvino
from bireid_runtime import Bundle
bundle = Bundle.open(sys.argv[1])
(spec,) = bundle.inputs
golden = bundle.golden()
crops = np.stack([spec.prepare(each) for each in golden.inputs[spec.name]])
expected = golden.outputs[bundle.outputs[0].name]
core = openvino.Core()
model = core.read_model(bundle.file("onnx"))
model.reshape(crops.shape)
least = {}
for precision in ("f32", "bf16"):
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision})
    if compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name() == precision:
        least[precision] = float((compiled(crops)[0] * expected).sum(axis=1).min())
print(json.dumps(least))
"""


def test_one_bit_networks_do_not_stand_bfloat16():
    """What docs/onnx.md says: the default of OpenVINO on a CPU that has it."""
    least = alone(COSINES, REID_BUNDLE)
    assert least["f32"] > 0.9999
    assert least.get("bf16", 0.0) < 0.998


def test_a_row_more_is_left_out_where_the_engine_is_missing(files, monkeypatch):
    present = extras.is_installed
    monkeypatch.setattr(extras, "is_installed", lambda name: name != "openvino" and present(name))
    asked = files["float"]
    known = engines_of(Bundle.open(REID_BUNDLE), (asked,), 1)
    ready = installed(known, (asked,))
    missing = [each for each in known if each not in ready]
    assert "float.onnx, OpenVINO" in [each.label for each in missing]
    for each in missing:
        assert each.label.startswith("float.onnx, OpenVINO")
        assert 'pip install "bireid-deploy[peers]"' in each.unavailable_reason()
