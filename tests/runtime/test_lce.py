"""The LCE back end on a real converted network; conversion and use run in processes of their own,
because this process must stay without TensorFlow."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, ("larq_compute_engine", "tensorflow", "larq"))),
        reason="needs tensorflow, larq and larq-compute-engine",
    ),
]

CONVERT = """
import sys
import larq as lq, larq_compute_engine as lce, numpy as np, tensorflow as tf
tf.keras.utils.set_random_seed(0)
L = tf.keras.layers
image = tf.keras.Input((16, 8, 3), name="image")
x = L.BatchNormalization()(L.Conv2D(32, 3, padding="same")(image))
x = lq.layers.QuantConv2D(6, 3, padding="same", pad_values=1.0, use_bias=False,
    input_quantizer="approx_sign", kernel_quantizer="ste_sign",
    kernel_constraint="weight_clip")(x)
x = L.GlobalAveragePooling2D()(x)
x = L.Lambda(lambda t: tf.math.l2_normalize(t, axis=1), name="embedding")(x)
model = tf.keras.Model(image, x)
open(sys.argv[1], "wb").write(lce.convert_keras_model(model))
"""

USE = """
import json, sys
import numpy as np
from bireid_runtime import Bundle, Extractor, Session
from bireid_runtime.backends.lce import LceSession
bundle = Bundle.open(sys.argv[1])
images = np.load(sys.argv[2])
extractor = Extractor.open(bundle, backend="lce")
indirect = extractor.embed(images)
engine = LceSession(bundle, 1, use_indirect_bgemm=False)
default = Extractor(Session(bundle, engine, "lce")).embed(images)
without = not {"tensorflow", "larq_compute_engine"} & set(sys.modules)
import larq_compute_engine
print(json.dumps({
    "without_tensorflow": without, "engine": extractor.engine,
    "norms": np.linalg.norm(indirect, axis=1).tolist(),
    "kernels_differ_by": float(np.abs(indirect - default).max()),
    "distinct": len(np.unique(indirect.round(4), axis=0)),
    "whole_package_later": hasattr(larq_compute_engine, "convert_keras_model"),
}))
"""


def run(script: str, *arguments: object) -> str:
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


def test_reference_backend_runs_without_tensorflow(bundle_path, add_file, tmp_path):
    run(CONVERT, bundle_path / "model.lce.tflite")
    add_file("model.lce.tflite", "lce")
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 8, 3), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    seen = json.loads(run(USE, bundle_path, tmp_path / "images.npy").splitlines()[-1])
    assert seen["without_tensorflow"]
    assert seen["whole_package_later"]
    assert seen["engine"].startswith("larq-compute-engine ")
    assert "indirect" in seen["engine"]
    assert seen["norms"] == pytest.approx([1.0] * 5, abs=1e-5)
    assert seen["kernels_differ_by"] < 1e-6
    assert seen["distinct"] == 5
