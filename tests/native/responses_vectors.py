"""What correlation, enlargement, windows and crops must give in C++: a table of the native tests.

Writes runtime/native/tests/responses_vectors_generated.h to standard output:

    python tests/native/responses_vectors.py > runtime/native/tests/responses_vectors_generated.h
"""

import zlib
from typing import NamedTuple

import numpy as np
from bireid_runtime.exact_functions import sigmoid
from bireid_runtime.matching import Matching
from bireid_runtime.responses import (
    Place,
    correlate,
    exemplar_of,
    hann_window,
    locate,
    searches_of,
    upsample,
)
from bireid_runtime.search_crops import cut_square, mean_color
from preprocess_vectors import noise


class ResponseCase(NamedTuple):
    """Maps of random numbers, and how a target is sought in them."""

    rows: int
    channels: int
    exemplar_first: int
    exemplar_cells: int
    search_first: int
    search_cells: int
    scales: int
    scale_penalty: float
    window_weight: float
    upsampling: int
    whole: bool


RESPONSE_CASES = (
    ResponseCase(32, 128, 14, 3, 6, 19, 3, 0.9745, 0.176, 16, False),
    ResponseCase(32, 16, 14, 3, 6, 19, 1, 0.9745, 0.5, 16, False),
    ResponseCase(12, 5, 4, 4, 2, 8, 5, 0.5, 0.0, 7, False),
    # Whole numbers alone: equal peaks, of which the first counts.
    ResponseCase(9, 1, 4, 1, 0, 9, 3, 1.0, 0.0, 1, True),
    # One place alone, and responses without any height.
    ResponseCase(6, 3, 2, 2, 2, 2, 3, 0.9, 1.0, 3, False),
    ResponseCase(6, 1, 0, 6, 0, 6, 9, 0.0, 0.3, 5, False),
)


class CropCase(NamedTuple):
    """A frame, and the square that is cut out of it."""

    width: int
    height: int
    x: float
    y: float
    side: float


CROP_CASES = (
    CropCase(40, 30, 19.5, 14.5, 20.0),
    CropCase(40, 30, 0.0, 0.0, 31.5),
    CropCase(40, 30, 39.0, 29.0, 17.49),
    CropCase(40, 30, 10.25, 7.75, 0.2),
    CropCase(7, 5, 3.0, 2.0, 64.0),
    CropCase(1, 1, 0.0, 0.0, 3.0),
)

SCORES = (-700.0, -59.9, -3.25, -0.5, 0.0, 0.001, 1.0, 12.5, 61.0)


def matching_of(case: ResponseCase) -> Matching:
    """Its constants."""
    return Matching(
        stride=8,
        exemplar_first=case.exemplar_first,
        exemplar_cells=case.exemplar_cells,
        search_first=case.search_first,
        search_cells=case.search_cells,
        scales=case.scales,
        scale_penalty=case.scale_penalty,
        window_weight=case.window_weight,
        upsampling=case.upsampling,
    )


def maps_of(case: ResponseCase) -> np.ndarray:
    """Maps by a formula that C++ can repeat, float32 (scales, rows, rows, channels)."""
    shape = (case.scales, case.rows, case.rows, case.channels)
    count = int(np.prod(shape))
    low, high = (noise(2 * count).reshape(2, count)).astype(np.float64)
    values = ((high * 256 + low) / 65536 - 0.5) * 4
    return (np.floor(values) if case.whole else values).astype(np.float32).reshape(shape)


def response_of(case: ResponseCase) -> tuple[np.ndarray, Place]:
    """What Python finds: the enlarged responses, and the place."""
    matching, maps = matching_of(case), maps_of(case)
    cells = correlate(exemplar_of(maps[0], matching), searches_of(maps, matching))
    enlarged = upsample(cells * matching.response_scale, case.upsampling)
    return enlarged, locate(enlarged, matching)


def crop_of(case: CropCase) -> np.ndarray:
    """What Python cuts out."""
    frame = noise(case.width * case.height * 3).reshape(case.height, case.width, 3)
    return cut_square(frame, (case.x, case.y), case.side, mean_color(frame))


def header() -> str:
    """The text of the header."""
    found = [(case, *response_of(case)) for case in RESPONSE_CASES]
    crops = [(case, crop_of(case)) for case in CROP_CASES]
    return "\n".join(
        [
            "// What Python computes. Written by a program:",
            "//   python tests/native/responses_vectors.py > "
            "runtime/native/tests/responses_vectors_generated.h",
            "#ifndef BIREID_TESTS_RESPONSES_VECTORS_GENERATED_H_",
            "#define BIREID_TESTS_RESPONSES_VECTORS_GENERATED_H_",
            "",
            "#include <cstdint>",
            "",
            "namespace bireid {",
            "",
            "struct ResponseVector {",
            "  int rows, channels, exemplar_first, exemplar_cells, search_first, search_cells;",
            "  int scales;",
            "  double scale_penalty, window_weight;",
            "  int upsampling;",
            "  bool whole;              // numbers alone in the maps",
            "  uint32_t enlarged_crc;   // CRC-32 of the enlarged responses",
            "  uint32_t window_crc;     // of the window",
            "  int scale, row, column;  // of the place",
            "  double peak;             // its",
            "};",
            "",
            "struct CropVector {",
            "  int width, height;  // of the frame",
            "  double x, y, side;",
            "  int crop_side;",
            "  uint32_t crc;  // CRC-32 of its pixels",
            "};",
            "",
            "struct ScoreVector {",
            "  double value, score;",
            "};",
            "",
            "// clang-format off",
            "constexpr ResponseVector kResponseVectors[] = {",
            *(
                f"    {{{', '.join(map(_literal, case))}, {_crc(enlarged)}, "
                f"{_crc(hann_window(enlarged.shape[1]))}, "
                f"{place.scale}, {place.row}, {place.column}, {place.peak.hex()}}},"
                for case, enlarged, place in found
            ),
            "};",
            "",
            "constexpr CropVector kCropVectors[] = {",
            *(
                f"    {{{', '.join(map(_literal, case))}, {len(crop)}, {_crc(crop)}}},"
                for case, crop in crops
            ),
            "};",
            "",
            "constexpr ScoreVector kScoreVectors[] = {",
            *(f"    {{{value.hex()}, {float(sigmoid(value)).hex()}}}," for value in SCORES),
            "};",
            "// clang-format on",
            "",
            "}  // namespace bireid",
            "",
            "#endif  // BIREID_TESTS_RESPONSES_VECTORS_GENERATED_H_",
            "",
        ]
    )


def _crc(values: np.ndarray) -> str:
    return f"0x{zlib.crc32(np.ascontiguousarray(values).tobytes()):08x}u"


def _literal(value: float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    print(header(), end="")
