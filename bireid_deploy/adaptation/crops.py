"""Finding the unlabelled crops of each camera. Identities in names are never used."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from bireid_runtime.files import read_text
from bireid_runtime.images import load_image

from bireid_deploy.data.folders import LeftOut, list_folder, list_tree, unread
from bireid_deploy.data.images import decode_images
from bireid_deploy.data.layouts.market1501 import SPLIT_FOLDERS, camera_of
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks.base import Progress

AUTO = "auto"
DEFAULT_LEAST = 200
MAX_CAMERAS = 256
# From here on one camera has so few crops beside another that a person should know.
_UNEVEN = 4
_MAX_LIST_BYTES = 2**28
_CAMERA = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Ignored = LeftOut
"""Files that are not used, with the reason."""


@dataclass(frozen=True)
class CropList:
    """Crops by camera; nothing is decoded yet.

    Attributes:
        cameras: Files by the name of their camera, both sorted.
        ignored: What else lies there, with the reason.
        decoders: What decodes a crop that is no file, to uint8 RGB (H, W, 3).
    """

    cameras: dict[str, tuple[Path, ...]]
    ignored: Ignored
    decoders: Mapping[Path, Callable[[], np.ndarray]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, eq=False)
class Crops:
    """Decoded crops.

    Attributes:
        cameras: Names of the cameras, sorted.
        pixels: uint8 (N, H, W, 3), at the network's input size.
        camera_of: Position of each crop's camera in `cameras`, int64 (N,), ascending.
        ignored: What was not used, with the reason.
    """

    cameras: tuple[str, ...]
    pixels: np.ndarray
    camera_of: np.ndarray
    ignored: Ignored

    @property
    def counts(self) -> dict[str, int]:
        """Crops by camera."""
        found = np.bincount(self.camera_of, minlength=len(self.cameras))
        return dict(zip(self.cameras, found.tolist(), strict=True))

    def of(self, camera: int) -> np.ndarray:
        """The pixels of one camera, by its position: uint8 (n, H, W, 3)."""
        return self.pixels[self.camera_of == camera]


def list_crops(root: Path, cameras: str | Path = AUTO) -> CropList:
    """List the crops of a folder by camera.

    Args:
        root: Folder of the crops.
        cameras: `auto`: names like Market-1501's (`0002_c1s1_000451_03.jpg` is of the camera
            `c1`) if images lie in the folder itself, otherwise a folder per camera, whose name is
            the camera's. Or a CSV file of `path,camera`, paths relative to `root`.

    Raises:
        DatasetError: The folder or the file cannot be read, holds no crops, or a camera has an
            impossible name.
    """
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise DatasetError(f"the folder of crops {root} {what}; check the path")
    found = _by_folder_or_name(root) if cameras == AUTO else _by_list(root, Path(cameras))
    if not found.cameras:
        raise DatasetError(
            f"no crops in {root}: looked for a folder per camera, and for names like "
            "0002_c1s1_000451_03.jpg; or give --cameras a CSV file of path,camera"
        )
    require_cameras(found.cameras, str(root))
    return found


def require_cameras(names: Collection[str], source: str) -> None:
    """Refuse more cameras than a bundle knows, and impossible names.

    Raises:
        DatasetError: There are such.
    """
    for name in names:
        if not _CAMERA.fullmatch(name):
            raise DatasetError(
                f"{name[:80]!r} cannot name a camera: a letter or digit, then up to 63 of letters, "
                "digits and ._-; rename it"
            )
    if len(names) > MAX_CAMERAS:
        raise DatasetError(
            f"{len(names)} cameras in {source}; one bundle knows at most {MAX_CAMERAS}"
        )


def require_enough(counts: dict[str, int], least: int) -> None:
    """Refuse cameras with too few crops for statistics.

    Raises:
        DatasetError: One has fewer than `least`.
    """
    few = {name: count for name, count in counts.items() if count < least}
    if few:
        name, count = min(few.items(), key=lambda item: item[1])
        more = f" (and {len(few) - 1} more cameras)" if len(few) > 1 else ""
        raise DatasetError(
            f"camera {name!r} has {count} crops, below the {least} of --least{more}; add crops of "
            "other people there, leave the camera out, or lower --least"
        )


def uneven(counts: dict[str, int]) -> str | None:
    """One line if a camera has far fewer crops than another, else None."""
    least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[most] < _UNEVEN * counts[least]:
        return None
    return (
        f"uneven coverage: camera {least!r} has {counts[least]} crops, {most!r} has "
        f"{counts[most]}; what was estimated for {least!r} is less certain"
    )


def decode_crops(
    found: CropList, height: int, width: int, on_progress: Progress | None = None
) -> Crops:
    """Decode crops at the network's input size; broken ones are listed as ignored.

    Raises:
        DatasetError: No crop can be decoded.
    """
    names = tuple(found.cameras)
    paths = [path for name in names for path in found.cameras[name]]
    cameras = np.repeat(np.arange(len(names)), [len(found.cameras[name]) for name in names])
    decoded = decode_images(
        [(path, found.decoders.get(path, partial(load_image, path))) for path in paths],
        height,
        width,
        on_progress,
    )
    kept = np.asarray(decoded.positions, np.int64)
    return Crops(names, decoded.pixels, cameras[kept], (*found.ignored, *decoded.skipped))


def _by_folder_or_name(root: Path) -> CropList:
    top = list_folder(root)
    named = [(path, camera_of(path.name)) for path in top.files]
    if any(camera is not None for _, camera in named):
        nameless = [(path, "its name states no camera") for path, camera in named if camera is None]
        beside = unread(top.folders, "in a folder beside crops whose names state cameras")
        stated = [(path, f"c{camera}") for path, camera in named if camera is not None]
        return _grouped(stated, (*top.left_out, *nameless, *beside))
    splits = {each.name for each in top.folders} & set(SPLIT_FOLDERS.values())
    if splits:
        raise DatasetError(
            f"{root} holds the splits of a data set ({', '.join(sorted(splits))}), not cameras; "
            f"give one of them, such as {root / SPLIT_FOLDERS['train']}"
        )
    ignored = [*top.left_out, *((path, "not in the folder of a camera") for path in top.files)]
    crops: list[tuple[Path, str]] = []
    for folder in top.folders:
        inside = list_tree(folder)
        crops.extend((path, folder.name) for path in inside.files)
        ignored += inside.left_out
        if not inside.files:
            ignored.append((folder, "a folder without images"))
    return _grouped(crops, tuple(ignored))


def _by_list(root: Path, source: Path) -> CropList:
    below = list_tree(root)
    known = set(below.files)
    crops: list[tuple[Path, str]] = []
    listed: set[Path] = set()
    for number, row in enumerate(csv.reader(io.StringIO(_read_list(source))), start=1):
        if not row or (number == 1 and [each.strip() for each in row] == ["path", "camera"]):
            continue
        path, camera = _parse_row(root, row, f"{source}: line {number}")
        if path in listed:
            raise DatasetError(f"{source}: line {number}: {row[0]} is listed twice")
        listed.add(path)
        crops.append((path, camera))
    rest = [(path, f"not in {source.name}") for path in sorted(known - listed)]
    beside = [each for each in below.left_out if each[0].resolve() != source.resolve()]
    return _grouped(crops, (*beside, *rest))


def _read_list(source: Path) -> str:
    try:
        if source.stat().st_size > _MAX_LIST_BYTES:
            raise DatasetError(f"{source}: larger than {_MAX_LIST_BYTES} bytes; split the crops")
        return read_text(source).removeprefix("\ufeff")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{source}: cannot be read as a CSV of path,camera: {error}") from error


def _parse_row(root: Path, row: Sequence[str], where: str) -> tuple[Path, str]:
    if len(row) != 2:
        raise DatasetError(f"{where}: {len(row)} fields; a line is path,camera")
    name, camera = (each.strip() for each in row)
    relative = PurePosixPath(name)
    if not name or relative.is_absolute() or ".." in relative.parts or "\0" in name:
        raise DatasetError(f"{where}: {name!r} is not a path below {root}")
    path = root / relative
    if not path.is_file():
        raise DatasetError(f"{where}: there is no file {path}")
    return path, camera


def _grouped(crops: Sequence[tuple[Path, str]], ignored: Ignored) -> CropList:
    counted = Counter(camera for _, camera in crops)
    cameras = {
        name: tuple(sorted(path for path, camera in crops if camera == name))
        for name in sorted(counted)
    }
    return CropList(cameras, ignored)
