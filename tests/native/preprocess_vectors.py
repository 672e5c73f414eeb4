"""What resizing and normalising must give in C++: the table of the native tests, from Python.

Writes runtime/native/tests/preprocess_vectors_generated.h to standard output:

    python tests/native/preprocess_vectors.py > runtime/native/tests/preprocess_vectors_generated.h
"""

import zlib

import numpy as np
from bireid_runtime.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocess, normalize
from bireid_runtime.resize import resize_image

# Width, height, target width, target height.
SIZES = (
    # Crops of people: exact halves, odd factors, either pass first, one axis alone.
    *((128, 256, 64, 128), (100, 220, 64, 128), (61, 163, 64, 128), (180, 400, 64, 128)),
    *((64, 300, 64, 128), (90, 128, 64, 128), (64, 128, 64, 128), (719, 1081, 64, 128)),
    # Enlarging, and enlarging one axis while shrinking the other.
    *((64, 128, 128, 256), (1, 1, 64, 128), (2, 3, 7, 5), (300, 20, 64, 128), (20, 300, 64, 128)),
    # The switch between the orders of the passes: 20 columns saved, 39 to 41 rows.
    *((84, 139, 64, 100), (84, 140, 64, 100), (84, 141, 64, 100), (60, 101, 64, 100)),
    # To very few pixels, and the longest sides.
    *((128, 64, 1, 1), (500, 700, 3, 2), (20000, 1, 64, 3), (1, 20000, 3, 128)),
    *((20000, 3, 1, 1), (3, 20000, 1, 1)),
)
# White over thousands of taps, where rounded weights add up to more than 1.
WHITE_SIZES = ((5000, 700, 3, 2), (97, 31, 64, 128), (20000, 2, 7, 1))
# As in manifests: name and antialiasing; in C++ the value of `ResizeKernel`.
KERNELS = {
    "kBilinear": ("bilinear", True),
    "kBicubic": ("bicubic", True),
    "kPlainBilinear": ("bilinear", False),
}
NORMALIZATIONS = ((IMAGENET_MEAN, IMAGENET_STD), ((0.5, 0.0, -1.25), (0.1, 1e-30, 3e7)))


def noise(count: int) -> np.ndarray:
    """Bytes that look random, by a formula that C++ can repeat: uint8 (count,)."""
    mixed = np.arange(count, dtype=np.uint32) * np.uint32(2654435761)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(2246822519)
    return (mixed >> np.uint32(24)).astype(np.uint8)


def resized_crc(size: tuple[int, int, int, int], white: bool, kernel: tuple[str, bool]) -> int:
    """CRC-32 of the resized image."""
    width, height, target_width, target_height = size
    pixels = noise(width * height * 3)
    if white:
        pixels[:] = 255
    image = pixels.reshape(height, width, 3)
    return zlib.crc32(resize_image(image, target_height, target_width, *kernel).tobytes())


def normalized_crc(mean: tuple[float, ...], std: tuple[float, ...]) -> int:
    """CRC-32 of the little-endian float32 values of all grey levels, 0 to 255."""
    levels = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3)
    normalized = normalize(levels, Preprocess(height=1, width=256, mean=mean, std=std))
    return zlib.crc32(normalized.astype("<f4").tobytes())


def header() -> str:
    """The text of the header."""
    cases = [(size, False) for size in SIZES] + [(size, True) for size in WHITE_SIZES]
    rows = [
        f"    {{{', '.join(map(str, size))}, {str(white).lower()}, "
        f"ResizeKernel::{name}, 0x{resized_crc(size, white, kernel):08x}u}},"
        for name, kernel in KERNELS.items()
        for size, white in cases
    ]
    return "\n".join(
        [
            "// What Python computes, bit for bit Pillow. Written by a program:",
            "//   python tests/native/preprocess_vectors.py > "
            "runtime/native/tests/preprocess_vectors_generated.h",
            "#ifndef BIREID_TESTS_PREPROCESS_VECTORS_GENERATED_H_",
            "#define BIREID_TESTS_PREPROCESS_VECTORS_GENERATED_H_",
            "",
            "#include <cstdint>",
            "",
            '#include "engine/resize.h"',
            "",
            "namespace bireid {",
            "",
            "struct ResizeVector {",
            "  int width, height, target_width, target_height;",
            "  bool white;  // instead of noise",
            "  ResizeKernel kernel;",
            "  uint32_t crc;  // CRC-32 of the resized image",
            "};",
            "",
            "constexpr ResizeVector kResizeVectors[] = {",
            *rows,
            "};",
            "",
            "struct NormalizeVector {",
            "  float mean[3], std[3];",
            "  uint32_t crc;  // CRC-32 of the values of all grey levels",
            "};",
            "",
            "constexpr NormalizeVector kNormalizeVectors[] = {",
            *(
                f"    {{{{{_floats(mean)}}}, {{{_floats(std)}}}, "
                f"0x{normalized_crc(mean, std):08x}u}},"
                for mean, std in NORMALIZATIONS
            ),
            "};",
            "",
            "}  // namespace bireid",
            "",
            "#endif  // BIREID_TESTS_PREPROCESS_VECTORS_GENERATED_H_",
            "",
        ]
    )


def _floats(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:#.9g}f" for value in values)


if __name__ == "__main__":
    print(header(), end="")
