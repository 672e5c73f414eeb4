from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bireid_deploy.data.dataset import Sample
from bireid_deploy.data.images import load_images
from bireid_deploy.errors import DatasetError


def sample(path: Path, person_id: int) -> Sample:
    return Sample(path, person_id, 0)


@pytest.fixture
def samples(tmp_path) -> list[Sample]:
    for number in range(3):
        Image.new("RGB", (30 + number, 50), (40 * number, 10, 200)).save(tmp_path / f"{number}.png")
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    return [sample(tmp_path / f"{number}.png", number + 1) for number in range(3)]


def test_broken_images_are_skipped_and_named(samples):
    progress: list[tuple[int, int]] = []
    loaded = load_images(samples, 16, 8, on_progress=lambda *step: progress.append(step))
    assert loaded.samples == (samples[0], samples[2])
    assert [path for path, _ in loaded.skipped] == [samples[1].path]
    assert loaded.skipped[0][1]
    assert loaded.pixels.shape == (2, 16, 8, 3)
    assert loaded.pixels.dtype == np.uint8
    np.testing.assert_array_equal(loaded.pixels[1], np.full((16, 8, 3), (80, 10, 200)))
    assert progress == [(1, 3), (2, 3), (3, 3)]


def test_broken_images_are_errors_in_evaluation(samples):
    with pytest.raises(DatasetError, match=r"1\.png"):
        load_images(samples, 16, 8, on_corrupt="error")


def test_nothing_left_is_an_error(samples):
    with pytest.raises(DatasetError, match=r"none of 1 images .*1\.png"):
        load_images(samples[1:2], 16, 8)


def test_a_missing_file_is_treated_like_a_broken_one(tmp_path, samples):
    missing = sample(tmp_path / "gone.jpg", 9)
    assert load_images([missing, *samples], 16, 8).skipped[0][0] == missing.path
