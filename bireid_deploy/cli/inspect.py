"""`bireid-deploy inspect`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from bireid_runtime.terminal import printable

from bireid_deploy.cli.console import emit_json, emit_table

if TYPE_CHECKING:
    from bireid_converters.audit import Audit


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(model: Path, as_json: bool) -> None:
    """Show what MODEL (a bundle, a .tflite or a .onnx file) really holds.

    Per layer: 1-bit or float and why, multiply-accumulates, bytes expected and actual; then the
    operators and the theoretical gain with its accounting.
    """
    audits = _audits(model)
    cameras = _cameras(model)
    if as_json:
        found = {name: audit.to_manifest() for name, audit in audits.items()}
        emit_json(found if cameras is None else {**found, "cameras": cameras})
        return
    if cameras is not None:
        _emit_cameras(cameras)
    for name, audit in audits.items():
        _emit(name, audit)


def _audits(model: Path) -> "dict[str, Audit]":
    from bireid_converters.audit import audit_onnx, audit_tflite
    from bireid_runtime import Bundle
    from bireid_runtime.errors import UnsupportedModelError

    auditors = {".tflite": audit_tflite, ".onnx": audit_onnx}
    files = [model]
    if model.is_dir():
        known = Bundle.open(model).formats.values()
        files = [path for path in known if path.suffix in auditors]
    elif model.suffix not in auditors:
        raise UnsupportedModelError(f"{model}: inspect a bundle, a .tflite or a .onnx file")
    audits = {}
    for path in files:
        try:
            audits[path.name] = auditors[path.suffix](path.read_bytes())
        except UnsupportedModelError as error:
            raise UnsupportedModelError(f"{path}: {error}") from error
    return audits


def _cameras(model: Path) -> dict[str, Any] | None:
    """What a bundle is adapted to, and how; None if it is to nothing."""
    from bireid_runtime import Bundle

    if not model.is_dir():
        return None
    bundle = Bundle.open(model)
    if bundle.adaptation is None:
        return None
    spec = bundle.adaptation
    numbers = {
        name: sum(patch.numbers for patch in patches) for name, patches in spec.patches.items()
    }
    return {
        "cameras": [vars(camera) for camera in spec.cameras],
        "embedding": spec.embedding,
        "numbers_per_camera": numbers,
        "bytes_per_camera": bundle.manifest["adaptation"]["bytes"] // len(spec.cameras),
    }


def _emit_cameras(found: dict[str, Any]) -> None:
    rows = [(each["name"], f"{each['crops']:,}") for each in found["cameras"]]
    emit_table("cameras", ("camera", "crops"), rows)
    click.echo(f"adapted to these cameras, {found['bytes_per_camera']:,} bytes each")
    click.echo(f"taken out of embeddings: {found['embedding'].replace('_', ' ')}")
    for name, count in found["numbers_per_camera"].items():
        click.echo(f"{name}: {count:,} numbers of its own per camera")
    click.echo()


def _emit(name: str, audit: "Audit") -> None:
    rows = [
        (
            layer.name,
            layer.precision,
            "x".join(map(str, layer.kernel_shape)),
            f"{layer.macs / 1e6:.2f}",
            f"{layer.expected_bytes:,}",
            f"{layer.stored_bytes:,}",
            layer.reason or "-",
        )
        for layer in audit.layers
    ]
    columns = ("layer", "weights", "kernel", "M MACs", "bytes needed", "bytes stored", "why float")
    emit_table(f"{name}, {audit.file_bytes:,} bytes", columns, rows)
    manifest = audit.to_manifest()
    click.echo(
        printable("operators: " + ", ".join(f"{op} {n}" for op, n in audit.operators.items()))
    )
    macs, gain = manifest["macs"], manifest["theoretical"]
    click.echo(f"MACs: {macs['binary'] / 1e6:.1f} M 1-bit, {macs['real'] / 1e6:.1f} M other")
    click.echo(
        f"in theory {gain['speedup']:.2f}x fewer operations, {gain['saving']:.2f}x less storage\n"
        f"  counting {gain['accounting']}\n"
    )
