from functools import partial
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime.images import load_image
from PIL import Image

from bireid_deploy.data.folders import count_left_out
from bireid_deploy.data.image_files import find_images
from bireid_deploy.data.images import decode_images
from bireid_deploy.errors import DatasetError


def decoder(path: Path):
    return path, partial(load_image, path)


@pytest.fixture
def images(tmp_path):
    """Three pictures, each with what decodes it; the second one is broken."""
    for number in range(3):
        Image.new("RGB", (30 + number, 50), (40 * number, 10, 200)).save(tmp_path / f"{number}.png")
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    return [decoder(tmp_path / f"{number}.png") for number in range(3)]


def test_broken_images_are_skipped_and_named(images):
    progress: list[tuple[int, int]] = []
    loaded = decode_images(images, 16, 8, on_progress=lambda *step: progress.append(step))
    assert loaded.positions == (0, 2)
    assert [path for path, _ in loaded.skipped] == [images[1][0]]
    assert loaded.skipped[0][1]
    assert loaded.pixels.shape == (2, 16, 8, 3)
    assert loaded.pixels.dtype == np.uint8
    np.testing.assert_array_equal(loaded.pixels[1], np.full((16, 8, 3), (80, 10, 200)))
    assert progress == [(1, 3), (2, 3), (3, 3)]


def test_nothing_left_is_an_error(images):
    with pytest.raises(DatasetError, match=r"none of 1 images .*1\.png"):
        decode_images(images[1:2], 16, 8)


def test_a_missing_file_is_treated_like_a_broken_one(tmp_path, images):
    missing = tmp_path / "gone.jpg"
    assert decode_images([decoder(missing), *images], 16, 8).skipped[0][0] == missing


def test_folders_are_searched_for_images_and_files_are_taken_as_given(tmp_path):
    for name in ("b/2.PNG", "b/deep/1.jpg", "a.webp", "b/.hidden.png", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    given = [tmp_path / "b/notes.txt", str(tmp_path / "b"), tmp_path / "a.webp"]
    listed = find_images(given)
    found = [path.relative_to(tmp_path).as_posix() for path in listed.files]
    assert count_left_out(listed.left_out) == {"hidden": 1, "of the suffix .txt": 1}
    assert found == ["b/notes.txt", "b/2.PNG", "b/deep/1.jpg", "a.webp"]


def test_inputs_without_images_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="empty: no images below it"):
        find_images([tmp_path / "empty"])
    with pytest.raises(DatasetError, match=r"gone\.jpg: no such file or folder"):
        find_images([tmp_path / "gone.jpg"])
