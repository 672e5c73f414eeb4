"""From a trained network to a bundle: export, check, describe, write."""

import json
import logging
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec

from bireid_converters.bundle import check_target, write_bundle
from bireid_converters.card import CardFacts
from bireid_converters.errors import ConversionError, ParityError
from bireid_converters.exported import Exported
from bireid_converters.formats import FORMATS, Format, configurations_of, find_format
from bireid_converters.golden import (
    Candidates,
    MoreCandidates,
    choose_golden,
    generate_items,
    prepare,
)
from bireid_converters.named_model import Arrays, NamedModel, Network, named_model

if TYPE_CHECKING:
    from bireid_converters.parity.converted_file import ConvertedFile
    from bireid_converters.parity.report import GateReport

_LOGGER = logging.getLogger(__name__)


Gate = Callable[
    [NamedModel, "Mapping[str, ConvertedFile]", Arrays, Sequence[OutputSpec]], "GateReport"
]
Measure = Callable[[Bundle], Sequence[Mapping[str, Any]]]


def convert(
    network: Network,
    out: str | os.PathLike[str],
    formats: Sequence[str],
    *,
    name: str,
    task: str,
    inputs: Sequence[InputSpec],
    outputs: Sequence[OutputSpec],
    licences: Mapping[str, str],
    card: CardFacts,
    training: Mapping[str, Any] | None = None,
    measure: Measure | None = None,
    real_network: Network | None = None,
    candidates: Candidates | None = None,
    more_candidates: MoreCandidates | None = None,
    candidates_source: str = "inputs given to the conversion by its user",
    representative: Arrays | None = None,
    configuration: str | None = None,
    verify: bool = True,
    gate: Gate | None = None,
) -> Bundle:
    """Convert a trained network to a bundle.

    Args:
        network: Trained network: a Keras functional model with one output or a mapping of named
            outputs, and what it was built from. The golden outputs are those of Keras.
        out: Directory of the bundle; an existing bundle there is replaced.
        formats: Names from the format table.
        name: Name of the network.
        task: What the network is for.
        inputs: What it takes, with the preprocessing that it was trained with.
        outputs: What it gives.
        licences: `weights` and `training_data`.
        card: What the task says in the model card.
        training: How the network was trained, JSON types, for the manifest.
        measure: Called with the bundle before it is put in place; returns what was measured on it,
            one mapping per measurement, JSON types, for the manifest. An exception stops the
            conversion.
        real_network: Real-valued counterpart, for the formats that want one. A real-valued
            `network` is its own counterpart.
        candidates: Raw items by the name of the input, three or more, free to pass on: parity is
            checked on them, and three become the golden inputs of the bundle. None takes generated
            ones.
        more_candidates: Makes more of `candidates`, the same ones first; asked when too few of them
            are stable.
        candidates_source: Where `candidates` come from, for the card.
        representative: Prepared inputs float32 (N, ...) by name for the ranges of int8; None takes
            `candidates`.
        configuration: For the formats that have several; None takes the first of each.
        verify: Whether to run the parity gate.
        gate: Another gate than `bireid_converters.parity.check_parity`.

    Returns:
        The bundle, opened with all hashes verified.

    Raises:
        ConversionError: An unknown format, inputs or outputs that are not those of the network, no
            inputs for int8, no stable golden inputs, or the target is not a bundle.
        UnsupportedModelError: A layer, or the whole network, does not exist in a format.
        ParityError: A file does not compute what was trained; nothing is written.
    """
    check_target(out)
    asked = _choose(formats)
    configurations = configurations_of(asked, configuration)
    # What others are compiled from is written and checked as well.
    sources = {entry.compiled_from for entry in asked}
    chosen = [entry for entry in FORMATS if entry in asked or entry.name in sources]
    members = {entry.name: _network_for(entry, network, real_network) for entry in chosen}
    models = {name: named_as(member, inputs, outputs) for name, member in members.items()}
    trained = named_as(network, inputs, outputs)
    golden = choose_golden(trained, inputs, outputs, candidates, more=more_candidates)
    prepared = prepare(generate_items(inputs) if candidates is None else candidates, inputs)
    if representative is None and candidates is not None:
        representative = prepared

    exported: dict[str, Exported] = {}
    for entry in chosen:
        _LOGGER.info("writing %s", entry.file_name)
        precision = members[entry.name].config.precision
        metadata = file_metadata(name, task, precision, inputs, outputs, licences)
        source = exported[entry.compiled_from].data if entry.compiled_from else None
        exported[entry.name] = export(
            entry,
            models[entry.name],
            metadata,
            representative,
            source=source,
            configuration=configurations.get(entry.name),
        )
    files = {name: each.data for name, each in exported.items()}
    parity: dict[str, Any] = {"verified": verify}
    if verify:
        parity |= _check_parity(chosen, models, files, prepared, outputs, gate)
        parity |= _check_apart(chosen, models, files, prepared, outputs)
    write = partial(
        write_bundle,
        name=name,
        task=task,
        network=asdict(network.config),  # type: ignore[call-overload]
        inputs=inputs,
        outputs=outputs,
        files={entry.name: files[entry.name] for entry in asked},
        reports={entry.name: exported[entry.name].report for entry in asked},
        golden=golden,
        golden_source="generated patterns" if candidates is None else candidates_source,
        licences=licences,
        training=training or {},
        parity=parity,
        binarisation=_audit(chosen, files),
        card=card,
    )
    metrics: Sequence[Mapping[str, Any]] = ()
    if measure is not None:
        with tempfile.TemporaryDirectory() as folder:
            metrics = measure(write(os.path.join(folder, "bundle"), metrics=metrics))
    return write(out, metrics=metrics)


