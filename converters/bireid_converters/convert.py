"""From a trained network to a bundle: export, check, describe, write."""

import json
import logging
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from bireid_models.network import Network
from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.preprocess import Preprocess
from bireid_runtime.preprocess import preprocess as preprocess_crop

from bireid_converters.bundle import check_target, write_bundle
from bireid_converters.errors import ConversionError, ParityError
from bireid_converters.formats import FORMATS, Format, find_format
from bireid_converters.golden import choose_golden, generate_crops

_LOGGER = logging.getLogger(__name__)


class GateReport(Protocol):
    """What a parity gate reports; `bireid_converters.parity.ParityReport` is one."""

    @property
    def passed(self) -> bool:
        """Whether every file computes what was trained."""

    @property
    def failure(self) -> str | None:
        """One line on the first failure, or None."""

    def to_manifest(self) -> dict[str, Any]:
        """JSON-able form."""


Gate = Callable[[Network, Mapping[str, bytes], np.ndarray], GateReport]
Measure = Callable[[Bundle], Sequence[Mapping[str, Any]]]


def convert(
    network: Network,
    out: str | os.PathLike[str],
    formats: Sequence[str],
    *,
    name: str,
    preprocess: Preprocess,
    licences: Mapping[str, str],
    training: Mapping[str, Any] | None = None,
    measure: Measure | None = None,
    real_network: Network | None = None,
    candidate_crops: Sequence[np.ndarray] | None = None,
    crops_source: str = "crops given to the conversion by its user",
    representative: np.ndarray | None = None,
    verify: bool = True,
    gate: Gate | None = None,
) -> Bundle:
    """Convert a trained network to a bundle.

    Args:
        network: Trained network; the golden embeddings are its Keras outputs.
        out: Directory of the bundle; an existing bundle there is replaced.
        formats: Names from the format table.
        name: Name of the network.
        preprocess: Preprocessing that the network was trained with.
        licences: `weights` and `training_data`.
        training: How the network was trained, JSON types, for the manifest.
        measure: Called with the bundle before it is put in place; returns what was measured on it,
            one mapping per measurement, JSON types, for the manifest. An exception stops the
            conversion.
        real_network: Real-valued counterpart, for the formats that want one. A real-valued
            `network` is its own counterpart.
        candidate_crops: Crops uint8 RGB (H, W, 3), three or more, free to pass on: parity is
            checked on them, and three become the golden crops of the bundle. None takes generated
            patterns.
        crops_source: Where `candidate_crops` come from, for the card.
        representative: Preprocessed images float32 (N, H, W, 3) for the ranges of int8; None takes
            `candidate_crops`.
        verify: Whether to run the parity gate.
        gate: Another gate than `bireid_converters.parity.check_parity`.

    Returns:
        The bundle, opened with all hashes verified.

    Raises:
        ConversionError: An unknown format, a wrong size of the input, no images for int8, no stable
            golden crops, or the target is not a bundle.
        UnsupportedModelError: A layer, or the whole network, does not exist in a format.
        ParityError: A file does not compute what was trained; nothing is written.
    """
    check_target(out)
    chosen = _choose(formats)
    networks = {entry.name: _network_for(entry, network, real_network) for entry in chosen}
    for member in networks.values():
        _check_input_size(member, preprocess)
    golden = choose_golden(network, preprocess, candidate_crops)
    crops = generate_crops(preprocess) if candidate_crops is None else candidate_crops
    images = np.stack([preprocess_crop(crop, preprocess) for crop in crops])
    if representative is None and candidate_crops is not None:
        representative = images

    files = {}
    for entry in chosen:
        _LOGGER.info("writing %s", entry.file_name)
        metadata = _metadata(name, preprocess, licences, networks[entry.name])
        files[entry.name] = _export(entry, networks[entry.name], metadata, representative)
    parity: dict[str, Any] = {"verified": verify}
    if verify:
        parity |= _check_parity(chosen, networks, files, images, gate)
    write = partial(
        write_bundle,
        name=name,
        config=network.config,
        files=files,
        golden=golden,
        golden_source="generated patterns" if candidate_crops is None else crops_source,
        preprocess=preprocess,
        licences=licences,
        training=training or {},
        parity=parity,
        binarisation=_audit(files),
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
        raise UnsupportedModelError(
            f"format {entry.name} holds a 1-bit network and this one is real-valued; choose "
            "float-onnx or int8"
        )
    raise ConversionError(
        f"format {entry.name} holds a real-valued network; give the real-valued counterpart of "
        "this one as well, or leave the format out"
    )


def _check_input_size(network: Network, spec: Preprocess) -> None:
    config = network.config
    if (config.input_height, config.input_width) != (spec.height, spec.width):
        raise ConversionError(
            f"the network takes {config.input_height}x{config.input_width} pixels and the "
            f"preprocessing makes {spec.height}x{spec.width}; use the one it was trained with"
        )


def _export(
    entry: Format,
    network: Network,
    metadata: Mapping[str, str],
    representative: np.ndarray | None,
) -> bytes:
    if "representative" in entry.takes and representative is None:
        raise ConversionError(
            f"{entry.name} needs images like those of the later use to set its ranges; give crops "
            "or representative images"
        )
    arguments = {"metadata": metadata, "representative": representative}
    return entry.load_exporter()(network, **{key: arguments[key] for key in entry.takes})


def _metadata(
    name: str, spec: Preprocess, licences: Mapping[str, str], network: Network
) -> dict[str, str]:
    return {
        "name": name,
        "precision": network.config.precision,
        "preprocess": json.dumps(spec.to_manifest()),
        "embedding_dim": str(network.model.output_shape[-1]),
        "embedding_metric": "cosine",
        "license": licences["weights"],
        "training_data_license": licences["training_data"],
    }


def _check_parity(
    chosen: Sequence[Format],
    networks: Mapping[str, Network],
    files: Mapping[str, bytes],
    images: np.ndarray,
    gate: Gate | None,
) -> dict[str, Any]:
    """Run the gate on the files of each precision; returns the reports by precision."""
    if gate is None:
        from bireid_converters import parity

        gate = parity.check_parity
    reports = {}
    for precision in ("binary", "real"):
        members = [entry for entry in chosen if entry.precision == precision and entry.parity]
        if not members:
            continue
        _LOGGER.info("checking %s", ", ".join(entry.file_name for entry in members))
        report = gate(
            networks[members[0].name],
            {entry.parity: files[entry.name] for entry in members if entry.parity},
            images,
        )
        if not report.passed:
            raise ParityError(
                f"the {precision} network does not convert faithfully: {report.failure}"
            )
        reports[precision] = report.to_manifest()
    return reports


def _audit(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the first 1-bit file really holds."""
    from bireid_converters import audit

    if "lce" in files:
        return audit.audit_lce(files["lce"]).to_manifest()
    if "onnx" in files:
        return audit.audit_onnx(files["onnx"]).to_manifest()
    return {}
