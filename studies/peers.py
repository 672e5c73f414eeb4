"""Build what a 1-bit network is compared with: its real-valued peers, whatever their weights.

    python studies/peers.py FOLDER
    python studies/peers.py FOLDER --run RUN
    python studies/peers.py FOLDER --like BUNDLE

Writes `binary`, a bundle of a 1-bit ResNet-18 with random weights, and beside it its real-valued
counterpart as `float.onnx`, `float.tflite`, `int8.onnx` and `int8.tflite`; with --run these four
alone, of a real-valued run of any task, for which one epoch on a few items will do; with --like
those of the network of a re-identification bundle. Speed does not depend on the weights; accuracy
does, so these files are for `bireid-deploy bench BUNDLE --against FOLDER/float.onnx ...` alone. The
peers have ReLU where the 1-bit network has PReLU: every engine fuses ReLU into the convolution
before it, and a peer must not lose by an operator that it would not have.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

if TYPE_CHECKING:
    from bireid_models import NetworkConfig
    from bireid_models.config import Precision

HEIGHT, WIDTH = 256, 128
IMAGES = 12
IMAGE = "image"
# The share of a detector's scores above its threshold. So suppression keeps a few boxes, as it does
# behind the trained network of models/zoo on the image that is timed.
FOUND = 0.03


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--run",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A real-valued run of any task, in the place of ResNet-18.",
)
@click.option(
    "--like",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A re-identification bundle, whose network takes the place of ResNet-18.",
)
def main(folder: Path, run: Path | None, like: Path | None) -> None:
    """Write the peers to FOLDER, and without --run and --like the 1-bit network."""
    from bireid_deploy.cli.native_output import quiet_native_output

    folder.mkdir(parents=True, exist_ok=True)
    with quiet_native_output() as say:
        if run is not None:
            peers = _of_run(run)
        elif like is not None:
            peers = _of_bundle(like)
        else:
            _write_binary(folder / "binary")
            say(str(folder / "binary"))
            peers = _of_network(_config("real"), IMAGE, "embedding")
        for name, content in peers.items():
            (folder / name).write_bytes(content())
            say(str(folder / name))


def _of_network(
    config: "NetworkConfig", taken: str, given: str
) -> Mapping[str, Callable[[], bytes]]:
    """The peers of a network with one input and one output, by their names."""
    shape = (IMAGES, config.input_height, config.input_width, config.input_channels)
    items = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return _real_valued(_network(config).model, taken, [given], items)


def _of_bundle(path: Path) -> Mapping[str, Callable[[], bytes]]:
    """The peers of a bundle's network."""
    from bireid_models import NetworkConfig
    from bireid_runtime import Bundle

    bundle = Bundle.open(path)
    config = NetworkConfig(**{**bundle.manifest["network"], "precision": "real"})
    return _of_network(config, bundle.inputs[0].name, bundle.outputs[0].name)


def _of_run(path: Path) -> Mapping[str, Callable[[], bytes]]:
    """The peers of a run, whose normalisations get the statistics of its items."""
    from bireid_deploy.trained_run import open_run

    run = open_run(path)
    (spec,) = run.inputs
    raw = run.task.samples(run.inputs, IMAGES)[spec.name]
    items = np.stack([spec.prepare(each) for each in raw])
    for _ in range(20):
        run.network.features(items, training=True)
    deployment = run.deployment()
    for output in deployment.outputs:
        if output.kind == "boxes":
            _find(deployment.model, output, items)
    names = [output.name for output in deployment.outputs]
    return _real_valued(deployment.model, spec.name, names, items)


def _find(model: Any, output: Any, items: np.ndarray) -> None:
    """Shift the scores of a detector until it finds something: `FOUND` of all are high enough."""
    from bireid_runtime.boxes import SIDES

    scores = model(items, training=False).numpy()[..., :-SIDES]
    threshold = output.details["decode"]["score_threshold"]
    wanted = np.log(threshold / (1 - threshold))
    kernel, bias = model.get_layer(output.name).get_weights()
    bias[:-SIDES] += wanted - np.quantile(scores, 1 - FOUND)
    model.get_layer(output.name).set_weights([kernel, bias])