def _choose(formats: Sequence[str]) -> list[Format]:
    wanted = {find_format(name) for name in formats}
    if not wanted:
        raise ConversionError("no format to convert to; name at least one, such as lce or onnx")
    return [entry for entry in FORMATS if entry in wanted]


def _network_for(entry: Format, network: Network, real_network: Network | None) -> Network:
    if network.config.precision == "binary_activations":
        raise UnsupportedModelError(
            "the kernels of this network are still real-valued: it is the first of two training "
            "stages; train a network of precision binary with --init from it and convert that"
        )
    for candidate in (network, real_network):
        if candidate is not None and candidate.config.precision == entry.precision:
            return candidate
    if entry.precision == "binary":
        others = " or ".join(each.name for each in FORMATS if each.precision != "binary")
        raise UnsupportedModelError(
            f"format {entry.name} holds a 1-bit network and this one is real-valued; choose "
            f"{others}"
        )
    raise ConversionError(
        f"format {entry.name} holds a real-valued network; give the real-valued counterpart of "
        "this one as well, or leave the format out"
    )


def named_as(
    network: Network | Any, inputs: Sequence[InputSpec], outputs: Sequence[OutputSpec]
) -> NamedModel:
    """A network, or a Keras model, under the names of the specs.

    Raises:
        ConversionError: Names or shapes are not those of the specs.
    """
    names = [spec.name for spec in inputs], [spec.name for spec in outputs]
    if shared := set(names[0]) & set(names[1]):
        raise ConversionError(f"{min(shared)!r} names an input and an output; rename one of them")
    named = named_model(network, *names)
    for specs, shapes in ((inputs, named.input_shapes), (outputs, named.output_shapes)):
        for spec in specs:
            if shapes[spec.name] != spec.shape:
                raise ConversionError(
                    f"'{spec.name}' of the network has the shape {shapes[spec.name]}, its spec "
                    f"{spec.shape}; use the preprocessing and outputs that it was trained with"
                )
    return named


def export(
    entry: Format,
    network: NamedModel,
    metadata: Mapping[str, str],
    representative: Arrays | None = None,
    *,
    source: bytes | None = None,
    configuration: str | None = None,
) -> Exported:
    """Write a network as a file of a format.

    Args:
        entry: The format.
        network: The network.
        metadata: What the file says of itself.
        representative: Inputs like those of the later use, for the formats that want some.
        source: The file that one of this format is compiled from.
        configuration: One of the format's.

    Raises:
        ConversionError: The format needs representative inputs and there are none, or its compiler
            failed.
        UnsupportedModelError: A layer does not exist in the format.
    """
    if "representative" in entry.takes and representative is None:
        raise ConversionError(
            f"{entry.name} needs inputs like those of the later use to set its ranges; give "
            "candidates or representative inputs"
        )
    arguments = {
        "metadata": metadata,
        "representative": representative,
        "configuration": configuration,
    }
    taken = {key: arguments[key] for key in entry.takes}
    made = entry.load_exporter()(source if entry.compiled_from else network, **taken)
    return made if isinstance(made, Exported) else Exported(made)


def file_metadata(
    name: str,
    task: str,
    precision: str,
    inputs: Sequence[InputSpec],
    outputs: Sequence[OutputSpec],
    licences: Mapping[str, str],
) -> dict[str, str]:
    """What a file says of itself, in the formats that have a place for it."""
    return {
        "name": name,
        "task": task,
        "precision": precision,
        "inputs": json.dumps([spec.to_manifest() for spec in inputs]),
        "outputs": json.dumps([spec.to_manifest() for spec in outputs]),
        "license": licences["weights"],
        "training_data_license": licences["training_data"],
    }


def _check_parity(
    chosen: Sequence[Format],
    models: Mapping[str, NamedModel],
    files: Mapping[str, bytes],
    inputs: Arrays,
    outputs: Sequence[OutputSpec],
    gate: Gate | None,
) -> dict[str, Any]:
    """Run the gate on the files of each precision; returns the reports by precision."""
    if gate is None:
        from bireid_converters import parity

        gate = parity.check_parity
    reports = {}
    for precision in ("binary", "real"):
        members = [entry for entry in chosen if entry.precision == precision and entry.opener]
        if not members:
            continue
        _LOGGER.info("checking %s", ", ".join(entry.file_name for entry in members))
        opened = {entry.name: entry.open(files[entry.name]) for entry in members}
        report = gate(models[members[0].name], opened, inputs, outputs)
        if not report.passed:
            raise ParityError(
                f"the {precision} network does not convert faithfully: {report.failure}"
            )
        reports[precision] = report.to_manifest()
    return reports


def _check_apart(
    chosen: Sequence[Format],
    models: Mapping[str, NamedModel],
    files: Mapping[str, bytes],
    inputs: Arrays,
    outputs: Sequence[OutputSpec],
) -> dict[str, Any]:
    """Run the checks of formats that have one of their own; returns the reports by format."""
    reports = {}
    for entry in chosen:
        if entry.check is None:
            continue
        _LOGGER.info("checking %s", entry.file_name)
        report = entry.load_check()(models[entry.name], files[entry.name], inputs, outputs)
        if not report.passed:
            raise ParityError(f"{entry.name} does not follow the network: {report.failure}")
        reports[entry.name] = report.to_manifest()
    return {"quantised": reports} if reports else {}


def _audit(chosen: Sequence[Format], files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the first 1-bit file really holds."""
    for entry in chosen:
        if entry.precision == "binary" and entry.audit is not None:
            return entry.load_audit()(files[entry.name]).to_manifest()
    return {}
