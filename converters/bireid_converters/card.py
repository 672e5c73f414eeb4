"""The model card of a bundle: its manifest, told to a person."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bireid_runtime.manifest import Section
from bireid_runtime.outputs import OutputSpec

from bireid_converters.formats import find_format
from bireid_converters.output_rules import OUTPUT_RULES

# What is done to embeddings, by `adaptation.embedding` of the manifest.
_LEVELS = {
    "none": "",
    "mean": "the mean of a camera is taken out of its embeddings",
    "mean_and_deviation": "the mean of a camera is taken out of its embeddings, and they are "
    "divided by its deviation",
}


# The size of what goes in, by kind of input.
_SIZES: Mapping[str, Callable[[Sequence[int]], str]] = {
    "image": lambda shape: f"{shape[0]}x{shape[1]} pixels after resizing",
    "points": lambda shape: f"{shape[0]} points after sampling",
    "tensor": lambda shape: f"{'x'.join(map(str, shape))} numbers",
}


@dataclass(frozen=True)
class CardFacts:
    """What a task has to say about its networks; everything else is read from the manifest.

    Attributes:
        pipeline_tag: Category of the network in the YAML header.
        tags: Tags in the YAML header.
        subject: What goes in, such as `an RGB crop of a person`.
        sections: Markdown sections on use, limits and privacy, each with its heading.
        columns: Headings of the scores in the table of metrics, by their key; scores are shares.
        python: How to run it from Python; `BUNDLE` stands for the bundle.
        c: The same from C.
        item: What one run of the network takes.
        speed: Unit of the speed in the table of metrics.
    """

    pipeline_tag: str
    tags: tuple[str, ...]
    subject: str
    sections: str
    columns: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    c: str = ""
    item: str = "image"
    speed: str = "images/s"


def model_card(manifest: Mapping[str, Any], facts: CardFacts) -> str:
    """Write the card.

    Args:
        manifest: Manifest of the bundle, see docs/architecture.md.
        facts: What the task says.

    Returns:
        Markdown with a YAML header. It states what the manifest and the task state and nothing
        more.
    """
    parts = [
        _header(manifest, facts),
        f"# {manifest['name']}",
        _summary(manifest, facts),
        _binarisation(manifest["binarisation"], facts.item),
        *_reports(manifest["files"]),
        *_cameras(manifest.get("adaptation")),
        "## Training",
        _listing(_known(manifest["training"])) or "How the network was trained is not recorded.",
        f"Licence of the training data: {manifest['licences']['training_data']}. "
        f"Licence of the weights: {manifest['licences']['weights']}.",
        "## Metrics",
        *_metrics(manifest["metrics"], facts),
        "## Agreement of the files with the trained network",
        _parity(manifest["parity"]),
        *_code(manifest["name"], facts),
        facts.sections.strip(),
        _golden(manifest["golden"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _golden(golden: Mapping[str, Any]) -> str:
    told = (
        f"`{golden['file']}` holds {golden['items']} inputs for the self-test: {golden['source']}."
    )
    if "decoded" in golden:
        told += f" `{golden['decoded']['file']}` holds what their maps decode to."
    return told


def _header(manifest: Mapping[str, Any], facts: CardFacts) -> str:
    # JSON strings are YAML strings, whatever a licence or a name contains.
    return "\n".join(
        [
            "---",
            f"license: {json.dumps(manifest['licences']['weights'])}",
            f"model_name: {json.dumps(manifest['name'])}",
            f"fingerprint: {json.dumps(manifest['fingerprint'])}",
            f"pipeline_tag: {facts.pipeline_tag}",
            f"tags: [{', '.join(facts.tags)}]",
            "---",
        ]
    )


def _summary(manifest: Mapping[str, Any], facts: CardFacts) -> str:
    network = manifest["network"]
    kind = "1-bit" if network["precision"] == "binary" else "real-valued"
    backbone = network.get("backbone", "network")
    files = "\n".join(
        f"- `{name}`, {entry['bytes']:,} bytes: {find_format(entry['format']).help}"
        for name, entry in manifest["files"].items()
    )
    outputs = [OutputSpec.from_manifest(Section(each, "card")) for each in manifest["outputs"]]
    results = " and ".join(OUTPUT_RULES[spec.kind].phrase(spec) for spec in outputs)
    return (
        f"A {kind} {backbone} that turns {facts.subject} ({_sizes(manifest['inputs'])}) into "
        f"{results}.\n\n{files}"
    )


def _sizes(inputs: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(_SIZES[each["kind"]](each["shape"][1:]) for each in inputs)


def _binarisation(audit: Mapping[str, Any], item: str) -> str:
    if not audit:
        return ""
    weights, macs = audit["weights"], audit["macs"]
    return (
        f"{weights['binary']:,} of {weights['binary'] + weights['real']:,} weights and "
        f"{macs['binary']:,} of {macs['binary'] + macs['real']:,} multiply-accumulates per {item} "
        "are 1-bit, counted in the converted file. What this gains in time depends on the device: "
        "measure it there."
    )


def _reports(files: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the compiler of a file says of it; cycles and times are its estimates."""
    return [
        part
        for name, entry in files.items()
        if entry.get("report")
        for part in (
            f"## `{name}`",
            "As its compiler reports; nothing of it was measured on a chip.",
            _listing(entry["report"]),
        )
    ]


