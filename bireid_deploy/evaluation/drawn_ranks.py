"""A picture of ranked lists: a query a row, and behind it the gallery images nearest to it."""

from collections.abc import Sequence
from pathlib import Path

from bireid_runtime.errors import ArgumentError
from bireid_runtime.images import load_image
from PIL import Image, ImageDraw

from bireid_deploy.data.dataset import Sample
from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.evaluation.ranked_lists import RankedLists, by_average_precision, evenly_spaced
from bireid_deploy.evaluation.ranking import GalleryCameras, RankingResult, SameCamera

_QUERIES, _NEAREST = 8, 10
_CROP = (64, 128)
_FRAME, _GAP, _TEXT = 4, 6, 14
# Told apart by people who cannot tell red from green (Okabe and Ito), and by the cross.
_RIGHT, _WRONG, _QUERY = (0, 114, 178), (213, 94, 0), (90, 90, 90)


def draw_ranks(
    query: Embeddings,
    gallery: Embeddings,
    samples: tuple[Sequence[Sample], Sequence[Sample]],
    result: RankingResult,
    gallery_cameras: GalleryCameras = "any",
    same_camera: SameCamera = "drop",
) -> Image.Image:
    """Draw the ranked lists of eight queries, from the best average precision to the worst.

    Blue frames are of the query's person, orange ones, crossed out, of others; below stands the
    cosine similarity. Images that `rank` leaves out are left out here.

    Args:
        query: Embeddings of the queries.
        gallery: Embeddings of the gallery.
        samples: The images of both, in the same order.
        result: What `rank` found, without re-ranking.
        gallery_cameras: As for `rank`.
        same_camera: As for `rank`.

    Returns:
        RGB picture, a query a row.

    Raises:
        ImageError: An image cannot be decoded.
    """
    chosen = evenly_spaced(by_average_precision(result), _QUERIES)
    lists = RankedLists(query, gallery, gallery_cameras, same_camera)
    picture = _canvas(len(chosen))
    for row, index in enumerate(chosen.tolist()):
        _paste(picture, samples[0][index].path, (row, 0), _QUERY, "query")
        for column, (found, cosine) in enumerate(
            zip(*lists.nearest(index, _NEAREST), strict=True), start=1
        ):
            is_right = gallery.person_ids[found] == query.person_ids[index]
            _paste(
                picture,
                samples[1][found].path,
                (row, column),
                _RIGHT if is_right else _WRONG,
                f"{cosine:.2f}",
                crossed=not is_right,
            )
    return picture


def require_drawable(path: Path) -> None:
    """Look at the path of a picture before the work.

    Raises:
        ArgumentError: It is no `.png`, or its folder does not exist.
    """
    if path.suffix != ".png":
        raise ArgumentError(f"{path}: draw to a file ending in .png")
    if not path.parent.is_dir():
        raise ArgumentError(f"{path}: there is no folder {path.parent}; make it first")


def _canvas(rows: int) -> Image.Image:
    width, height = _cell()
    return Image.new("RGB", (width * (_NEAREST + 1) + 2 * _GAP, height * rows + _GAP), "white")


def _cell() -> tuple[int, int]:
    return _CROP[0] + 2 * _FRAME + _GAP, _CROP[1] + 2 * _FRAME + _GAP + _TEXT


def _paste(
    picture: Image.Image,
    path: Path,
    place: tuple[int, int],
    color: tuple[int, int, int],
    text: str,
    *,
    crossed: bool = False,
) -> None:
    row, column = place
    width, height = _cell()
    # The query stands apart from what was found.
    left, top = column * width + _GAP + (_GAP if column else 0), row * height + _GAP
    right, bottom = left + _CROP[0] + 2 * _FRAME, top + _CROP[1] + 2 * _FRAME
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left, top, right - 1, bottom - 1), fill=color)
    crop = Image.fromarray(load_image(path)).resize(_CROP, Image.Resampling.BILINEAR)
    picture.paste(crop, (left + _FRAME, top + _FRAME))
    if crossed:
        corner = 12
        at = right - _FRAME - corner, top + _FRAME
        draw.rectangle((*at, at[0] + corner - 1, at[1] + corner - 1), fill=color)
        draw.line((at[0] + 3, at[1] + 3, at[0] + corner - 4, at[1] + corner - 4), "white", 2)
        draw.line((at[0] + 3, at[1] + corner - 4, at[0] + corner - 4, at[1] + 3), "white", 2)
    draw.text((left, bottom + 1), text, fill="black")
