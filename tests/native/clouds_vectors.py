"""What the preparation of point clouds must give in C++: a table of the native tests.

Writes runtime/native/tests/clouds_vectors_generated.h to standard output:

    python tests/native/clouds_vectors.py > runtime/native/tests/clouds_vectors_generated.h
"""

import zlib
from typing import NamedTuple

import numpy as np
from bireid_runtime.clouds import AXES, CloudPreprocess, prepare_cloud
from preprocess_vectors import noise


class CloudCase(NamedTuple):
    """A cloud of `size` points for a network of `count`; coordinates lie about `middle`."""

    size: int
    count: int
    range: float
    middle: float


CLOUD_CASES = (
    # More points, fewer, as many; one more and one fewer.
    *(CloudCase(2048, 1024, 2, 0), CloudCase(300, 1024, 2, 0.5), CloudCase(512, 512, 40, -7)),
    *(CloudCase(101, 100, 1, 0), CloudCase(99, 100, 1, 0), CloudCase(3, 64, 1, 0)),
    *(CloudCase(3, 3, 5, 1), CloudCase(5000, 3, 5, 1), CloudCase(20011, 777, 3, 0.1)),
    # Far from the origin float32 leaves few places; and the ends of its range.
    *(
        CloudCase(1000, 256, 0.5, 4e6),
        CloudCase(1000, 256, 3e38, 0),
        CloudCase(1000, 256, 1e-42, 0),
    ),
)


def cloud_of(case: CloudCase) -> np.ndarray:
    """A cloud by a formula that C++ can repeat, float32 (size, 3)."""
    count = case.size * AXES
    low, high = noise(2 * count).reshape(2, count).astype(np.float64)
    values = ((high * 256 + low) / 65536 - 0.5) * case.range + case.middle
    return values.astype(np.float32).reshape(case.size, AXES)


def crc_of(case: CloudCase) -> int:
    """CRC-32 of what the network gets."""
    prepared = prepare_cloud(cloud_of(case), CloudPreprocess(case.count))
    return zlib.crc32(prepared.astype("<f4").tobytes())


def header() -> str:
    """The text of the header."""
    return "\n".join(
        [
            "// What Python computes. Written by a program:",
            "//   python tests/native/clouds_vectors.py > "
            "runtime/native/tests/clouds_vectors_generated.h",
            "#ifndef BIREID_TESTS_CLOUDS_VECTORS_GENERATED_H_",
            "#define BIREID_TESTS_CLOUDS_VECTORS_GENERATED_H_",
            "",
            "#include <cstdint>",
            "",
            "namespace bireid {",
            "",
            "struct CloudsVector {",
            "  int size, count;",
            "  double range, middle;  // of the coordinates",
            "  uint32_t crc;          // CRC-32 of what the network gets",
            "};",
            "",
            "constexpr CloudsVector kCloudsVectors[] = {",
            *(
                f"    {{{case.size}, {case.count}, {case.range!r}, {case.middle!r}, "
                f"0x{crc_of(case):08x}u}},"
                for case in CLOUD_CASES
            ),
            "};",
            "",
            "}  // namespace bireid",
            "",
            "#endif  // BIREID_TESTS_CLOUDS_VECTORS_GENERATED_H_",
            "",
        ]
    )


if __name__ == "__main__":
    print(header(), end="")
