"""`calibrate` as a function."""

import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_converters.bundle import rewrite_manifest
from bireid_runtime import Bundle
from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery import embedding_space

from bireid_deploy.adaptation.centring import Centring, centred
from bireid_deploy.api.evaluation import evaluate
from bireid_deploy.api.training import Quiet
from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.calibration import ScoreCalibration, calibrate_scores
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings
from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.gallery_server.opening import open_gallery
from bireid_deploy.tasks.base import Progress

FMRS = (1e-1, 1e-2, 1e-3, 1e-4)


@dataclass(frozen=True, eq=False)
class CalibratedBundle:
    """What scores of a bundle mean on a data set.

    Attributes:
        data: Name of the data set.
        scores: Thresholds and their rates.
    """

    data: str
    scores: ScoreCalibration

    def to_json(self) -> dict[str, Any]:
        """As a manifest and a gallery keep it."""
        return {"data": self.data, **self.scores.to_json()}


def calibrate(
    bundle: Path | str,
    data: Any,
    *,
    gallery: Path | str | None = None,
    centre: bool = False,
    fmrs: Sequence[float] = FMRS,
    layout: str = "auto",
    backend: str = "auto",
    threads: int = 1,
    on_remark: Callable[[str], None] = lambda line: None,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> CalibratedBundle:
    """Measure what scores mean, and keep the table in a gallery, or else in the bundle.

    Args:
        bundle: Bundle with an embedding.
        data: Folder with people under several cameras, as for `evaluate`: its test split counts.
        gallery: Gallery that keeps the table: one's own cameras say more than the bundle's data.
        centre: Take out of every camera of the data its own mean and deviation, for a gallery of
            centred embeddings.
        fmrs: False-match rates wanted, descending.
        layout: Layout of the data set.
        backend: Back end that runs the bundle.
        threads: Threads of that back end.
        on_remark: Told what the data hold, and what was left out.
        on_progress: Called with (images embedded, images in all).
        quiet: Wraps what native libraries write while they start.

    Raises:
        EmbeddingsError: The data support no rate at all.
        ArgumentError: `centre` without a gallery, or of a bundle that is adapted to cameras, which
            it centres itself.
        FingerprintError: The gallery is another network's, or of centred embeddings and `centre` is
            not given, or the reverse.
        BireidError: As `evaluate`.
    """
    opened = Bundle.open(bundle)
    space = embedding_space(opened.fingerprint, centre)
    if centre and (gallery is None or opened.cameras):
        raise ArgumentError(
            "centre is for a gallery of centred embeddings, of a bundle that is not adapted to "
            "cameras; leave it out"
        )
    if gallery is not None:
        open_gallery(gallery, space).close()
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "embeddings.npz")
        evaluation = evaluate(
            bundle,
            data,
            layout=layout,
            backend=backend,
            threads=threads,
            options={"save": saved},
            on_progress=on_progress,
            on_remark=on_remark,
            quiet=quiet,
        )
        everyone = NamedEmbeddings.load(saved)
    assert everyone.labels is not None
    labels = everyone.labels
    centring: Centring = "mean-and-deviation" if centre else "none"
    vectors = centred(everyone.vectors, labels.camera_ids, centring)
    known = Embeddings(vectors, labels.person_ids, labels.camera_ids, everyone.names)
    found = CalibratedBundle(evaluation.report.data, calibrate_scores(known, fmrs))
    if not found.scores.people:
        reasons = "; ".join(f"{target:g}: {why}" for target, why in found.scores.refused)
        raise EmbeddingsError(f"{found.data}: supports no false-match rate ({reasons})")
    if gallery is None:
        rewrite_manifest(opened, opened.path, {"calibration": found.to_json()})
    else:
        with open_gallery(gallery, space) as kept:
            kept.calibrate(json.dumps(found.to_json()))
    return found
