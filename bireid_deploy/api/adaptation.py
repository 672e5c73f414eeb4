"""`adapt` as a function."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_converters.adaptation import CameraAdaptation, write_adapted
from bireid_converters.bundle import check_target
from bireid_converters.formats import FORMATS, find_format
from bireid_runtime import Bundle, Session
from bireid_runtime.errors import ArgumentError, UnsupportedModelError
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.adaptation.cameras import Adapted, adapt_embedder, adapt_network, camera_model
from bireid_deploy.adaptation.consistency import consistency
from bireid_deploy.adaptation.crops import (
    AUTO,
    DEFAULT_LEAST,
    CropList,
    Crops,
    decode_crops,
    list_crops,
    require_enough,
)
from bireid_deploy.adaptation.gallery_crops import list_gallery_crops
from bireid_deploy.adaptation.plan import Plan
from bireid_deploy.api.adaptation_result import Adaptation, note_of, result_of
from bireid_deploy.api.conversion import NOT_STATED
from bireid_deploy.api.training import Quiet, Reporting
from bireid_deploy.extras import require
from bireid_deploy.gallery_server.location import is_server
from bireid_deploy.gallery_server.opening import open_gallery
from bireid_deploy.models_at_hand import is_run, task_of_bundle
from bireid_deploy.tasks.base import Progress
from bireid_deploy.trained_run import TrainedRun, open_run
from bireid_deploy.training.reporter import SilentReporter
from bireid_deploy.training.run_directory import RunDirectory

LEVELS_OF_RUN, LEVELS_OF_BUNDLE = ("norm", "camera"), ("camera",)
_CHUNK = 64

Decoding = Callable[[], AbstractContextManager[Progress | None]]
"""Opens a function that is told (images decoded, images in all)."""


@dataclass(frozen=True)
class _Writing:
    """How a result is written.

    Attributes:
        out: Where to.
        formats: Of a bundle; None for those of the network's precision.
        name: Of the network; None for the recipe's, or that of the bundle.
        licences: `weights` and `training_data`.
        quiet: Wraps what native libraries write.
        say: Told what is being done.
    """

    out: Path
    formats: Sequence[str] | None
    name: str | None
    licences: Mapping[str, str]
    quiet: Quiet
    say: Callable[[str], None]


def adapt(
    model: Path | str,
    crops: Path | str,
    out: Path | str,
    *,
    cameras: Path | str = AUTO,
    levels: Sequence[str] | None = None,
    per: str = "camera",
    centring: str = "mean",
    least: int = DEFAULT_LEAST,
    run_out: Path | str | None = None,
    overrides: Sequence[str] = (),
    resume: bool = False,
    formats: Sequence[str] | None = None,
    name: str | None = None,
    licences: Mapping[str, str] | None = None,
    reporting: Reporting = lambda recipe: nullcontext(SilentReporter()),
    decoding: Decoding = nullcontext,
    say: Callable[[str], None] = lambda line: None,
    quiet: Quiet = nullcontext,
) -> Adaptation:
    """Adapt a network to cameras by crops that nobody labelled.

    What treats cameras differently becomes a bundle; what changed for all of them alike, by
    `cluster` or by `norm` per all, becomes a run.

    Args:
        model: Run directory, or a bundle that is not adapted: `camera` is for both, the other
            levels are for a run.
        crops: Folder of the crops; or a gallery, a file or `postgresql://...`, whose thumbnails
            they are.
        out: The result; a bundle that lies there is replaced.
        cameras: Which crop of a folder is of which camera; see `adaptation.crops.list_crops`.
        levels: Of `adaptation.plan.LEVELS`; None takes `norm` and `camera` for a run, `camera` for
            a bundle.
        per: `camera`, or `all`: whose batch normalisation `norm` estimates.
        centring: `mean`, or `mean-and-deviation`: what `camera` takes out.
        least: Crops that every camera must have.
        run_out: Where `cluster` leaves its run if the result is something else; None takes the
            name of `out` and `-run`.
        overrides: `section.key=value` assignments for `cluster`, of its recipe or of
            `clustering`.
        resume: Continue an interrupted `cluster`, to the same weights.
        formats: Files of the bundle; None takes those of the network's precision.
        name: Name of the network in the bundle; None keeps it.
        licences: As for `convert`; only for a run.
        reporting: Opens what is told how a training goes.
        decoding: Opens what is told (images decoded, images in all).
        say: Told what is being done, a line each.
        quiet: Wraps what native libraries write while they start.

    Returns:
        What was written, and what can be said of it without labels.

    Raises:
        ArgumentError: An unknown level or option, or one that does not fit the model or the crops.
        GalleryError: The gallery cannot be opened.
        DatasetError: The crops cannot be listed, or a camera has too few.
        MissingPackageError: The extra `train` is not installed, and a run is given.
        UnsupportedModelError: The network has not one embedding.
        ParityError: A converted file computes something else; nothing is written.
        TrainingError: Not a run, or the target exists already; see `train` for `cluster`.
        BundleError, IntegrityError: Neither a run nor a sound bundle.
    """
    source = Path(model)
    of_run = is_run(source)
    plan = Plan.of(levels or (LEVELS_OF_RUN if of_run else LEVELS_OF_BUNDLE), per, centring)
    writing = _Writing(
        Path(out),
        formats,
        name,
        {"weights": NOT_STATED, "training_data": NOT_STATED, **(licences or {})},
        quiet,
        say,
    )
    for entry in formats or ():
        find_format(entry)
    if plan.knows_cameras:
        check_target(out)
    found = _list(crops, cameras)
    counts = {camera: len(paths) for camera, paths in found.cameras.items()}
    require_enough(counts, least)

    def decode(height: int, width: int) -> Crops:
        with decoding() as on_progress:
            decoded = decode_crops(found, height, width, on_progress)
        require_enough(decoded.counts, least)
        return decoded

    if not of_run:
        return _adapt_bundle(source, decode, plan, writing)
    require("train")
    training = _Clustering(
        Path(run_out) if run_out is not None else writing.out.with_name(f"{writing.out.name}-run"),
        overrides,
        resume,
        reporting,
    )
    return _adapt_run(source, decode, plan, writing, training)


def _list(crops: Path | str, cameras: Path | str) -> CropList:
    in_server = isinstance(crops, str) and is_server(crops)
    if not in_server and not Path(crops).is_file():
        return list_crops(Path(crops), cameras)
    if cameras != AUTO:
        raise ArgumentError("the entries of a gallery have their cameras; leave cameras out")
    with open_gallery(crops if in_server else Path(crops)) as gallery:
        return list_gallery_crops(gallery)


@dataclass(frozen=True)
class _Clustering:
    """How `cluster` trains: where to, with what, and who is told."""

    out: Path
    overrides: Sequence[str]
    resume: bool
    reporting: Reporting


_Decode = Callable[[int, int], Crops]


def _adapt_bundle(source: Path, decode: _Decode, plan: Plan, writing: _Writing) -> Adaptation:
    bundle = Bundle.open(source)
    if plan.levels != LEVELS_OF_BUNDLE:
        raise ArgumentError(
            f"{source}: only the level camera can be applied to a bundle; give the run that it was "
            "converted from"
        )
    if bundle.cameras:
        raise ArgumentError(f"{source}: adapted already; give the bundle that it was made from")
    output = bundle.output_of_kind("embedding").name
    crops = decode(bundle.preprocess.height, bundle.preprocess.width)
    with writing.quiet():
        session = Session.open(bundle)

    def embed(pixels: np.ndarray) -> np.ndarray:
        starts = range(0, len(pixels), _CHUNK)
        chunks = [session.run_images(list(pixels[at : at + _CHUNK]))[output] for at in starts]
        return np.concatenate(chunks)

    adapted = adapt_embedder(embed, crops, plan)
    note = note_of(plan, crops, adapted, {"bundle": bundle.name, "fingerprint": bundle.fingerprint})
    # The reader handed its bytes to the session; the writer wants them again.
    written = write_adapted(
        Bundle.open(source),
        writing.out,
        _cameras(adapted, None),
        card=task_of_bundle(bundle).card,
        note=note,
        name=writing.name,
        formats=writing.formats,
        on_progress=writing.say,
    )
    return result_of(written, None, crops, adapted)


def _adapt_run(
    source: Path, decode: _Decode, plan: Plan, writing: _Writing, training: _Clustering
) -> Adaptation:
    if not plan.knows_cameras and not (plan.trains and training.resume):
        RunDirectory(writing.out).require_new()
    with writing.quiet():
        from bireid_deploy.adaptation.embedding import KerasEmbedder

        run = open_run(source)
    formats = (writing.formats or _formats(run)) if plan.knows_cameras else ()
    preprocess = run.inputs[0].preprocess
    assert preprocess is not None
    crops = decode(preprocess.height, preprocess.width)
    embed = KerasEmbedder(_embedding_model(run), preprocess)
    before, left = consistency(embed(crops.pixels), crops.camera_of), None
    if plan.trains:
        left = writing.out if plan.levels == ("cluster",) else training.out
        run = _train(run, crops, left, training, writing)
        embed = KerasEmbedder(_embedding_model(run), preprocess)
    adapted = adapt_network(embed, crops, plan, writing.say, before)
    note = note_of(plan, crops, adapted, run.directory.identity())
    if plan.knows_cameras:
        bundle = _write_bundle(run, adapted, embed.model, note, formats, writing)
        return result_of(bundle, left, crops, adapted)
    if plan.norms_all:
        from bireid_deploy.adaptation.normalisation import read
        from bireid_deploy.adaptation.run_copy import copy_run

        copy_run(run.directory, RunDirectory(writing.out), read(embed.model), note)
    return result_of(None, writing.out, crops, adapted)


def _train(
    run: TrainedRun, crops: Crops, out: Path, training: _Clustering, writing: _Writing
) -> TrainedRun:
    from bireid_deploy.adaptation.clustering.progress import can_draw
    from bireid_deploy.adaptation.clustering.train import train_on_clusters

    if not can_draw():
        writing.say('no picture of the clusters: pip install "bireid-deploy[figures]"')
    train_on_clusters(run, crops, out, training.overrides, training.reporting, training.resume)
    return open_run(out)


def _write_bundle(
    run: TrainedRun,
    adapted: Adapted,
    model: Any,
    note: dict[str, Any],
    formats: Sequence[str],
    writing: _Writing,
) -> Bundle:
    """Convert the run, and give the bundle its cameras."""
    with writing.quiet() as terminal, tempfile.TemporaryDirectory() as folder:
        from bireid_deploy.conversion.convert import SAMPLES, convert_run

        # What is said while native output is held back goes past it.
        say = writing.say if terminal is None else terminal
        base = convert_run(
            run,
            Path(folder, "base"),
            formats,
            name=writing.name or run.recipe.name,
            licences=writing.licences,
            on_progress=say,
        )
        task = run.task
        return write_adapted(
            base,
            writing.out,
            _cameras(adapted, model),
            card=task.card,
            note=note,
            candidates=task.samples(run.inputs, SAMPLES),
            candidates_source=task.samples_source,
            on_progress=say,
        )


def _cameras(adapted: Adapted, model: Any) -> list[CameraAdaptation]:
    return [
        CameraAdaptation(
            camera.name,
            camera.crops,
            camera.centre.mean,
            camera.centre.deviation,
            None if camera.statistics is None else camera_model(model, camera.statistics),
        )
        for camera in adapted.cameras
    ]


def _formats(run: TrainedRun) -> list[str]:
    """The usual formats of the network's precision that an engine of the runtime reads.

    Raises:
        UnsupportedModelError: There are none: nothing could run the bundle.
    """
    precision = run.recipe.network.precision
    fitting = [each for each in FORMATS if each.precision == precision and each.backends]
    if not fitting:
        raise UnsupportedModelError(
            f"{run.directory.path}: no engine runs a network of precision {precision} from a "
            "bundle, and only a bundle knows cameras; choose --level cluster, or norm --per all"
        )
    return [each.name for each in fitting if each.default] or [each.name for each in fitting]


def _embedding_model(run: TrainedRun) -> Any:
    """The deployed network, whose only output is an embedding.

    Raises:
        UnsupportedModelError: It has others.
    """
    deployment = run.deployment()
    outputs: Sequence[OutputSpec] = deployment.outputs
    if [output.kind for output in outputs] != ["embedding"]:
        names = ", ".join(f"{output.name} ({output.kind})" for output in outputs)
        raise UnsupportedModelError(
            f"{run.directory.path}: cameras are adapted to by one embedding; this network gives "
            f"{names}"
        )
    return deployment.model
