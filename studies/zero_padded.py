"""Write the zero-padded twin of a bundle, to be timed beside it.

    python studies/zero_padded.py BUNDLE PEERS/zero_padded

The same network, but what its 1-bit convolutions see outside of a map is 0 in the place of +1. Its
embeddings mean nothing, for it was trained with the other, whose golden vectors it keeps: its
self-test fails. studies/path_speed.py times the twin that lies in PEERS.
"""

from pathlib import Path

import click
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from bireid_converters.bundle import write_bundle
from bireid_converters.flatbuffer import TfliteModel, read_tflite
from bireid_runtime import Bundle
from flatbuffers import Builder, flexbuffers

from bireid_deploy.tasks import TASKS

CONVOLUTION = "LceBconv2d"
SAME = 0


@click.command()
@click.argument("bundle", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("twin", type=click.Path(path_type=Path))
def main(bundle: Path, twin: Path) -> None:
    """Write the zero-padded twin of BUNDLE to TWIN."""
    written, changed = write_twin(Bundle.open(bundle), twin)
    click.echo(f"{written.path}: {changed} convolutions padded with 0")


def write_twin(base: Bundle, path: Path) -> tuple[Bundle, int]:
    """Write the twin.

    Args:
        base: A bundle with a 1-bit network.
        path: Where the twin is to lie.

    Returns:
        The twin, and how many of its convolutions differ.

    Raises:
        ClickException: None of its convolutions is padded with +1.
    """
    model = read_tflite(base.file("lce").read_bytes())
    flatbuffer, changed = _padded_with_zero(model)
    if changed == 0:
        raise click.ClickException(f"{base.path}: no 1-bit convolution is padded with +1")
    manifest = base.manifest
    twin = write_bundle(
        path,
        name=f"{base.name}-zero-padded",
        task=base.task,
        network=manifest["network"],
        inputs=base.inputs,
        outputs=base.outputs,
        files={"lce": flatbuffer},
        golden=base.golden(),
        golden_source=manifest["golden"]["source"],
        licences=manifest["licences"],
        training={},
        metrics=(),
        parity={"verified": False},
        binarisation=manifest["binarisation"],
        card=TASKS[base.task].card,
    )
    return twin, changed


def _padded_with_zero(model: TfliteModel) -> tuple[bytes, int]:
    edited = schema.ModelT.InitFromPackedBuf(model.data, 0)
    changed = 0
    for operator in model.operators:
        options = operator.options
        if operator.name != CONVOLUTION or options["padding"] != SAME or not options["pad_values"]:
            continue
        if max(model.operand(operator, 1).shape[1:3]) == 1:
            continue  # it sees nothing outside
        packed = flexbuffers.Dumps({**options, "pad_values": 0})
        edited.subgraphs[0].operators[operator.index].customOptions = np.frombuffer(
            packed, np.uint8
        )
        changed += 1
    builder = Builder(1 << 16)
    builder.Finish(edited.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output()), changed


if __name__ == "__main__":
    main()
