"""`watch` as a function."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bireid_runtime import Bundle, Detector, Extractor
from bireid_runtime.files import naming
from bireid_runtime.gallery import GalleryStore, embedding_space
from bireid_runtime.onnx_detector import SUFFIX, OnnxDetector
from bireid_runtime.watching import Sighting, Thresholds, Watched, Watcher, Watching

from bireid_deploy.api.drawn_watch import KINDS, draw_watched
from bireid_deploy.api.training import Quiet
from bireid_deploy.api.watch_state import SIGHTINGS, STATE, OutputFiles, WatchState
from bireid_deploy.data.folders import say_left_out
from bireid_deploy.data.live_frames import LiveCamera, as_they_come, is_live
from bireid_deploy.data.mot import NO_BOXES, MotBoxes, mot_line, read_mot
from bireid_deploy.data.watched_frames import FrameSource, WatchedFrame, by_time
from bireid_deploy.errors import DatasetError
from bireid_deploy.gallery_server.opening import open_gallery
from bireid_deploy.tasks.base import Progress
from bireid_deploy.training.interruption import interruption

CROPS_FOLDER = "crops"
# Frames after which the state is saved even if nobody left.
_SAVE_EVERY = 100
Source = FrameSource | LiveCamera
_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class WatchReport:
    """What a watch has written.

    Attributes:
        out: The folder: `sightings.jsonl`, per camera `NAME.txt` in MOTChallenge's format.
        frames: Per camera how many frames were taken in.
        broken: Per camera how many could not be decoded.
        gone: Per camera that ended before its end why.
        dropped: Per live camera how many frames were overtaken by newer ones.
        lost: Per live camera how often it went away.
        sightings: How many tracks are over.
        refused: Boxes that started no track, since too many were open.
        unrated: Sightings that are undecided because the gallery has outgrown its calibration.
        seconds: How long it took, with what earlier calls took.
        fps: Frames per second of this call.
        drawn: Videos in `out` that were asked for.
    """

    out: Path
    frames: dict[str, int]
    broken: dict[str, int]
    gone: dict[str, str]
    dropped: dict[str, int]
    lost: dict[str, int]
    sightings: int
    refused: int
    unrated: int
    seconds: float
    fps: float
    drawn: tuple[str, ...] = ()


def watch(
    cameras: Mapping[str, Path | str],
    reid: Bundle | Path | str,
    gallery: Path | str,
    out: Path | str,
    thresholds: Thresholds,
    *,
    detector: Bundle | Path | str | None = None,
    boxes: Mapping[str, Path | str] | None = None,
    options: Watching | None = None,
    fps: float = 25.0,
    start: float | None = None,
    keep_crops: bool = False,
    draw: str | None = None,
    resume: bool = False,
    backend: str = "auto",
    threads: int = 1,
    on_sighting: Callable[[Sighting], None] = lambda sighting: None,
    on_remark: Callable[[str], None] = lambda line: None,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> WatchReport:
    """Say who was seen where and when, in frames of several cameras.

    Frames are taken in by their times. Stopped by Ctrl-C or SIGTERM it ends all tracks and writes
    them; `resume` goes on with the next frame, and who is in view then starts a new track. Live
    cameras have no other end; of their frames those that come faster than they are taken are
    dropped.

    Args:
        cameras: Per name of a camera a folder of frames, a video file, or the address of a live
            camera (`rtsp://...`, `http://...`); recordings and live cameras do not mix.
        reid: The bundle whose embeddings `gallery` holds.
        gallery: A gallery: a file, or a URL of one on a server.
        out: Folder for what is written, empty unless `resume`.
        thresholds: What scores mean.
        detector: Bundle of a detector, or an ONNX file of another one (`OnnxDetector`); None if
            there are `boxes`.
        boxes: Per camera a file of MOTChallenge with the boxes of its frames.
        options: How it works.
        fps: Frames per second of folders, and of videos that do not say.
        start: Time of the first frames, seconds since 1970; None for that of the oldest file.
        keep_crops: Write the best crop of each track, a JPEG, below `crops`.
        draw: When all is watched, write videos with boxes and names: `mp4` or `gif`; of recordings.
        resume: Go on where an earlier call stopped.
        backend: Back end that runs the bundles.
        threads: Threads of that back end.
        on_sighting: Called with each track that is over.
        on_remark: Told what else lies among the frames of folders.
        on_progress: Called with (frames done, frames in all; 0 if a video is among them).
        quiet: Wraps what native libraries write while they start.

    Raises:
        DatasetError: A source or file of boxes cannot be read; `out` is not empty, or `resume`
            finds outputs of other sources, bundles or options.
        FingerprintError: The gallery holds embeddings of another network, or centred ones and
            `options` does not say so, or the reverse.
        ArgumentError: A threshold or option is out of range, or the gallery cannot centre a camera.
        MissingPackageError: A video, and PyAV is not installed.
        BireidError: A bundle or the gallery cannot be opened.
    """
    out, given = Path(out), dict(boxes or {})
    sources = _sources(cameras, given, detector is not None, fps)
    if draw is not None:
        _require_drawable(draw, sources)
    counts = [source.check() for source in sources]
    folders = (each for each in sources if isinstance(each, FrameSource))
    for line in say_left_out(tuple(entry for each in folders for entry in each.left_out())):
        on_remark(line)
    total = 0 if None in counts else sum(count or 0 for count in counts)
    truth = {name: read_mot(Path(path)) for name, path in given.items()}
    network = reid if isinstance(reid, Bundle) else Bundle.open(reid)
    options = Watching() if options is None else options
    with quiet():
        extractor = Extractor.open(network, backend=backend, threads=threads)
        finder: Detector | OnnxDetector | None = None
        if detector is not None:
            finder = _detector(detector, backend, threads)
    identity = {
        "cameras": {source.name: source.identity for source in sources},
        "boxes": {name: str(Path(path).absolute()) for name, path in given.items()},
        "network": network.fingerprint,
        "detector": None if finder is None else finder.fingerprint,
        "thresholds": repr(thresholds),
        "options": repr(options),
        "fps": fps,
        "crops": keep_crops,
    }
    with open_gallery(gallery, embedding_space(network.fingerprint, options.centre)) as opened:
        watcher_of = _Opener(extractor, opened, thresholds, finder, options)
        for source in sources:
            watcher_of({}).require_camera(source.name)
        state = _state(out, identity, sources, start, resume)
        watcher = watcher_of(state.next_tracks)
        work = _Work(out, sources, state, watcher, truth, keep_crops, on_sighting)
        report = work.run(total, on_progress)
    if draw is None:
        return report
    recorded = [each for each in sources if isinstance(each, FrameSource)]
    return replace(report, drawn=draw_watched(out, recorded, draw))


@dataclass(frozen=True)
class _Opener:
    """What all watchers of a call share."""

    extractor: Extractor
    gallery: GalleryStore
    thresholds: Thresholds
    detector: Detector | OnnxDetector | None
    options: Watching

    def __call__(self, first_tracks: dict[str, int]) -> Watcher:
        return Watcher(
            self.extractor, self.gallery, self.thresholds, self.detector, self.options, first_tracks
        )


class _Work:
    """One call of `watch`, with everything open."""

    def __init__(
        self,
        out: Path,
        sources: Sequence[Source],
        state: WatchState,
        watcher: Watcher,
        boxes: Mapping[str, Mapping[int, MotBoxes]],
        keep_crops: bool,
        on_sighting: Callable[[Sighting], None],
    ) -> None:
        self._out, self._sources, self._state = out, sources, state
        self._watcher, self._boxes = watcher, boxes
        self._keep_crops, self._on_sighting = keep_crops, on_sighting
        names = [SIGHTINGS, *(f"{source.name}.txt" for source in sources)]
        self._files = OutputFiles(out, names, state.sizes)
        self._live = [each for each in sources if isinstance(each, LiveCamera)]

    def run(self, total: int, on_progress: Progress | None) -> WatchReport:
        """Take in all frames; what was done is saved however it ends."""
        state = self._state
        before, began, taken = state.seconds, time.perf_counter(), 0
        done = sum(state.frames.values())
        try:
            with interruption() as is_stopped:
                for source, frame in self._frames(is_stopped):
                    self._take(source, frame)
                    taken += 1
                    state.seconds = before + time.perf_counter() - began
                    if on_progress is not None:
                        on_progress(done + taken, total)
                    # Between frames alone, so that what is written and the state belong together.
                    if is_stopped() and not self._live:
                        raise KeyboardInterrupt
            state.done = not self._live
        finally:
            self._write(Watched([], self._watcher.close()))
            state.seconds = before + time.perf_counter() - began
            self._save()
            self._files.close()
        return WatchReport(
            out=self._out,
            frames=dict(state.frames),
            broken=dict(state.broken),
            gone={each.name: each.gone for each in self._sources if each.gone is not None},
            dropped=dict(state.dropped),
            lost=dict(state.lost),
            sightings=state.sightings,
            refused=self._watcher.refused,
            unrated=self._watcher.unrated,
            seconds=state.seconds,
            fps=taken / max(1e-9, state.seconds - before),
        )

    def _frames(self, is_stopped: Callable[[], bool]) -> Iterator[tuple[Source, WatchedFrame]]:
        state = self._state
        if self._live:
            return as_they_come(self._live, state.frames, state.start, is_stopped)
        recorded = [each for each in self._sources if isinstance(each, FrameSource)]
        return by_time(recorded, state.frames)

    def _take(self, source: Source, frame: WatchedFrame) -> None:
        known = self._boxes.get(source.name)
        boxes = None if known is None else known.get(frame.number, NO_BOXES)
        given = None if boxes is None else (boxes.corners, boxes.scores)
        at = self._state.start + frame.seconds
        found = self._watcher.update(frame.pixels, source.name, at, frame.number, given)
        self._state.frames[source.name] = frame.number
        self._write(found)
        if found.sightings or frame.number % _SAVE_EVERY == 0:
            self._save()

    def _write(self, found: Watched) -> None:
        for box in found.boxes:
            line = mot_line(box.frame, box.track, box.corners, box.score)
            self._files.write(f"{box.camera}.txt", line)
        for sighting in found.sightings:
            self._files.write(SIGHTINGS, json.dumps(sighting.to_json()) + "\n")
            self._state.sightings += 1
            if self._keep_crops:
                self._write_crop(sighting)
            self._on_sighting(sighting)

    def _write_crop(self, sighting: Sighting) -> None:
        from PIL import Image

        folder = self._out / CROPS_FOLDER
        folder.mkdir(exist_ok=True)
        path = folder / crop_name(sighting.camera, sighting.track)
        with naming(path):
            Image.fromarray(sighting.crop.pixels).save(path, quality=90)

    def _save(self) -> None:
        state = self._state
        state.broken = {each.name: each.broken for each in self._sources}
        state.dropped = {each.name: each.dropped for each in self._live}
        state.lost = {each.name: each.lost for each in self._live}
        state.next_tracks = self._watcher.next_tracks()
        state.sizes = self._files.flush()
        state.save(self._out)


def crop_name(camera: str, track: int) -> str:
    """File of a track's best crop."""
    return f"{camera}-{track:06d}.jpg"


