"""Frames of a camera with their times; frames that cannot be decoded are left out and counted."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.images import IMAGE_SUFFIXES, MAX_PIXELS, load_image

from bireid_deploy.data.folders import LeftOut, list_folder, unread
from bireid_deploy.data.video_length import early_end
from bireid_deploy.errors import DatasetError
from bireid_deploy.extras import require

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame

# Folders of frames below that of a sequence: MOTChallenge's and OTB's.
_FRAME_FOLDERS = ("img1", "img")


@dataclass(frozen=True, eq=False)
class WatchedFrame:
    """One frame.

    Attributes:
        number: From 1; frames that are left out have theirs too.
        seconds: Since the first one.
        pixels: uint8 RGB (H, W, 3).
    """

    number: int
    seconds: float
    pixels: np.ndarray


@dataclass
class FrameSource:
    """What one camera saw: a folder of frames or a video file.

    Attributes:
        name: Of the camera.
        path: The folder, of frames by their names or with such a folder `img1` or `img`; or the
            file.
        fps: Frames per second of a folder, and of a video that does not say.
        broken: Frames so far that could not be decoded.
        gone: Why the source ended before its end; None if it did not.
    """

    name: str
    path: Path
    fps: float
    broken: int = 0
    gone: str | None = field(default=None)

    @property
    def identity(self) -> str:
        """What tells whether a watch is of the same camera."""
        return str(self.path.absolute())

    def check(self) -> int | None:
        """See that there is something to read.

        Returns:
            How many frames, of a folder; None of a video.

        Raises:
            DatasetError: There is no such file or folder, or no frame in it.
            MissingPackageError: A video, and PyAV is not installed.
        """
        if self.path.is_dir():
            return len(self._files())
        if not self.path.is_file():
            raise DatasetError(f"{self.path}: no such file or folder")
        require("video")
        return None

    def left_out(self) -> LeftOut:
        """What lies among the frames of a folder and is not read."""
        if not self.path.is_dir():
            return ()
        found = list_folder(self._folder())
        below = unread(found.folders, "in a folder below that of the frames")
        return (*found.left_out, *below)

    def modified(self) -> float:
        """When it was written, seconds since 1970; of a folder its first frame."""
        first = self._files()[0] if self.path.is_dir() else self.path
        return first.stat().st_mtime

    def rate(self) -> float:
        """Frames per second: of a video what it says, if it does.

        Raises:
            DatasetError: It is no video.
        """
        if self.path.is_dir():
            return self.fps
        import av

        try:
            with self.path.open("rb") as file, av.open(file, mode="r") as video:
                return float(video.streams.video[0].average_rate or self.fps)
        except (av.error.FFmpegError, IndexError) as error:
            raise DatasetError(f"{self.path}: cannot be read as a video") from error

    def frames(self, after: int = 0) -> Iterator[WatchedFrame]:
        """Decode the frames with a number above `after`.

        Raises:
            DatasetError: As `check`, or what is there was never a video.
        """
        yield from self._of_folder(after) if self.path.is_dir() else self._of_video(after)

    def _files(self) -> tuple[Path, ...]:
        folder = self._folder()
        files = tuple(list_folder(folder).files)
        if not files:
            raise DatasetError(f"{folder}: holds no frame (looked for {', '.join(IMAGE_SUFFIXES)})")
        return files

    def _folder(self) -> Path:
        inner = (self.path / name for name in _FRAME_FOLDERS)
        return next((each for each in inner if each.is_dir()), self.path)

    def _of_folder(self, after: int) -> Iterator[WatchedFrame]:
        for number, file in enumerate(self._files(), start=1):
            if number <= after:
                continue
            try:
                pixels = load_image(file)
            except ImageError:
                self.broken += 1
                continue
            yield WatchedFrame(number, (number - 1) / self.fps, pixels)

    def _of_video(self, after: int) -> Iterator[WatchedFrame]:
        import av

        number, passed = 0, _Passed()
        try:
            # The protocols of FFmpeg reach into networks: a file is a file.
            with self.path.open("rb") as file, av.open(file, mode="r") as video:
                if not video.streams.video:
                    raise DatasetError(f"{self.path}: holds no video")
                stream = video.streams.video[0]
                if stream.width * stream.height > MAX_PIXELS:
                    raise DatasetError(f"{self.path}: frames have more than {MAX_PIXELS} pixels")
                rate = float(stream.average_rate or self.fps)
                for packet in video.demux(stream):
                    try:
                        decoded = packet.decode()
                    except av.error.InvalidDataError:
                        number, self.broken = number + 1, self.broken + (number >= after)
                        passed.take(packet)
                        continue
                    for frame in decoded:
                        number += 1
                        passed.take(frame)
                        if number > after:
                            pixels = frame.to_ndarray(format="rgb24")
                            yield WatchedFrame(number, (number - 1) / rate, pixels)
                if passed.seconds is not None:
                    self.gone = early_end(video, stream, passed.seconds)
        except av.error.FFmpegError as error:
            if not number:
                raise DatasetError(
                    f"{self.path}: cannot be read as a video: {error.strerror}"
                ) from error
            self.gone = f"frame {number + 1}: {error.strerror}"


@dataclass
class _Passed:
    """The time from the first frame of a video to the last one, broken ones too.

    Attributes:
        seconds: That time; None of a video that says no times.
    """

    seconds: float | None = None
    _began: float | None = field(default=None)

    def take(self, each: "VideoFrame | Packet") -> None:
        """Take the next one in."""
        if each.pts is None or each.time_base is None:
            return
        now = float(each.pts * each.time_base)
        self._began = now if self._began is None else self._began
        self.seconds = max(self.seconds or 0.0, now - self._began)


def by_time(
    sources: Sequence[FrameSource], after: Mapping[str, int]
) -> Iterator[tuple[FrameSource, WatchedFrame]]:
    """Frames of all cameras by their times, of equal ones by the order of the cameras.

    Args:
        sources: The cameras.
        after: Per camera the number of the last frame that is left out.
    """

    def frames(order: int) -> Iterator[tuple[float, int, WatchedFrame]]:
        source = sources[order]
        for frame in source.frames(after[source.name]):
            yield frame.seconds, order, frame

    streams = [frames(order) for order in range(len(sources))]
    for _, order, frame in heapq.merge(*streams, key=lambda each: each[:2]):
        yield sources[order], frame
