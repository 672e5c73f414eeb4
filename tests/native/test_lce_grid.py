"""Stock LiteRT with our delegate computes what the LCE interpreter computes, to the last bit.

Every case is a tiny file around one LCE operator; `lce_cases` has the grid. It runs on every
instruction-set path that this CPU has, and by `lce_replay` on those that can be emulated: here, in
tests/aarch64, tests/armv7 and tests/web.
"""

import kernels_library
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, load_delegate
from bireid_converters.flatbuffer import read_tflite
from bireid_converters.flatbuffer_edit import with_outputs
from bireid_runtime import Bundle
from bireid_runtime.native_library import delegate_path
from bireid_runtime.preprocess import preprocess
from lce_cases import Convolution, MaxPool, corner_convolutions, max_pools, sampled_convolutions
from lce_models import input_of, lce_output, run_lce, write_model
from lce_replay import PROGRAM, replay
from zoo import REID_BUNDLE

ISAS = kernels_library.available_isas()
EVERY_ISA = pytest.mark.parametrize("isa", ISAS)


def run_delegate(flatbuffer, image, **options):
    """The one output of a model in LiteRT with our delegate."""
    delegate = load_delegate(delegate_path(), options)
    interpreter = Interpreter(model_content=flatbuffer, experimental_delegates=[delegate])
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def check(*cases, **options):
    expected = lce_output(*cases)
    options = {"fuse": "none", **options}
    result = run_delegate(write_model(*cases), input_of(cases[0]), **options)
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    different = int((result.view(np.uint8) != expected.view(np.uint8)).sum())
    assert different == 0, f"{different} of {expected.nbytes} bytes differ"


@EVERY_ISA
@pytest.mark.parametrize("case", corner_convolutions(), ids=str)
def test_corners_of_convolution(case, isa):
    check(case, isa=isa)


@EVERY_ISA
@pytest.mark.parametrize("case", sampled_convolutions(300), ids=str)
def test_sample_of_convolutions(case, isa):
    check(case, isa=isa)


@pytest.mark.parametrize("case", max_pools(), ids=str)
def test_max_pool(case):
    check(case)


@EVERY_ISA
@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("case", sampled_convolutions(30)[10:], ids=str)
def test_threads_change_nothing(case, isa, threads):
    check(case, isa=isa, threads=threads)


@EVERY_ISA
@pytest.mark.parametrize("pad_value", [0, 1])
@pytest.mark.parametrize("channels", [31, 32, 70])
def test_operators_that_pass_bits_on(channels, pad_value, isa):
    check(
        Convolution((9, 8), 40, filters=channels, output="bits-float32", seed=1),
        MaxPool((9, 8), channels, kernel=(3, 2), stride=(2, 1)),
        Convolution((5, 8), channels, filters=33, output="bits-float32", padding="valid", seed=2),
        Convolution((3, 6), 33, kernel=(3, 5), pad_value=pad_value, seed=3),
        isa=isa,
    )


@pytest.mark.parametrize("case", sampled_convolutions(60), ids=str)
def test_fusing_changes_nothing(case):
    check(case, fuse="backbone")


@pytest.mark.timeout(600)  # where the native tests were not built, it builds the engine
@pytest.mark.parametrize("isa", ["emulated_amx", "scalar"])
def test_the_grid_on_paths_that_every_machine_has(isa):
    replay([kernels_library.built(PROGRAM) / PROGRAM], isa)


REFUSED = {
    "zero padding before int8": Convolution((5, 4), 40, pad_value=0, output="int8"),
    "zero padding before bits": Convolution((5, 4), 40, pad_value=0, output="bits-float32"),
    "zero padding and activation": Convolution((5, 4), 40, pad_value=0, activation="relu"),
    "filters that groups do not divide": Convolution((5, 4), 64, filters=7, groups=2),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_lce_refuses(case):
    for mode in ("default", "indirect"):
        with pytest.raises(RuntimeError):
            run_lce(write_model(case), input_of(case), mode)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(case):
    with pytest.raises(RuntimeError, match=r"bireid: node 1 \(LceBconv2d\): \w+"):
        run_delegate(write_model(case), input_of(case))


def crops_of(bundle, count):
    """Preprocessed random crops float32 (count, H, W, 3)."""
    rng = np.random.default_rng(0)
    spec = bundle.preprocess
    sizes = rng.integers(30, 200, (count, 2))
    crops = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    return np.stack([preprocess(crop, spec) for crop in crops])


@EVERY_ISA
@pytest.mark.parametrize("fuse", ["none", "backbone"])
def test_whole_network(fuse, isa):
    bundle = Bundle.open(REID_BUNDLE)
    flatbuffer = bundle.file("lce").read_bytes()
    for image in crops_of(bundle, 4):
        expected = run_lce(flatbuffer, image[None], "indirect")
        result = run_delegate(flatbuffer, image[None], fuse=fuse, isa=isa)
        assert np.abs(result - expected).max() < 5e-7


@EVERY_ISA
@pytest.mark.parametrize("threads", [1, 2])
def test_backbone_is_equal_to_the_last_bit(threads, isa):
    bundle = Bundle.open(REID_BUNDLE)
    model = read_tflite(bundle.file("lce").read_bytes())
    (pooling,) = [each for each in model.operators if each.name == "MEAN"]
    backbone = with_outputs(model, [pooling.inputs[0]])
    for image in crops_of(bundle, 4):
        expected = run_lce(backbone, image[None], "indirect")
        result = run_delegate(backbone, image[None], fuse="backbone", isa=isa, threads=threads)
        assert result.tobytes() == expected.tobytes()
