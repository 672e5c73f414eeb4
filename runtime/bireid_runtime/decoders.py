"""What maps say once they are decoded, as rows of numbers that golden vectors keep.

`runtime/native/engine/decoders.cc` finds the same bits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bireid_runtime.boxes import decode, read_decoding
from bireid_runtime.exact_functions import sigmoid
from bireid_runtime.matching import read_matching
from bireid_runtime.responses import exemplar_of, seek


class Shown(NamedTuple):
    """How an image lies in the input of a network.

    Attributes:
        content: Rows and columns that it takes, from the top left corner.
        image: Its own (height, width), pixels.
    """

    content: tuple[int, int]
    image: tuple[int, int]


@dataclass(frozen=True)
class Decoder:
    """How the golden maps of an output are decoded.

    Attributes:
        columns: Numbers of a row.
        most_rows: How many rows there are at most, from the details of the output.
        per_item: Whether every item is decoded by itself; else all are together, once.
        decode: From the details of the output, all maps float32 (N, H, W, C), the number of the
            item (0 if all are decoded together) and how its image lies in the input, or None of
            a network that takes something else than one image: float32 (M, columns).
    """

    columns: int
    most_rows: Callable[[Mapping[str, Any]], int]
    per_item: bool
    decode: Callable[[Mapping[str, Any], np.ndarray, int, Shown | None], np.ndarray]


def _decode_boxes(
    details: Mapping[str, Any], maps: np.ndarray, item: int, shown: Shown | None
) -> np.ndarray:
    """Left, top, right, bottom, score, class of every box, from the highest score on."""
    decoding = read_decoding(details)
    if shown is None:
        size = (maps.shape[1] * decoding.stride, maps.shape[2] * decoding.stride)
        shown = Shown(size, size)
    boxes = decode(maps[item], decoding, *shown)
    columns = [boxes.corners, boxes.scores[:, None], boxes.labels[:, None].astype(np.float32)]
    return np.concatenate(columns, axis=1)


def _decode_correlation(
    details: Mapping[str, Any], maps: np.ndarray, item: int, shown: Shown | None
) -> np.ndarray:
    """Size, row and column of the enlarged response, score: one row.

    The exemplar is that of the first map; the maps, from the first on and over again, stand for the
    sizes in which it is sought.
    """
    matching = read_matching(details)
    searched = maps[np.arange(matching.scales) % len(maps)]
    place = seek(exemplar_of(maps[0], matching), searched, matching)
    score = float(sigmoid(place.peak + matching.response_bias))
    return np.array([[place.scale, place.row, place.column, score]], np.float32)


BOXES_DECODER = Decoder(6, lambda details: read_decoding(details).max_boxes, True, _decode_boxes)
CORRELATION_DECODER = Decoder(4, lambda details: 1, False, _decode_correlation)
