"""Pictures of ranked lists: who stands where, in which frame."""

import numpy as np
import pytest
from bireid_runtime.errors import ArgumentError
from PIL import Image

from bireid_deploy.data.dataset import Sample
from bireid_deploy.evaluation.drawn_ranks import draw_ranks, require_drawable
from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.evaluation.ranking import rank

BLUE, ORANGE, GREY = (0, 114, 178), (213, 94, 0), (90, 90, 90)
# Person, camera, angle of the embedding in degrees, and the grey of the image.
QUERY = [(1, 0, 0, 10)]
GALLERY = [(2, 1, 20, 60), (1, 1, 10, 110), (1, 0, 0, 160), (-1, 1, 1, 200), (2, 0, 5, 240)]


def _made(rows, folder, name):
    samples = []
    for number, (person, camera, _, grey) in enumerate(rows):
        path = folder / f"{name}{number}.png"
        Image.new("RGB", (16, 32), (grey, grey, grey)).save(path)
        samples.append(Sample(path, person, camera))
    angles = np.radians([row[2] for row in rows])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    people, cameras = (np.array([row[column] for row in rows], np.int64) for column in (0, 1))
    return samples, Embeddings(vectors, people, cameras, tuple(each.path.name for each in samples))


@pytest.mark.parametrize(
    ("cameras", "frames", "greys"),
    [("any", [ORANGE, BLUE, ORANGE], [240, 110, 60]), ("other", [BLUE, ORANGE], [110, 60])],
)
def test_who_is_nearest_stands_first_in_the_frame_of_its_person(tmp_path, cameras, frames, greys):
    queries, query = _made(QUERY, tmp_path, "query")
    images, gallery = _made(GALLERY, tmp_path, "gallery")
    result = rank(query, gallery, gallery_cameras=cameras)
    picture = draw_ranks(query, gallery, (queries, images), result, cameras)
    assert picture.getpixel((7, 50)) == GREY
    assert picture.getpixel((40, 70)) == (10, 10, 10)
    # A cell is 78 pixels wide, and the first one stands apart.
    found = [picture.getpixel((12 + 78 * column, 50)) for column in range(1, 5)]
    assert found == [*frames, *[(255, 255, 255)] * (4 - len(frames))]
    assert [picture.getpixel((50 + 78 * n, 70))[0] for n in range(1, len(greys) + 1)] == greys


def test_a_path_that_cannot_be_drawn_to_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"ranked\.jpg: draw to a file ending in \.png"):
        require_drawable(tmp_path / "ranked.jpg")
    with pytest.raises(ArgumentError, match="there is no folder"):
        require_drawable(tmp_path / "absent" / "ranked.png")