def _sources(
    cameras: Mapping[str, Path | str],
    boxes: Mapping[str, Path | str],
    has_detector: bool,
    fps: float,
) -> list[Source]:
    if not cameras:
        raise DatasetError("no camera is given")
    if not 0 < fps <= 1000:
        raise DatasetError(f"{fps} frames per second; give more than 0, up to 1000")
    for name in cameras:
        if not _NAME.fullmatch(name) or name.startswith("."):
            raise DatasetError(
                f"camera {name[:80]!r}: a name has up to 64 letters, digits, dots, - and _"
            )
    strangers = sorted(set(boxes) - set(cameras))
    if strangers:
        raise DatasetError(f"boxes of {strangers[0]!r}, which is no camera")
    missing = sorted(set(cameras) - set(boxes))
    if missing and not has_detector:
        raise DatasetError(f"camera {missing[0]!r} has no boxes and there is no detector")
    live = [name for name, location in cameras.items() if is_live(location)]
    if live and len(live) < len(cameras):
        raise DatasetError(f"camera {live[0]!r} is live and others are recorded; watch them apart")
    if live:
        return [LiveCamera(name, str(location)) for name, location in cameras.items()]
    return [FrameSource(name, Path(path), fps) for name, path in cameras.items()]


def _detector(given: Bundle | Path | str, backend: str, threads: int) -> Detector | OnnxDetector:
    if not isinstance(given, Bundle) and Path(given).suffix == SUFFIX:
        return OnnxDetector.open(given, threads)
    return Detector.open(given, backend=backend, threads=threads)


def _require_drawable(kind: str, sources: Sequence[Source]) -> None:
    if kind not in KINDS:
        raise DatasetError(f"{kind!r} cannot be drawn; choose {' or '.join(KINDS)}")
    if any(isinstance(each, LiveCamera) for each in sources):
        raise DatasetError("what a live camera showed cannot be drawn afterwards; leave out draw")


def _state(
    out: Path,
    identity: dict[str, Any],
    sources: Sequence[Source],
    start: float | None,
    resume: bool,
) -> WatchState:
    """The saved state, or a new one."""
    if resume:
        state = WatchState.load(out)
        if state.identity != identity:
            changed = [key for key in identity if state.identity.get(key) != identity[key]]
            raise DatasetError(
                f"{out / STATE}: of other {', '.join(changed)}; start anew in another folder"
            )
        for source in sources:
            source.broken = state.broken[source.name]
            if isinstance(source, LiveCamera):
                source.dropped, source.lost = (
                    counts.get(source.name, 0) for counts in (state.dropped, state.lost)
                )
        return state
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f"{out}: is not empty; resume it or choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    moment = min(source.modified() for source in sources) if start is None else start
    zeros = {source.name: 0 for source in sources}
    return WatchState(identity, moment, dict(zeros), dict(zeros))
