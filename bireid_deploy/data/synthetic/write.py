"""Writes a synthetic data set as a Market-1501 tree, once."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bireid_deploy.data.dataset import DISTRACTOR, JUNK, ReIdDataset
from bireid_deploy.data.layouts import market1501
from bireid_deploy.data.synthetic.cameras import MAX_CAMERAS
from bireid_deploy.errors import DatasetError

RECORD_NAME = "synthetic.json"

_MAX_RECORD_BYTES = 64 * 1024
# Market-1501 has more distractor images than test people; a fifth keeps small sets small.
_TEST_PEOPLE_PER_DISTRACTOR = 5
_TEST_PEOPLE_PER_JUNK = 10


@dataclass(frozen=True)
class _Parameters:
    """What a tree is determined by."""

    identities: int
    cameras: int
    images_per_camera: int
    seed: int
    test_fraction: float
    height: int
    width: int

    def __post_init__(self) -> None:
        for name, low, high in (
            ("identities", 2, 1_000_000),
            ("cameras", 2, MAX_CAMERAS),
            ("images_per_camera", 2, 999_999),
            ("seed", 0, 2**63 - 1),
            ("height", 32, 2048),
            ("width", 16, 2048),
        ):
            if not low <= getattr(self, name) <= high:
                raise DatasetError(
                    f"synthetic people: {name} is {getattr(self, name)}, outside {low} to {high}"
                )
        if not 0 < self.test_identities < self.identities:
            raise DatasetError(
                f"synthetic people: test_fraction {self.test_fraction} of {self.identities} "
                "identities leaves no one to train with or no one to test with; use about 0.5"
            )

    @property
    def test_identities(self) -> int:
        return round(self.identities * self.test_fraction)

    @property
    def train_identities(self) -> int:
        return self.identities - self.test_identities


@dataclass(frozen=True)
class _Crop:
    """One image to render: where it goes and what it shows."""

    path: str
    person_number: int
    camera_id: int
    image_number: int
    misplaced: bool = False


def write_synthetic(
    root: str | Path,
    *,
    identities: int,
    cameras: int = 4,
    images_per_camera: int = 3,
    seed: int = 0,
    test_fraction: float = 0.5,
    size: tuple[int, int] = (128, 64),
    on_progress: Callable[[int, int], None] | None = None,
) -> ReIdDataset:
    """Renders synthetic people into a Market-1501 tree, or reuses an identical one.

    People 1 to n train, the others test. The first image of every (test person, camera) is a
    query, the others are the gallery, together with one distractor image per 5 test people and
    one junk image per 10 (at least one each). The tree appears at once, complete, or not at all.

    Args:
        root: Folder to make; its parents are made too.
        identities: Number of people, at least 2.
        cameras: Number of cameras, 2 to 9.
        images_per_camera: Images of each person by each camera, at least 2.
        seed: Seed of people, cameras and images, not negative.
        test_fraction: Share of the people to test with, between 0 and 1.
        size: (height, width) of an image, pixels.
        on_progress: Called with (images done, images in all) after each image.

    Returns:
        The data set, opened.

    Raises:
        DatasetError: A parameter is out of range; `root` holds something else, people of other
            parameters or a tree that was changed since; or it cannot be written.
    """
    root = Path(root).absolute()
    parameters = _Parameters(identities, cameras, images_per_camera, seed, test_fraction, *size)
    if root.exists() and not root.is_dir():
        raise DatasetError(f"cannot write synthetic people to {root}: it is a file")
    if root.is_dir() and any(root.iterdir()):
        _check_reusable(root, parameters)
    else:
        try:
            _write_at_once(root, parameters, on_progress)
        except OSError as error:
            raise DatasetError(f"cannot write synthetic people to {root}: {error}") from error
    return market1501.read(root)


def _write_at_once(
    root: Path, parameters: _Parameters, on_progress: Callable[[int, int], None] | None
) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    try:
        _write_tree(partial, parameters, on_progress)
        partial.chmod(0o755)
        if root.is_dir():
            root.rmdir()
        os.replace(partial, root)
    except BaseException:
        shutil.rmtree(partial)
        raise


def _write_tree(
    root: Path, parameters: _Parameters, on_progress: Callable[[int, int], None] | None
) -> None:
    from bireid_deploy.data.synthetic.renderer import Renderer

    renderer = Renderer(parameters.seed, parameters.cameras, (parameters.height, parameters.width))
    for folder in market1501.SPLIT_FOLDERS.values():
        (root / folder).mkdir()
    crops = [*_people(parameters), *_distractors(parameters), *_junk(parameters)]
    for done, crop in enumerate(crops, start=1):
        picture = renderer.render(
            crop.person_number, crop.camera_id, crop.image_number, misplaced=crop.misplaced
        )
        picture.save(root / crop.path, quality=renderer.jpeg_quality(crop.camera_id))
        if on_progress is not None:
            on_progress(done, len(crops))
    # The hash of all images, checked at reuse, also detects what a power cut truncated.
    record = {**_identity(parameters), "images": len(crops), "sha256": _hash_images(root)}
    with (root / RECORD_NAME).open("w", encoding="utf-8") as file:
        json.dump(record, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def _people(parameters: _Parameters) -> Iterator[_Crop]:
    for person_number in range(parameters.identities):
        testing = person_number >= parameters.train_identities
        for camera_id in range(parameters.cameras):
            for image_number in range(parameters.images_per_camera):
                split = "train"
                if testing:
                    split = "query" if image_number == 0 else "gallery"
                path = _path(split, person_number + 1, camera_id, image_number)
                yield _Crop(path, person_number, camera_id, image_number)


def _distractors(parameters: _Parameters) -> Iterator[_Crop]:
    for number in range(max(1, parameters.test_identities // _TEST_PEOPLE_PER_DISTRACTOR)):
        camera_id = number % parameters.cameras
        person_number = parameters.identities + number
        yield _Crop(
            _path("gallery", DISTRACTOR, camera_id, number), person_number, camera_id, number
        )


def _junk(parameters: _Parameters) -> Iterator[_Crop]:
    for number in range(max(1, parameters.test_identities // _TEST_PEOPLE_PER_JUNK)):
        camera_id = number % parameters.cameras
        person_number = parameters.train_identities + number % parameters.test_identities
        # Moments after those of the good images.
        image_number = parameters.images_per_camera + number
        path = _path("gallery", JUNK, camera_id, number)
        yield _Crop(path, person_number, camera_id, image_number, misplaced=True)


def _path(split: str, person_id: int, camera_id: int, number: int) -> str:
    person = str(JUNK) if person_id == JUNK else f"{person_id:04d}"
    folder = market1501.SPLIT_FOLDERS[split]
    return f"{folder}/{person}_c{camera_id + 1}s1_{number + 1:06d}_00.jpg"


def _identity(parameters: _Parameters) -> dict[str, Any]:
    from bireid_deploy.data.synthetic.renderer import RENDERER_VERSION

    return {"renderer_version": RENDERER_VERSION, **asdict(parameters)}


def _check_reusable(root: Path, parameters: _Parameters) -> None:
    record = _read_record(root)
    for key, wanted in _identity(parameters).items():
        if record.get(key) != wanted:
            raise DatasetError(
                f"{root} holds synthetic people with {key} {record.get(key)}, not {wanted}; "
                "choose another folder or remove this one"
            )
    if record.get("sha256") != _hash_images(root):
        raise DatasetError(
            f"the images in {root} are not those that {RECORD_NAME} describes; remove the folder "
            "and render again"
        )


def _read_record(root: Path) -> dict[str, Any]:
    path = root / RECORD_NAME
    if not path.is_file():
        raise DatasetError(
            f"{root} is not empty and holds no {RECORD_NAME}; choose a new or empty folder"
        )
    try:
        if path.stat().st_size > _MAX_RECORD_BYTES:
            raise ValueError(f"larger than {_MAX_RECORD_BYTES} bytes")
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"cannot read {path}: {error}; choose another folder") from error
    if not isinstance(record, dict):
        raise DatasetError(f"{path} is not a JSON object; choose another folder")
    return record


def _hash_images(root: Path) -> str:
    """Returns the SHA-256 over the names and contents of all images, in sorted order."""
    total = hashlib.sha256()
    for path in sorted(path for path in root.glob("*/*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()
