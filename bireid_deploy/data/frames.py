"""The frames of a folder or of a video file, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from bireid_runtime.images import IMAGE_SUFFIXES, MAX_PIXELS, load_image

from bireid_deploy.data.folders import Listing, list_folder, unread
from bireid_deploy.errors import DatasetError
from bireid_deploy.extras import require

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

# Kinds of files that say themselves how long they are; of others FFmpeg may have guessed it.
_SAY_THEIR_LENGTH = ("matroska", "mov")
# By how many frames' time what came may fall short of what a video says.
_SLACK_FRAMES = 2


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        name: What reports call it: the name of its file, or its number in the video.
        pixels: uint8 RGB (H, W, 3).
    """

    name: str
    pixels: np.ndarray


def read_frames(source: Path) -> Iterator[Frame]:
    """Decode frames, one at a time.

    Args:
        source: A folder of images, sorted by name; one with such a folder `img/`, as sequences of
            OTB are; or a video file.

    Raises:
        DatasetError: There is no such file or folder, it holds no frame, or it is no video; behind
            some frames, the next one of a video cannot be decoded, or it ends before its end.
        ImageError: An image cannot be decoded.
        MissingPackageError: A video, and PyAV is not installed.
    """
    if source.is_dir():
        yield from _of_folder(source / "img" if (source / "img").is_dir() else source)
    elif source.is_file():
        yield from _of_video(source)
    else:
        raise DatasetError(f"{source}: no such file or folder")


def list_frames(source: Path) -> Listing | None:
    """The files of the frames, and what else lies among them; None of what is no folder.

    Raises:
        DatasetError: The folder cannot be listed.
    """
    if not source.is_dir():
        return None
    found = list_folder(source / "img" if (source / "img").is_dir() else source)
    beside = unread(found.folders, "in a folder below that of the frames")
    return Listing(found.files, found.folders, (*found.left_out, *beside))


def _of_folder(folder: Path) -> Iterator[Frame]:
    images = list_folder(folder).files
    if not images:
        raise DatasetError(f"{folder}: holds no frame (looked for {', '.join(IMAGE_SUFFIXES)})")
    for path in images:
        yield Frame(path.name, load_image(path))


def _of_video(path: Path) -> Iterator[Frame]:
    require("video")
    import av

    count, began, ended = 0, None, None
    try:
        # The protocols of FFmpeg reach into networks: a file is a file.
        with path.open("rb") as file, av.open(file, mode="r") as video:
            if not video.streams.video:
                raise DatasetError(f"{path}: holds no video")
            stream = video.streams.video[0]
            if stream.width * stream.height > MAX_PIXELS:
                raise DatasetError(f"{path}: frames have more than {MAX_PIXELS} pixels")
            for decoded in video.decode(stream):
                yield Frame(str(count + 1), decoded.to_ndarray(format="rgb24"))
                count, ended = count + 1, decoded.time
                began = ended if began is None else began
            # FFmpeg takes where a file is cut off for its end.
            if began is not None and ended is not None:
                _require_whole(path, ended - began, _seconds(video, stream), stream)
    except av.error.FFmpegError as error:
        what = f"frame {count + 1} cannot be decoded" if count else "cannot be read as a video"
        raise DatasetError(f"{path}: {what}: {error.strerror}") from error
    if not count:
        raise DatasetError(f"{path}: holds no frame")


def _seconds(video: "InputContainer", stream: "VideoStream") -> float | None:
    """How long a video says that it is; None if it does not, or may count its sound in."""
    import av

    if not video.format.name.startswith(_SAY_THEIR_LENGTH):
        return None
    said = []
    if stream.duration is not None and stream.time_base is not None:
        said.append(float(stream.duration * stream.time_base))
    if video.duration is not None and (said or len(video.streams) == 1):
        said.append(video.duration / av.time_base)
    # The shorter one leaves out what an edit has cut off.
    return min(said, default=None)


def _require_whole(path: Path, passed: float, seconds: float | None, stream: "VideoStream") -> None:
    """Hold the time from the first frame to the last one against what the video says."""
    if seconds is None or not stream.average_rate:
        return
    each = 1 / float(stream.average_rate)
    if seconds - (passed + each) > _SLACK_FRAMES * each:
        raise DatasetError(
            f"{path}: says that it lasts {seconds:.2f} s and ends after {passed + each:.2f} s"
        )
