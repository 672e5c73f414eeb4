"""`bireid-deploy convert`."""

from pathlib import Path

import click
from bireid_converters.formats import FORMATS

from bireid_deploy import extras
from bireid_deploy.cli.console import emit_json, message
from bireid_deploy.cli.native_output import load_tensorflow, quiet_native_output

_FORMAT_HELP = "File to write (repeatable; default lce and onnx). " + " ".join(
    f"{entry.name}: {entry.help}." for entry in FORMATS
)


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Bundle folder.")
@click.option("--format", "formats", multiple=True, default=("lce", "onnx"), help=_FORMAT_HELP)
@click.option("--real", type=click.Path(path_type=Path), help="Run of the real-valued counterpart.")
@click.option("--data", type=click.Path(path_type=Path), help="Test set every engine must rank.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--name", help="Name of the network; default the recipe's.")
@click.option("--weights-licence", default="not stated", help="Licence of the weights.")
@click.option("--data-licence", default="not stated", help="Licence of the training data.")
@click.option("--no-verify", is_flag=True, help="Skip the parity gate.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON.")
def command(
    run: Path,
    out: Path,
    formats: tuple[str, ...],
    real: Path | None,
    data: Path | None,
    layout: str,
    name: str | None,
    weights_licence: str,
    data_licence: str,
    no_verify: bool,
    as_json: bool,
) -> None:
    """Convert a training RUN into a bundle, and refuse one that computes something else.

    Exit code 3 and the first diverging layer when the parity gate fails; nothing is written then.
    """
    extras.require("train")
    from bireid_converters.bundle import check_target
    from bireid_converters.formats import find_format

    from bireid_deploy.data.layouts import open_dataset

    for entry in formats:
        find_format(entry)
    check_target(out)
    for path in (run, real):
        if path is not None:
            _require_embedder(path)
    dataset = None if data is None else open_dataset(data, layout)
    load_tensorflow()
    from bireid_deploy.conversion import convert_run
    from bireid_deploy.trained_run import open_run

    with quiet_native_output() as terminal:
        trained = open_run(run)
        bundle = convert_run(
            trained,
            out,
            formats,
            name=name or trained.recipe.name,
            real_run=None if real is None else open_run(real),
            dataset=dataset,
            licences={"weights": weights_licence, "training_data": data_licence},
            verify=not no_verify,
            on_progress=terminal,
        )
    sizes = {name: bundle.file(name).stat().st_size for name in bundle.formats}
    if as_json:
        emit_json(
            {
                "bundle": str(out),
                "fingerprint": bundle.fingerprint,
                "bytes": sizes,
                "parity": bundle.manifest["parity"],
                "metrics": bundle.manifest["metrics"],
            }
        )
        return
    for entry, size in sizes.items():
        message(f"{bundle.file(entry).name}: {size / 1e6:.2f} MB")
    message("parity gate skipped" if no_verify else "parity gate passed")
    click.echo(str(out))


def _require_embedder(run: Path) -> None:
    from bireid_runtime.errors import UnsupportedModelError

    from bireid_deploy.training.run_directory import RunDirectory

    if RunDirectory(run).read_recipe().task == "classification":
        raise UnsupportedModelError(
            f"{run}: was trained to classify; a bundle holds a Re-ID network, whose output is an "
            "embedding: convert a run of the task reid"
        )
