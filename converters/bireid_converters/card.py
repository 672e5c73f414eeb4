"""The model card of a bundle: its manifest, told to a person."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bireid_converters.formats import find_format

_USE = """\
## Use

Embeddings of crops that show one person each, to find the same person again by cosine similarity:
retrieval, tracking across cameras, counting of returning visitors. Embeddings of bundles with
another fingerprint are not comparable, and neither are those of a 1-bit network and its
real-valued counterpart.

## Limits

- Accuracy on other cameras, places, clothes, light and groups of people than those of the training
  data is unknown until it is measured there. Measure it before use, for each group it will serve.
- A similarity is not an identification: no threshold comes with this bundle, and a match is a
  proposal for a person to check.
- A 1-bit network may answer two nearly equal images with visibly different embeddings, because a
  single sign can tip.

## Privacy

An embedding is made to recognise a person again: treat embeddings like personal data, with a legal
basis, a purpose and a date of deletion. The runtime stores and sends nothing by itself."""


def model_card(manifest: Mapping[str, Any]) -> str:
    """Write the card.

    Args:
        manifest: Manifest of the bundle, see docs/architecture.md.

    Returns:
        Markdown with a YAML header. It states what the manifest states and nothing more.
    """
    parts = [
        _header(manifest),
        f"# {manifest['name']}",
        _summary(manifest),
        _binarisation(manifest["binarisation"]),
        "## Training",
        _listing(manifest["training"]) or "How the network was trained is not recorded.",
        f"Licence of the training data: {manifest['licences']['training_data']}. "
        f"Licence of the weights: {manifest['licences']['weights']}.",
        "## Metrics",
        _table(manifest["metrics"]) or "No accuracy was measured for this bundle.",
        "## Agreement of the files with the trained network",
        _parity(manifest["parity"]),
        _USE,
        f"`golden.npz` holds three images for the self-test: {manifest['golden']['source']}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _header(manifest: Mapping[str, Any]) -> str:
    # JSON strings are YAML strings, whatever a licence or a name contains.
    return "\n".join(
        [
            "---",
            f"license: {json.dumps(manifest['licences']['weights'])}",
            f"model_name: {json.dumps(manifest['name'])}",
            f"fingerprint: {json.dumps(manifest['fingerprint'])}",
            "pipeline_tag: image-feature-extraction",
            "tags: [person-re-identification]",
            "---",
        ]
    )


def _summary(manifest: Mapping[str, Any]) -> str:
    network, spec = manifest["network"], manifest["preprocess"]
    kind = "1-bit" if network["precision"] == "binary" else "real-valued"
    files = "\n".join(
        f"- `{name}`, {entry['bytes']:,} bytes: {find_format(entry['format']).help}"
        for name, entry in manifest["files"].items()
    )
    return (
        f"A {kind} {network['backbone']} that turns an RGB crop of a person "
        f"({spec['height']}x{spec['width']} pixels after resizing) into an embedding of "
        f"{manifest['embedding']['dim']} numbers and unit length.\n\n{files}"
    )


def _binarisation(audit: Mapping[str, Any]) -> str:
    if not audit:
        return ""
    weights, macs = audit["weights"], audit["macs"]
    return (
        f"{weights['binary']:,} of {weights['binary'] + weights['real']:,} weights and "
        f"{macs['binary']:,} of {macs['binary'] + macs['real']:,} multiply-accumulates per image "
        "are 1-bit, counted in the converted file. What this gains in time depends on the device: "
        "measure it there."
    )


def _parity(parity: Mapping[str, Any]) -> str:
    if not parity["verified"]:
        return "Not checked: the conversion was told to skip the parity gate."
    return "Checked at conversion and passed; the numbers are under `parity` in `manifest.json`."


def _listing(values: Mapping[str, Any]) -> str:
    return "\n".join(f"- {key}: {_plain(value)}" for key, value in values.items())


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[_plain(row.get(column, "")) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping) and "name" in value:
        return f"{_plain(value['name'])} (in full in `manifest.json`)"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return " ".join(text.split()).replace("|", "\\|")