def _config(precision: "Precision") -> "NetworkConfig":
    from bireid_models import NetworkConfig

    return NetworkConfig(precision=precision, input_height=HEIGHT, input_width=WIDTH)


def _network(config: "NetworkConfig") -> Any:
    """A network whose normalisations hold the statistics of its random weights."""
    from bireid_models.framework import keras
    from bireid_models.network import build_network

    keras.utils.set_random_seed(0)
    network = build_network(config)
    shape = (4, config.input_height, config.input_width, config.input_channels)
    images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    for _ in range(20):
        network.model(images, training=True)
    return network


def _write_binary(path: Path) -> None:
    from bireid_converters.convert import convert
    from bireid_runtime import Preprocess
    from bireid_runtime.inputs import InputSpec
    from bireid_runtime.outputs import OutputSpec

    from bireid_deploy.tasks import TASKS

    network = _network(_config("binary"))
    convert(
        network,
        path,
        ("lce", "onnx"),
        name="resnet18-random-weights",
        task="reid",
        inputs=(InputSpec.image(IMAGE, Preprocess(height=HEIGHT, width=WIDTH)),),
        outputs=(OutputSpec.embedding("embedding", network.model.output_shape[-1]),),
        card=TASKS["reid"].card,
        licences={"weights": "Apache-2.0", "training_data": "none"},
        verify=False,
    )


def _real_valued(
    network: Any, taken: str, given: Sequence[str], items: np.ndarray
) -> Mapping[str, Callable[[], bytes]]:
    """What to write by the name of the file.

    Args:
        network: Keras model.
        taken: Name of its input.
        given: Names of its outputs.
        items: What sets the ranges of int8, float32 (N, ...).
    """
    from bireid_converters.int8 import export_int8
    from bireid_converters.named_model import named_model
    from bireid_converters.onnx_export import export_onnx

    model = named_model(_with_relu(network), [taken], given)
    float_onnx = export_onnx(model)
    return {
        "float.onnx": lambda: float_onnx,
        "float.tflite": lambda: _float_tflite(model),
        "int8.onnx": lambda: _int8_onnx(float_onnx, taken, items),
        "int8.tflite": lambda: export_int8(model, representative={taken: items}),
    }


def _with_relu(model: Any) -> Any:
    from bireid_models.framework import keras

    def replace(layer: Any) -> Any:
        if isinstance(layer, keras.layers.PReLU):
            return keras.layers.ReLU(name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    clone = keras.models.clone_model(model, clone_function=replace)
    for layer in clone.layers:
        if not isinstance(layer, keras.layers.ReLU):
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return clone


def _float_tflite(model: Any) -> bytes:
    from bireid_converters.saved_model import saved_model
    from bireid_models.framework import tf

    with saved_model(model, batch_size=1) as saved:
        return bytes(tf.lite.TFLiteConverter.from_saved_model(saved).convert())


def _int8_onnx(float_onnx: bytes, taken: str, items: np.ndarray) -> bytes:
    """Static quantisation as ONNX Runtime advises for x86: unsigned activations, signed weights."""
    import tempfile

    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Items(CalibrationDataReader):
        def __init__(self) -> None:
            self._rest = iter(items)

        def get_next(self) -> dict[str, np.ndarray] | None:
            item = next(self._rest, None)
            return None if item is None else {taken: item[None]}

    with tempfile.TemporaryDirectory() as name:
        given, prepared, result = (Path(name) / each for each in ("given", "prepared", "result"))
        given.write_bytes(float_onnx)
        quant_pre_process(given, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            result,
            Items(),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return result.read_bytes()


if __name__ == "__main__":
    main()
