"""From frames of cameras to who was seen where and when."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bireid_runtime.boxes import Boxes
from bireid_runtime.errors import ArgumentError, UnsupportedModelError
from bireid_runtime.extractor import Extractor
from bireid_runtime.gallery import GalleryStore, camera_centring, embedding_space
from bireid_runtime.watching.association import AssociationRules, Associator, Track
from bireid_runtime.watching.best_crops import BestCrop, BestCrops, qualities
from bireid_runtime.watching.identities import Thresholds, identify

# The class of a detector that is watched, if it has it; of several others one must be named.
_PERSON = "person"


class BoxFinder(Protocol):
    """What finds people in frames: a `Detector`, or an `OnnxDetector` of another project."""

    classes: tuple[str, ...]

    @property
    def source(self) -> Path:
        """Where it is, for messages."""

    def boxes(self, images: list[np.ndarray], score_threshold: float | None) -> list[Boxes]:
        """Boxes of each image, uint8 RGB (H, W, 3), above a score."""


@dataclass(frozen=True)
class TrackBox:
    """Where a target is.

    Attributes:
        camera: Name of the camera.
        frame: Number of the frame.
        track: Number of the target, of those of its camera, from 1.
        corners: Left, top, right, bottom in pixels, 0 at the edge of the frame.
        score: Of the detector, 0 to 1.
    """

    camera: str
    frame: int
    track: int
    corners: tuple[float, float, float, float]
    score: float


@dataclass(frozen=True, eq=False)
class Sighting:
    """One track that is over: who was where from when to when.

    Attributes:
        camera: Name of the camera.
        track: Number of the track, of those of the camera.
        first: Time of its first box, seconds since 1970.
        last: Time of its last one.
        first_frame: Number of the frame of the first one.
        last_frame: That of the last one.
        boxes: How many it has.
        verdict: `same`, `different` or `undecided`, of the gallery.
        person: Number of the person in the gallery, or None.
        label: What the person is called, or None.
        score: Cosine with the person that it resembles most; -1 if the gallery had none.
        fmr: False-match rate that the score stands for, or None.
        entry: Its entry in the gallery, or None.
        crop: The best crop.
    """

    camera: str
    track: int
    first: float
    last: float
    first_frame: int
    last_frame: int
    boxes: int
    verdict: str
    person: int | None
    label: str | None
    score: float
    fmr: float | None
    entry: int | None
    crop: BestCrop

    def to_json(self) -> dict[str, Any]:
        """All but the pixels."""
        kept = {name: value for name, value in self.__dict__.items() if name != "crop"}
        best = {
            "frame": self.crop.frame,
            "at": self.crop.at,
            "corners": list(self.crop.corners),
            "quality": self.crop.quality,
        }
        return {**kept, "best": best}


@dataclass(frozen=True)
class Watched:
    """What a frame brought.

    Attributes:
        boxes: Those of tracks that count; once a track counts, its first boxes, of earlier frames,
            come too.
        sightings: Of tracks that are over.
    """

    boxes: list[TrackBox]
    sightings: list[Sighting]


@dataclass(eq=False)
class _Course:
    """What is known of a track beside where it is expected."""

    crops: BestCrops
    first: float
    last: float
    first_frame: int
    waiting: list[tuple[int, tuple[float, float, float, float], float]] = field(
        default_factory=list
    )


@dataclass(frozen=True)
class Watching:
    """How a `Watcher` works.

    Attributes:
        association: When boxes make a track.
        crops: Crops of a track that are embedded, the best ones.
        remember: Whether the gallery gets what is seen; see `identify`.
        class_name: Class of the detector to watch; None for `person`, or the only one.
        score_threshold: Of the detector's boxes, 0 to 1; None for a tenth: unsure boxes may
            continue a track.
        centre: Take what each camera does to all embeddings out of them, by the statistics that
            the gallery learned. The gallery is one of `centred_fingerprint`.
    """

    association: AssociationRules = field(default_factory=AssociationRules)
    crops: int = 8
    remember: bool = True
    class_name: str | None = None
    score_threshold: float | None = None
    centre: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.crops <= 64:
            raise ArgumentError(f"crops is {self.crops}; it must lie in 1..64")


_UNSURE = 0.1


class Watcher:
    """Finds people in frames, follows them, and says who they are when they are gone.

    Frames of several cameras may come in any mixture; those of one come in order. Memory depends on
    the people in view, not on how long it runs.

    Args:
        extractor: The network whose embeddings `gallery` holds.
        gallery: Who is known.
        thresholds: What its scores mean.
        detector: Finds the boxes; None if every `update` gives them.
        options: How it works.
        first_tracks: Per camera the number of its first track, to go on where another one stopped.

    Attributes:
        unrated: Sightings so far that are undecided because the gallery, which learns, has more
            people than its calibration can state the rate of false matches for.

    Raises:
        FingerprintError: The gallery holds embeddings of another network, or centred ones and
            `options` does not say so, or the reverse.
        ArgumentError: It is not calibrated, or not for as low a rate as `thresholds` asks for.
        UnsupportedModelError: The detector has several classes, none of them `person` or the one
            that was named.
    """

    def __init__(
        self,
        extractor: Extractor,
        gallery: GalleryStore,
        thresholds: Thresholds,
        detector: BoxFinder | None = None,
        options: Watching | None = None,
        first_tracks: dict[str, int] | None = None,
    ) -> None:
        centred = options is not None and options.centre
        gallery.require(embedding_space(extractor.fingerprint, centred))
        # Thresholds that the gallery cannot take are refused now, not at the first track.
        anybody = np.eye(1, gallery.dim, dtype=np.float32)
        limits = thresholds.same, thresholds.different
        gallery.match(anybody, *limits, fmr=thresholds.fmr, fpir=thresholds.fpir)
        self._options = Watching() if options is None else options
        self._extractor = extractor
        self._gallery = gallery
        self._thresholds = thresholds
        self._detector = detector
        self._label = None if detector is None else _watched(detector, self._options.class_name)
        self._first = dict(first_tracks or {})
        self._cameras: dict[str, Associator] = {}
        self._courses: dict[Track, _Course] = {}
        self.unrated = 0

    @property
    def refused(self) -> int:
        """Boxes that started no track, since too many were open."""
        return sum(each.refused for each in self._cameras.values())

    def next_tracks(self) -> dict[str, int]:
        """Per camera the number that its next track gets: `first_tracks` of a later watcher."""
        return self._first | {name: each.next_number for name, each in self._cameras.items()}

    def require_camera(self, name: str) -> None:
        """See that embeddings of a camera can be centred, if they are to be.

        Raises:
            ArgumentError: As `camera_centring`.
        """
        if not self._options.centre:
            return
        camera_centring(self._gallery, name, self._extractor.cameras)

    def update(
        self,
        picture: np.ndarray,
        camera: str,
        at: float,
        frame: int,
        boxes: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> Watched:
        """Take in one frame.

        Args:
            picture: uint8 RGB (H, W, 3).
            camera: Name of its camera.
            at: When, seconds since 1970.
            frame: Its number; those of a camera rise, and may leave some out.
            boxes: Corners (N, 4), pixels of the frame, and scores (N,), 0 to 1, instead of those of
                a detector; boxes without an area are left out.

        Raises:
            ArgumentError: `frame` is not later than the last one of the camera, there are
                neither boxes nor a detector, or as `require_camera`.
            ImageError: The frame has an impossible shape.
            GalleryError: The gallery cannot be read or written.
        """
        corners, scores = self._find(picture) if boxes is None else boxes
        corners = np.asarray(corners, np.float64).reshape(-1, 4)
        scores = np.asarray(scores, np.float64).reshape(-1)
        real = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
        corners, scores = corners[real], scores[real]
        associator = self._cameras.get(camera)
        if associator is None:
            self.require_camera(camera)
            associator = Associator(self._options.association, self._first.get(camera, 1))
            self._cameras[camera] = associator
        found = associator.update(corners, scores, frame)
        worth = qualities(corners, scores, (picture.shape[0], picture.shape[1]))
        seen: list[TrackBox] = []
        for index, track in enumerate(found.tracks):
            if track is None:
                continue
            course = self._course(track, at, frame)
            course.last = at
            course.crops.offer(picture, corners[index], float(worth[index]), frame, at)
            left, top, right, bottom = corners[index].tolist()
            course.waiting.append((frame, (left, top, right, bottom), float(scores[index])))
            if track.number:
                seen += [TrackBox(camera, each[0], track.number, *each[1:]) for each in
                         course.waiting]  # fmt: skip
                course.waiting.clear()
        return Watched(seen, self._sightings(camera, found.ended))

    def close(self) -> list[Sighting]:
        """End all tracks; the next frames start new ones."""
        return [
            sighting
            for camera, associator in self._cameras.items()
            for sighting in self._sightings(camera, associator.close())
        ]

    def _find(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._detector is None:
            raise ArgumentError("there is no detector, so every frame needs its boxes")
        threshold = self._options.score_threshold
        (found,) = self._detector.boxes([picture], _UNSURE if threshold is None else threshold)
        chosen = found.labels == self._label
        return found.corners[chosen], found.scores[chosen]

    def _course(self, track: Track, at: float, frame: int) -> _Course:
        course = self._courses.get(track)
        if course is None:
            course = _Course(BestCrops(self._options.crops), at, at, frame)
            self._courses[track] = course
        return course

    def _sightings(self, camera: str, ended: list[Track]) -> list[Sighting]:
        courses = [(track, self._courses.pop(track)) for track in ended]
        return [
            self._sighting(camera, track, course)
            for track, course in courses
            # A target that was never inside the frame has nothing to show.
            if track.number and course.crops.kept
        ]

    def _sighting(self, camera: str, track: Track, course: _Course) -> Sighting:
        crops = sorted(course.crops.kept, key=lambda each: -each.quality)
        own = camera if camera in self._extractor.cameras else None
        rows = self._extractor.embed([each.pixels for each in crops], camera=own)
        if self._options.centre:
            rows = camera_centring(self._gallery, camera, self._extractor.cameras).apply(rows)
        found = identify(
            self._gallery,
            rows,
            self._thresholds,
            camera=camera,
            at=crops[0].at,
            source=f"watch:{camera}:{track.number}:{crops[0].frame}",
            remember=self._options.remember,
        )
        self.unrated += not found.rated
        is_same = found.match.verdict == "same"
        return Sighting(
            camera=camera,
            track=track.number,
            first=course.first,
            last=course.last,
            first_frame=course.first_frame,
            last_frame=track.last,
            boxes=track.boxes,
            verdict=found.match.verdict,
            person=found.person,
            label=found.match.label if is_same else None,
            score=found.match.score,
            fmr=found.match.fmr,
            entry=found.entry,
            crop=crops[0],
        )


def _watched(detector: BoxFinder, name: str | None) -> int:
    """Position of the class that is watched."""
    classes = list(detector.classes)
    if name is None:
        name = classes[0] if len(classes) == 1 else _PERSON
    if name not in classes:
        known = ", ".join(classes[:8])
        raise UnsupportedModelError(f"{detector.source}: has no class {name!r}, but {known}")
    return classes.index(name)
