"""`bireid-deploy import`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from bireid_converters.formats import FORMATS, REAL_FORMATS

from bireid_deploy.cli.checkpoint_options import checkpoint_options
from bireid_deploy.cli.console import emit_json, message
from bireid_deploy.cli.image_options import image_options
from bireid_deploy.cli.made_bundle import file_sizes, say_files
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.data.resizes import preprocess_fields

_NOT_STATED = "not stated"
_ON_TRIAL = tuple(entry.name for entry in FORMATS if entry.on_trial)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Bundle folder.")
@checkpoint_options
@image_options
@click.option(
    "--format",
    "formats",
    multiple=True,
    help=f"File to write (repeatable; default {' and '.join(REAL_FORMATS)}).",
)
@click.option(
    "--int8",
    "in_integers",
    is_flag=True,
    help="Write a file in 8-bit integers as well, opened, timed and, with --data, measured.",
)
@click.option("--output", help="Of an .onnx file with several: which one is the embedding.")
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="An .npz of images and features from your own code, which must come out again.",
)
@click.option("--data", type=click.Path(path_type=Path), help="Test set to measure all engines on.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--name", help="Name of the network; default the file's.")
@click.option("--weights-licence", default=_NOT_STATED, help="Licence of the weights.")
@click.option("--data-licence", default=_NOT_STATED, help="Licence of the training data.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON.")
def command(
    file: Path,
    out: Path,
    family: str | None,
    size: tuple[int, int] | None,
    resize: str | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    last_stride: int | None,
    config: Path | None,
    formats: tuple[str, ...],
    in_integers: bool,
    output: str | None,
    reference: Path | None,
    data: Path | None,
    layout: str,
    name: str | None,
    weights_licence: str,
    data_licence: str,
    as_json: bool,
) -> None:
    """Turn a checkpoint of another project, or a network in ONNX, into a bundle, and check it.

    A checkpoint is rebuilt: PyTorch is not needed, and nothing in the file is run. An .onnx file is
    taken as it is, for ONNX Runtime. Exit code 3 when the file is damaged or hostile, contradicts
    its configuration or differs from the reference, 6 when it is none that can be taken; nothing is
    written then.
    """
    from bireid_deploy import api

    is_onnx = file.suffix.lower() == ".onnx"
    of_checkpoints = {
        "--arch": family,
        "--last-stride": last_stride,
        "--config": config,
        "--int8": in_integers,
    }
    meaningless = {**of_checkpoints, "--format": formats} if is_onnx else {"--output": output}
    if option := next((name for name, value in meaningless.items() if value), None):
        kind = "an .onnx file" if is_onnx else "a checkpoint"
        raise click.UsageError(f"{option} has no meaning for {kind}")

    counted: dict[str, Any] = {}

    def on_data(lines: Sequence[str], counts: Mapping[str, Any]) -> None:
        counted["data_set"] = dict(counts)
        for line in lines:
            terminal(line)

    with quiet_native_output() as terminal:
        common: dict[str, Any] = {
            "size": size,
            "preprocess": preprocess_fields(resize, mean, std),
            "name": name,
            "reference": reference,
            "data": data,
            "layout": layout,
            "licences": {"weights": weights_licence, "training_data": data_licence},
            "on_data": on_data,
            "on_progress": terminal,
        }
        if is_onnx:
            made = api.import_onnx(file, out, output=output, **common)
        else:
            made = api.import_checkpoint(
                file,
                out,
                formats=tuple(
                    dict.fromkeys((*(formats or REAL_FORMATS), *_ON_TRIAL * in_integers))
                ),
                family=family,
                last_stride=last_stride,
                config=config,
                **common,
            )
    bundle, found = made.bundle, made.found
    if as_json:
        emit_json(
            {
                "bundle": str(out),
                "fingerprint": bundle.fingerprint,
                "bytes": file_sizes(bundle),
                "found": found,
                "parity": bundle.manifest["parity"],
                "metrics": bundle.manifest["metrics"],
                **counted,
            }
        )
        return
    message(f"{found['family']}, {bundle.outputs[0].shape[0]} numbers per image")
    granted = "taken for granted"
    if said := found.get("configuration"):
        message(f"{said['name']}: {', '.join(said['says']) or 'says nothing of the network'}")
        if said["not_known"]:
            message(f"{said['name']}, not known here: {_shortened(said['not_known'])}")
        granted += " where that is silent"
    message(f"{granted}: {found['assumed']}")
    if left := [*found["dropped"], *found["skipped"]]:
        message(f"left out: {_shortened(left)}")
    for line in bundle.manifest["training"]["checked"]:
        message(f"checked: {line}")
    for option, licence in (
        ("--weights-licence", weights_licence),
        ("--data-licence", data_licence),
    ):
        if licence == _NOT_STATED:
            message(f"{option} was not given: manifest and card say '{_NOT_STATED}'")
    say_files(bundle)
    click.echo(str(out))


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" * (len(names) > 6))
