"""The frames of a folder or of a video file, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime.images import IMAGE_SUFFIXES, MAX_PIXELS, load_image

from bireid_deploy.data.folders import Listing, list_folder, unread
from bireid_deploy.data.video_length import early_end
from bireid_deploy.errors import DatasetError
from bireid_deploy.extras import require


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
            if began is not None and ended is not None:
                early = early_end(video, stream, ended - began)
                if early is not None:
                    raise DatasetError(f"{path}: {early}")
    except av.error.FFmpegError as error:
        what = f"frame {count + 1} cannot be decoded" if count else "cannot be read as a video"
        raise DatasetError(f"{path}: {what}: {error.strerror}") from error
    if not count:
        raise DatasetError(f"{path}: holds no frame")
