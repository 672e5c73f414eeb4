"""What letterboxes, decoding and suppression must give in C++: a table of the native tests.

Writes runtime/native/tests/boxes_vectors_generated.h to standard output:

    python tests/native/boxes_vectors.py > runtime/native/tests/boxes_vectors_generated.h
"""

import zlib
from typing import NamedTuple

import numpy as np
from bireid_runtime.boxes import SIDES, Boxes, Decoding, decode
from bireid_runtime.letterbox import content_size
from bireid_runtime.preprocess import Preprocess, preprocess
from preprocess_vectors import noise


class BoxCase(NamedTuple):
    """A map and the image that it is of; `range` is how far values go from 0."""

    rows: int
    columns: int
    classes: int
    stride: int
    score_threshold: float
    iou_threshold: float
    max_boxes: int
    letterbox: bool
    width: int
    height: int
    range: float
    whole: bool


BOX_CASES = (
    BoxCase(12, 12, 1, 16, 0.05, 0.5, 100, True, 640, 480, 6, False),
    BoxCase(12, 20, 1, 16, 0.3, 0.5, 100, True, 480, 640, 6, False),
    BoxCase(12, 12, 3, 16, 0.05, 0.5, 100, False, 333, 517, 8, False),
    # Whole numbers alone: many equal scores, in which the order of cells and classes decides.
    BoxCase(16, 16, 2, 16, 0.5, 0.5, 1000, True, 256, 256, 4, True),
    BoxCase(16, 16, 2, 16, 0.0, 0.3, 40, False, 200, 100, 3, True),
    # Nothing is suppressed, everything is, and scores of 0 and 1.
    BoxCase(6, 7, 4, 8, 0.0, 1.0, 10000, True, 1, 20000, 5, False),
    BoxCase(6, 7, 4, 32, 0.0, 0.0, 10000, True, 20000, 1, 2, False),
    BoxCase(10, 10, 2, 16, 0.0, 0.5, 200, True, 91, 77, 500, False),
    BoxCase(1, 1, 1, 1024, 0.0, 0.5, 1, True, 3, 5, 1, False),
)

# Width and height of an image, then of the input.
LETTERBOXES = (
    *((640, 480, 192, 192), (480, 640, 192, 192), (192, 192, 192, 192), (61, 163, 96, 64)),
    *((384, 5, 192, 192), (5, 384, 192, 192), (1, 1, 64, 48), (2000, 1, 64, 64)),
    *((1, 2000, 64, 64), (97, 64, 96, 64), (95, 64, 96, 64)),
)


def values_of(case: BoxCase) -> np.ndarray:
    """A map by a formula that C++ can repeat, float32 (rows, columns, classes + 4)."""
    shape = (case.rows, case.columns, case.classes + SIDES)
    count = int(np.prod(shape))
    low, high = (noise(2 * count).reshape(2, count)).astype(np.float64)
    values = ((high * 256 + low) / 65536 - 0.5) * 2 * case.range
    return (np.floor(values) if case.whole else values).astype(np.float32).reshape(shape)


def decoding_of(case: BoxCase) -> Decoding:
    """Its thresholds."""
    return Decoding(case.stride, case.score_threshold, case.iou_threshold, case.max_boxes)


def boxes_of(case: BoxCase) -> Boxes:
    """What Python finds."""
    fit = "letterbox" if case.letterbox else "stretch"
    target = (case.rows * case.stride, case.columns * case.stride)
    image = (case.height, case.width)
    return decode(values_of(case), decoding_of(case), content_size(fit, image, target), image)


def crc_of(boxes: Boxes) -> int:
    """CRC-32 of the boxes as C++ keeps them."""
    kind = np.dtype([("corners", "<f4", 4), ("score", "<f4"), ("label", "<i4")])
    rows = np.zeros(len(boxes.scores), kind)
    rows["corners"], rows["score"], rows["label"] = boxes.corners, boxes.scores, boxes.labels
    return zlib.crc32(rows.tobytes())


def letterbox_crc(width: int, height: int, columns: int, rows: int) -> int:
    """CRC-32 of the prepared image."""
    image = noise(width * height * 3).reshape(height, width, 3)
    prepared = preprocess(image, Preprocess(rows, columns, fit="letterbox"))
    return zlib.crc32(prepared.astype("<f4").tobytes())


def header() -> str:
    """The text of the header."""
    found = [(case, boxes_of(case)) for case in BOX_CASES]
    return "\n".join(
        [
            "// What Python computes. Written by a program:",
            "//   python tests/native/boxes_vectors.py > "
            "runtime/native/tests/boxes_vectors_generated.h",
            "#ifndef BIREID_TESTS_BOXES_VECTORS_GENERATED_H_",
            "#define BIREID_TESTS_BOXES_VECTORS_GENERATED_H_",
            "",
            "#include <cstdint>",
            "",
            "namespace bireid {",
            "",
            "struct BoxesVector {",
            "  int rows, columns, classes, stride;",
            "  double score_threshold, iou_threshold;",
            "  int max_boxes;",
            "  bool letterbox;",
            "  int width, height;  // of the image",
            "  double range;       // of the map, from 0",
            "  bool whole;         // numbers alone in it",
            "  int count;          // of boxes",
            "  uint32_t crc;       // CRC-32 of the boxes",
            "};",
            "",
            "constexpr BoxesVector kBoxesVectors[] = {",
            *(
                f"    {{{', '.join(map(_literal, case))}, {len(boxes.scores)}, "
                f"0x{crc_of(boxes):08x}u}},"
                for case, boxes in found
            ),
            "};",
            "",
            "struct LetterboxVector {",
            "  int width, height, target_width, target_height;",
            "  uint32_t crc;  // CRC-32 of the prepared image",
            "};",
            "",
            "// clang-format off",
            "constexpr LetterboxVector kLetterboxVectors[] = {",
            *(
                f"    {{{', '.join(map(str, sizes))}, 0x{letterbox_crc(*sizes):08x}u}},"
                for sizes in LETTERBOXES
            ),
            "};",
            "// clang-format on",
            "",
            "}  // namespace bireid",
            "",
            "#endif  // BIREID_TESTS_BOXES_VECTORS_GENERATED_H_",
            "",
        ]
    )


def _literal(value: float) -> str:
    return str(value).lower()


if __name__ == "__main__":
    print(header(), end="")