def _cameras(adaptation: Mapping[str, Any] | None) -> list[str]:
    if adaptation is None:
        return []
    count = len(adaptation["cameras"])
    levels = [_LEVELS[adaptation["embedding"]]]
    if adaptation["patches"]:
        files = ", ".join(f"`{name}`" for name in adaptation["patches"])
        levels.append(f"float constants of {files} are the camera's own")
    return [
        "## Cameras",
        f"Adapted to {count} camera{'s' if count > 1 else ''} from crops without labels; "
        f"{'; '.join(level for level in levels if level)}. "
        f"{adaptation['bytes'] // count:,} bytes per camera. Embeddings of these cameras may be "
        "compared with each other; crops of another camera need a bundle of their own.",
        _table(adaptation["cameras"]),
        _listing(adaptation["note"]),
    ]


def _parity(parity: Mapping[str, Any]) -> str:
    if not parity["verified"]:
        return "Not checked: the conversion was told to skip the parity gate."
    return "Checked at conversion and passed; the numbers are under `parity` in `manifest.json`."


def _metrics(records: Sequence[Mapping[str, Any]], facts: CardFacts) -> list[str]:
    """A row per engine: its scores in percent, with their intervals; what all share below."""
    if not records:
        return ["No accuracy was measured for this bundle."]
    columns = facts.columns
    shown = [key for key in columns if any(key in record for record in records)]
    if not shown:
        return [_table([{_words(key): each[key] for key in each} for each in records])]
    rows = [
        {
            "engine": record["engine"],
            "data": record.get("data", "-"),
            **{columns[key]: _percent(record, key) for key in shown},
            "as the first": _share(record.get("agreeing_share")),
            facts.speed: f"{record['images_per_second']:.0f}"
            if "images_per_second" in record
            else "-",
        }
        for record in records
    ]
    told = {"engine", "data", "agreeing_share", "images_per_second", *shown}
    told |= {f"{key}_interval" for key in shown}
    shared = {
        _words(key): value
        for key, value in records[0].items()
        if key not in told
        and not isinstance(value, float)
        and all(each.get(key) == value for each in records)
    }
    intervals = any(f"{key}_interval" in record for key in shown for record in records)
    explained = (
        "Scores are percentages"
        + (", in brackets the 95 % interval" if intervals else "")
        + "; `as the first`: items whose output is that of the first engine. All that was measured "
        "is under `metrics` in `manifest.json`."
    )
    return [_table(rows), explained, _listing(_known(shared))]


def _percent(record: Mapping[str, Any], key: str) -> str:
    value, interval = record.get(key), record.get(f"{key}_interval")
    if value is None:
        return "-"
    bounds = "" if interval is None else f" ({'-'.join(f'{100 * each:.1f}' for each in interval)})"
    return f"{100 * value:.1f}{bounds}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _code(name: str, facts: CardFacts) -> list[str]:
    blocks = [
        f"```{language}\n{code.strip().replace('BUNDLE', name)}\n```"
        for language, code in (("python", facts.python), ("c", facts.c))
        if code
    ]
    return ["## Code", *blocks] if blocks else []


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _words(key: str) -> str:
    return key.replace("_", " ")


def _listing(values: Mapping[str, Any]) -> str:
    return "\n".join(f"- {_words(key)}: {_plain(value)}" for key, value in values.items())


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
    if isinstance(value, Mapping) and value.keys() == {"run", "checkpoint"}:
        return f"{_plain(value['run'])}, checkpoint `{_plain(value['checkpoint'])}`"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and value and all(isinstance(each, float) for each in value):
        return " to ".join(map(_plain, value))
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return " ".join(text.split()).replace("|", "\\|")
