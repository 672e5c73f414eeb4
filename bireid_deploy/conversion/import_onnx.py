"""From an ONNX file of another project to a checked bundle for ONNX Runtime."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bireid_converters.bundle import write_bundle
from bireid_converters.checkpoints.families.family import RE_IDENTIFICATION
from bireid_converters.convert import file_metadata
from bireid_converters.foreign_onnx import adopt_onnx
from bireid_converters.foreign_onnx.adopt import EMBEDDING, IMAGE
from bireid_converters.foreign_onnx.external import MAX_BYTES, with_weights
from bireid_converters.foreign_onnx.read import read_onnx
from bireid_converters.formats import FORMATS
from bireid_converters.golden import choose_golden
from bireid_runtime import Bundle
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.files import open_regular
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.conversion.measure import say_measured
from bireid_deploy.conversion.reference_gate import compare_with_reference
from bireid_deploy.data.reference import Reference
from bireid_deploy.tasks import TASKS

(FORMAT,) = (
    entry.name
    for entry in FORMATS
    if entry.precision == "real" and entry.file_name.endswith(".onnx")
)
TASK = RE_IDENTIFICATION
_FAMILY = "onnx-file"
_SAMPLES = 64


def import_onnx(
    path: Path,
    out: Path,
    *,
    name: str,
    licences: Mapping[str, str],
    size: tuple[int, int] | None = None,
    preprocess: Mapping[str, Any],
    output: str | None = None,
    reference: Reference | None = None,
    measure: Callable[[Bundle], list[dict[str, Any]]] | None = None,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> Bundle:
    """Make a bundle of an ONNX file whose output is an embedding.

    Args:
        path: The file.
        out: Directory of the bundle.
        name: Name of the network.
        licences: `weights` and `training_data`.
        size: Height and width of its images; None for those that it declares.
        preprocess: Fields of `Preprocess` besides the size.
        output: Name of its embedding; None if there is one output alone.
        reference: Images and what the user's own code makes of them.
        measure: Measures the bundle before it is put in its place.
        on_progress: Told what is being done.

    Raises:
        OSError: There is no such file.
        UnsupportedModelError: See `read_onnx` and `adopt_onnx`.
        ParityError: It differs from the reference; nothing is written.
        ConversionError: No stable golden inputs, or the target is not a bundle.
    """
    with open_regular(path) as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UnsupportedModelError(f"{path}: an .onnx file of more than 2 GB")
    on_progress("reading the graph")
    whole = with_weights(data, path.parent, str(path))
    foreign = read_onnx(whole, str(path), size=size, output=output)
    spec = Preprocess(*foreign.size, **preprocess)
    inputs = [InputSpec.image(IMAGE, spec)]
    adopted = adopt_onnx(
        foreign,
        str(path),
        lambda dim: file_metadata(
            name, TASK, "real", inputs, [OutputSpec.embedding(EMBEDDING, dim)], licences
        ),
    )
    outputs = [OutputSpec.embedding(EMBEDDING, adopted.dim)]
    checked = ["the file as it was, ends apart, on noise"]
    if reference is not None:
        on_progress("comparing with the reference")
        found = compare_with_reference(
            lambda prepared: adopted.run({IMAGE: prepared})[EMBEDDING],
            spec,
            reference,
            "say by --size, --resize, --mean and --std how its images are prepared",
        )
        checked.append(f"reference: {found}")
    on_progress("choosing golden images")
    task = TASKS[TASK]
    samples = task.samples(inputs, _SAMPLES)
    golden = choose_golden(adopted, inputs, outputs, samples)

    def write(place: Path, metrics: list[dict[str, Any]]) -> Bundle:
        return write_bundle(
            place,
            name=name,
            task=TASK,
            network={
                "family": _FAMILY,
                "options": {"output": foreign.output, "channels_first": foreign.channels_first},
                "input_height": spec.height,
                "input_width": spec.width,
                "precision": "real",
            },
            inputs=inputs,
            outputs=outputs,
            files={FORMAT: adopted.data},
            golden=golden,
            golden_source=task.samples_source,
            licences=licences,
            training={
                "imported_from": {
                    "name": path.name,
                    "sha256": hashlib.sha256(data).hexdigest(),
                    # Of a file that keeps weights beside it, the same with them inside.
                    **(
                        {}
                        if whole is data
                        else {"sha256_with_weights": hashlib.sha256(whole).hexdigest()}
                    ),
                    "family": _FAMILY,
                    "output": foreign.output,
                },
                "checked": checked,
            },
            metrics=metrics,
            parity={"verified": True, "source": "the file that was imported"},
            binarisation={},
            card=task.card,
        )

    if measure is None:
        return write(out, [])
    with tempfile.TemporaryDirectory() as folder:
        metrics = measure(write(Path(folder, "bundle"), []))
    checked.append(say_measured(metrics))
    return write(out, metrics)


def describe(bundle: Bundle) -> dict[str, Any]:
    """What a file was taken to be, JSON types, with the keys of `import_checkpoint.describe`."""
    network = bundle.manifest["network"]
    spec = bundle.preprocess
    plain = "" if spec.antialias else " without antialiasing"
    return {
        "family": network["family"],
        "network": network,
        "assumed": f"images of {spec.height}x{spec.width}, {spec.resize}{plain}, mean "
        f"{_numbers(spec.mean)}, deviation {_numbers(spec.std)}",
        "dropped": [],
        "skipped": {},
    }


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)
