"""Writes a synthetic data set as a Market-1501 tree, once."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bireid_deploy.data.dataset import DISTRACTOR, JUNK, ReIdDataset
from bireid_deploy.data.layouts import market1501
from bireid_deploy.data.synthetic.cameras import MAX_CAMERAS, MAX_STYLES
from bireid_deploy.data.synthetic.once import write_once
from bireid_deploy.errors import DatasetError

# Market-1501 has more distractor images than test people; a fifth keeps small sets small.
_TEST_PEOPLE_PER_DISTRACTOR = 5
_TEST_PEOPLE_PER_JUNK = 10


def train_identities(identities: int, test_fraction: float) -> int:
    """How many of so many people train; the others test."""
    return identities - round(identities * test_fraction)


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
    styles: int

    def __post_init__(self) -> None:
        for name, low, high in (
            ("identities", 2, 1_000_000),
            ("cameras", 2, MAX_CAMERAS),
            ("images_per_camera", 2, 999_999),
            ("seed", 0, 2**63 - 1),
            ("height", 32, 2048),
            ("width", 16, 2048),
            ("styles", 1, MAX_STYLES),
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
        return self.identities - self.train_identities

    @property
    def train_identities(self) -> int:
        return train_identities(self.identities, self.test_fraction)


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
    styles: int = 1,
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
        styles: Lights and colours of each camera, 1 to 1,000; every image draws one of its
            camera's, whoever is on it, so that none belongs to a person.
        on_progress: Called with (images done, images in all) after each image.

    Returns:
        The data set, opened.

    Raises:
        DatasetError: A parameter is out of range; `root` holds something else, people of other
            parameters or a tree that was changed since; or it cannot be written.
    """
    root = Path(root).absolute()
    parameters = _Parameters(
        identities, cameras, images_per_camera, seed, test_fraction, *size, styles
    )
    write_once(
        root,
        "synthetic people",
        _identity(parameters),
        lambda folder: _write_tree(folder, parameters, on_progress),
    )
    return market1501.read(root)


def _write_tree(
    root: Path, parameters: _Parameters, on_progress: Callable[[int, int], None] | None
) -> int:
    from bireid_deploy.data.synthetic.renderer import Renderer

    size = parameters.height, parameters.width
    renderer = Renderer(parameters.seed, parameters.cameras, size, styles=parameters.styles)
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
    return len(crops)


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

    found = {"renderer_version": RENDERER_VERSION, **asdict(parameters)}
    if parameters.styles == 1:
        # Trees of before there were styles are the same trees.
        del found["styles"]
    return found
