"""`who` as a function: a rendered scene of several cameras, watched, measured and shown."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from bireid_runtime import Bundle
from bireid_runtime.files import atomic_file
from bireid_runtime.gallery import Gallery
from bireid_runtime.watching import Sighting, Thresholds

from bireid_deploy.api.galleries import create_gallery
from bireid_deploy.api.training import Quiet
from bireid_deploy.api.watching import WatchReport, watch
from bireid_deploy.data.mot import read_mot
from bireid_deploy.errors import DatasetError
from bireid_deploy.evaluation.watch_scores import WatchScores, score_watch
from bireid_deploy.evaluation.watched_page import watched_page
from bireid_deploy.tasks.base import Progress

FPS = 10.0
# Noon of a day: a rendered scene has a time of its own.
_START = 1_767_268_800.0


@dataclass(frozen=True)
class WhoResult:
    """What came of a scene.

    Attributes:
        scene: Folder of the frames, one below it per camera.
        page: The page.
        gallery: The gallery with all who were seen.
        report: What the watch says.
        scores: How well it matches the truth.
        people: How many people the gallery has.
        boxes: Where the boxes came from: `detector`, or `truth`.
    """

    scene: Path
    page: Path
    gallery: Path
    report: WatchReport
    scores: WatchScores
    people: int
    boxes: str


def who(
    reid: Bundle | Path | str,
    out: Path | str,
    *,
    detector: Bundle | Path | str | None = None,
    same: float = 0.7,
    people: int = 8,
    cameras: int = 2,
    size: tuple[int, int] = (240, 320),
    seed: int = 1,
    backend: str = "auto",
    threads: int = 1,
    on_stage: Callable[[str], None] = lambda line: None,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> WhoResult:
    """Render people who pass several cameras, say who is who, and hold it against the truth.

    Nobody is enrolled: whoever is seen first becomes a new person of a new gallery.

    Args:
        reid: Bundle with embeddings.
        out: Folder: `scene` is kept and used again, a `watch` of before must not be there.
        detector: Bundle that finds people; None takes the boxes of the truth.
        same: Score from which on it is the same person.
        people: As `write_crossing`; likewise `cameras`, `size` and `seed`.
        cameras: See `people`.
        size: See `people`.
        seed: See `people`.
        backend: Back end that runs the bundles.
        threads: Threads of that back end.
        on_stage: Told what is done now.
        on_progress: Called with (frames done, frames in all) in each stage.
        quiet: Wraps what native libraries write while they start.

    Raises:
        DatasetError: A parameter is out of range, or `out` holds something else.
        BireidError: As `watch`.
    """
    from bireid_deploy.data.synthetic.write_crossing import TRUTH, write_crossing

    out = Path(out)
    watched, gallery, page = out / "watch", out / "who.gallery", out / "who.html"
    for each in (watched, gallery):
        if each.exists():
            raise DatasetError(f"{each}: is there already; remove it or choose another folder")
    on_stage(f"1/3  rendering {people} people who pass {cameras} cameras")
    folders = write_crossing(
        out / "scene",
        people=people,
        cameras=cameras,
        size=size,
        seed=seed,
        on_progress=on_progress,
    )
    truth = {folder.name: read_mot(folder / TRUTH) for folder in folders}
    said = "the boxes are those of the truth" if detector is None else "with a detector"
    on_stage(f"2/3  watching, {said}")
    create_gallery(gallery, reid)
    sightings: list[Sighting] = []
    report = watch(
        {folder.name: folder for folder in folders},
        reid,
        gallery,
        watched,
        Thresholds(same=same),
        detector=detector,
        boxes=None if detector else {folder.name: folder / TRUTH for folder in folders},
        fps=FPS,
        start=_START,
        backend=backend,
        threads=threads,
        on_sighting=sightings.append,
        on_progress=on_progress,
        quiet=quiet,
    )
    on_stage("3/3  holding it against the truth, and writing the page")
    scores = score_watch(
        truth,
        {name: read_mot(watched / f"{name}.txt") for name in truth},
        {(each.camera, each.track): each.person for each in sightings},
    )
    with atomic_file(page) as file:
        file.write(watched_page("Who was seen where and when", sightings, scores).encode())
    with Gallery.open(gallery) as opened:
        known = len(opened.people())
    boxes = "truth" if detector is None else "detector"
    return WhoResult(out / "scene", page, gallery, report, scores, known, boxes)
