"""`bireid-deploy inspect`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from bireid_runtime import Bundle
from bireid_runtime.errors import BundleError
from bireid_runtime.files import read_bytes

from bireid_deploy.cli.console import emit_json, emit_lines, emit_table
from bireid_deploy.cli.paths import BundlePath
from bireid_deploy.devices.this_machine import circumstances

if TYPE_CHECKING:
    from bireid_converters.audit import Audit

# What a pruning makes less of, by its name in the manifest.
_COSTS = {"weights": "weights", "macs": "MACs", "bytes": "bytes of weights"}


@click.command()
@click.argument("model", type=BundlePath(exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(model: Path, as_json: bool) -> None:
    """Show what MODEL (a bundle, a .tflite or a .onnx file) really holds.

    First size, input, output and the share that is 1-bit; then per layer: 1-bit or float,
    multiply-accumulates, bytes expected and actual; then why layers are float, the operators, and
    the theoretical gain with its accounting.
    """
    audits = _audits(model)
    cameras = _cameras(model)
    bundle = Bundle.open(model) if model.is_dir() else None
    removed = _removed(bundle)
    if as_json:
        found: dict[str, Any] = {**circumstances(), **(_network(bundle) if bundle else {})}
        found["files"] = {name: audit.to_manifest() for name, audit in audits.items()}
        if removed is not None:
            found["removed"] = removed
        emit_json(found if cameras is None else {**found, "cameras": cameras})
        return
    emit_lines(_answer(audits, bundle))
    click.echo()
    if cameras is not None:
        _emit_cameras(cameras)
    if removed is not None:
        _emit_removed(removed, _item(bundle))
    for name, audit in audits.items():
        _emit(name, audit)
    emit_lines(_compiled(bundle))


def _compiled(bundle: Bundle | None) -> list[str]:
    """What the compilers of files for chips said of them."""
    files = {} if bundle is None else bundle.manifest["files"]
    lines = []
    for name, entry in files.items():
        report = entry.get("report")
        if isinstance(report, dict) and isinstance(report.get("summary"), str):
            lines.append(f"{name}: {report['summary']}")
    return lines


def _audits(model: Path) -> "dict[str, Audit]":
    from bireid_converters.audit import audit_onnx, audit_tflite
    from bireid_converters.formats import FORMATS
    from bireid_runtime.errors import UnsupportedModelError

    auditors = {".tflite": audit_tflite, ".onnx": audit_onnx}
    files = [model]
    if model.is_dir():
        # What a compiler made for a chip has no layers to look at.
        closed = {entry.name for entry in FORMATS if entry.audit is None}
        known = Bundle.open(model).formats.items()
        files = [path for name, path in known if path.suffix in auditors and name not in closed]
    elif model.suffix not in auditors:
        raise UnsupportedModelError(f"{model}: inspect a bundle, a .tflite or a .onnx file")
    audits = {}
    for path in files:
        try:
            audits[path.name] = auditors[path.suffix](read_bytes(path))
        except UnsupportedModelError as error:
            raise UnsupportedModelError(f"{path}: {error}") from error
    return audits


def _cameras(model: Path) -> dict[str, Any] | None:
    """What a bundle is adapted to, and how; None if it is to nothing."""
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


def _removed(bundle: Bundle | None) -> dict[str, Any] | None:
    """What a pruning took out of the network of a bundle, as its manifest says; else None."""
    if bundle is None:
        return None
    found = bundle.manifest["training"].get("removed")
    if found is None:
        return None
    try:
        for each in found["layers"]:
            _shape(each["before"]), each["name"], each["after"] and _shape(each["after"])
        for moment in ("before", "after"):
            # Bundles of earlier versions have no bytes.
            sum(found[moment][name] for name in _COSTS if name != "bytes" or name in found[moment])
    except (KeyError, TypeError) as error:
        raise BundleError(
            f"{bundle.path}: the manifest's training.removed is malformed; convert again"
        ) from error
    return dict(found)


def _item(bundle: Bundle | None) -> str:
    """What one run of the network of a bundle takes."""
    from bireid_deploy.tasks import TASKS

    task = None if bundle is None else TASKS.get(bundle.task)
    return "input" if task is None else task.card.item


def _emit_removed(found: dict[str, Any], item: str) -> None:
    rows = [
        (
            each["name"],
            _shape(each["before"]),
            "gone" if each["after"] is None else _shape(each["after"]),
        )
        for each in found["layers"]
    ]
    emit_table("pruned", ("layer", "kernel before", "kernel after"), rows)
    before, after = found["before"], found["after"]
    for name, label in _COSTS.items():
        if name not in before or name not in after:
            continue
        share = 1 - after[name] / max(1, before[name])
        head = f"{label} per {item}" if name == "macs" else label
        click.echo(f"{head}: {before[name]:,} before, {after[name]:,} after, -{share:.1%}")
    click.echo()


def _network(bundle: Bundle) -> dict[str, Any]:
    """What goes in and comes out, as the manifest has it."""
    return {
        "name": bundle.name,
        "task": bundle.task,
        "fingerprint": bundle.fingerprint,
        "inputs": [spec.to_manifest() for spec in bundle.inputs],
        "outputs": [spec.to_manifest() for spec in bundle.outputs],
    }


def _answer(audits: "dict[str, Audit]", bundle: Bundle | None) -> list[str]:
    """Size, input, output, and how much of it is 1-bit."""
    lines = []
    if bundle is not None:
        taken = [f"{spec.name}: {spec.kind} {_shape(spec.shape)}" for spec in bundle.inputs]
        given = [f"{spec.name}: {spec.kind} {_shape(spec.shape)}" for spec in bundle.outputs]
        lines = [f"in   {', '.join(taken)}", f"out  {', '.join(given)}"]
    for name, audit in audits.items():
        weights, macs = (
            audit.total(what, "binary")
            / max(1, audit.total(what, "binary") + audit.total(what, "real"))
            for what in ("weights", "macs")
        )
        lines.append(
            f"{name}: {audit.file_bytes / 1e6:.2f} MB, "
            f"1-bit: {weights:.1%} of weights, {macs:.1%} of MACs"
        )
    return lines


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def _emit(name: str, audit: "Audit") -> None:
    rows = [
        (
            layer.name,
            layer.precision,
            f"{layer.macs / 1e6:.2f}",
            f"{layer.expected_bytes:,}",
            f"{layer.stored_bytes:,}",
            _shape(layer.kernel_shape),
        )
        for layer in audit.layers
    ]
    columns = ("layer", "weights", "M MACs", "bytes needed", "bytes stored", "kernel")
    emit_table(f"{name}, {audit.file_bytes:,} bytes", columns, rows)
    manifest = audit.to_manifest()
    macs, gain = manifest["macs"], manifest["theoretical"]
    emit_lines(
        [
            *(f"{', '.join(layers)}: {reason}" for reason, layers in _reasons(audit).items()),
            "operators: " + ", ".join(f"{op} {n}" for op, n in audit.operators.items()),
            f"MACs: {macs['binary'] / 1e6:.1f} M 1-bit, {macs['real'] / 1e6:.1f} M other",
            f"in theory {gain['speedup']:.2f}x fewer operations, "
            f"{gain['saving']:.2f}x less storage",
            f"  counting {gain['accounting']}",
        ]
    )
    click.echo()


def _reasons(audit: "Audit") -> dict[str, list[str]]:
    """Names of the layers by why they are float, or what of them is."""
    reasons: dict[str, list[str]] = {}
    for layer in audit.layers:
        if layer.reason:
            reasons.setdefault(layer.reason, []).append(layer.name)
    return reasons
