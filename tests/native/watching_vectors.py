"""What watching must give in C++, without a network: a table of the native tests, from Python.

Writes runtime/native/tests/watching_vectors_generated.h to standard output:

    python tests/native/watching_vectors.py > runtime/native/tests/watching_vectors_generated.h
"""

import struct
import zlib
from typing import NamedTuple

import numpy as np
from bireid_runtime.gallery.ranking import unit_mean
from bireid_runtime.watching.assignment import assign
from bireid_runtime.watching.association import AssociationRules, Associator
from bireid_runtime.watching.best_crops import BestCrops, qualities
from bireid_runtime.watching.motion import Motion
from preprocess_vectors import noise


class Sequence(NamedTuple):
    """Targets that walk through frames.

    Of every `missing`-th box, at random, nothing is found; whole coordinates alone make many equal
    overlaps.
    """

    frames: int
    targets: int
    width: int
    height: int
    missing: int
    whole: bool
    most_tracks: int
    patience: int
    crops: int


SEQUENCES = (
    Sequence(80, 3, 320, 240, 9, False, 256, 30, 8),
    Sequence(120, 12, 320, 240, 4, False, 256, 5, 3),
    # Whole numbers, and more targets than tracks.
    Sequence(60, 9, 160, 120, 6, True, 256, 10, 2),
    Sequence(60, 24, 100, 300, 5, True, 7, 3, 8),
    Sequence(200, 1, 64, 64, 3, False, 256, 30, 4),
)
# Rows, columns, and how many costs there are.
ASSIGNMENTS = ((1, 1, 3), (5, 5, 2), (7, 3, 3), (3, 8, 4), (20, 20, 5), (12, 12, 1), (30, 9, 200))
STEPS = (1, 1, 2, 3, 1, 7, 30, 1)
DIM, ROWS = 37, 5


def boxes_of(case: Sequence, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners (N, 4) and scores (N,) of a frame, by a formula that C++ can repeat."""
    bytes_ = noise((frame + 1) * case.targets * 8).reshape(frame + 1, case.targets, 8)[frame]
    corners, scores = [], []
    for target, row in enumerate(bytes_.astype(np.float64)):
        if row[0] % case.missing == 0:
            continue
        jitter = row[1:5] / 64 - 2
        way = target * 37 + frame * (target % 5 - 2) * 1.5
        left = way % case.width - 20 + jitter[0]
        top = target * 11 % case.height - 10 + jitter[1]
        sides = [left, top, left + 20 + target + jitter[2], top + 60 + 3 * target + jitter[3]]
        corners.append(np.floor(sides) if case.whole else sides)
        scores.append(row[5] / 256)
    return np.array(corners).reshape(-1, 4), np.array(scores)


def is_left_out(frame: int) -> bool:
    """Frames that were lost have their numbers."""
    return frame % 13 == 5 or 40 <= frame < 43


def sequence_crc(case: Sequence) -> int:
    """CRC-32 of all boxes of tracks, and of what is left of each track that ends."""
    rules = AssociationRules(patience=case.patience, most_tracks=case.most_tracks)
    associator = Associator(rules)
    picture = np.zeros((case.height, case.width, 3), np.uint8)
    kept: dict[object, BestCrops] = {}
    trace = b""

    def end(tracks):
        text = b""
        for track in tracks:
            crops = sorted(kept.pop(track).kept, key=lambda each: -each.quality)
            if not track.number or not crops:
                continue
            text += struct.pack("<qqq", track.number, track.last, track.boxes)
            for crop in crops:
                height, width, _ = crop.pixels.shape
                text += struct.pack("<qqqd", crop.frame, width, height, crop.quality)
        return text

    for frame in range(case.frames):
        if is_left_out(frame):
            continue
        corners, scores = boxes_of(case, frame)
        found = associator.update(corners, scores, frame)
        worth = qualities(corners, scores, (case.height, case.width))
        for index, track in enumerate(found.tracks):
            if track is None:
                continue
            crops = kept.setdefault(track, BestCrops(case.crops))
            crops.offer(picture, corners[index], float(worth[index]), frame, 0.0)
            trace += struct.pack("<qqqq", frame, index, track.number, track.boxes)
        trace += end(found.ended)
    return zlib.crc32(trace + end(associator.close()) + struct.pack("<q", associator.refused))


def motion_crc() -> int:
    """CRC-32 of where a box is expected."""
    motion = Motion(np.array([10.25, 20.5, 50.125, 130.0]))
    trace = b""
    for index, (steps, jitter) in enumerate(zip(STEPS * 4, noise(len(STEPS) * 4), strict=True)):
        trace += motion.predict(steps).tobytes()
        if jitter % 3:
            side = jitter / 64 + index * 3
            motion.correct(np.array([10 + side, 20 - side, 50 + side, 131 - side / 2]))
    return zlib.crc32(trace)


def assignment_crc(rows: int, columns: int, kinds: int) -> int:
    """CRC-32 of the pairs for costs of which many are equal."""
    costs = noise(rows * columns).reshape(rows, columns) % kinds / 3
    pairs = np.stack(assign(costs), axis=1)
    return zlib.crc32(pairs.astype("<i8").tobytes())


def mean_crc() -> int:
    """CRC-32 of a mean of embeddings."""
    rows = (noise(ROWS * DIM).reshape(ROWS, DIM).astype(np.float32) - 100) / 255
    return zlib.crc32(unit_mean(rows).tobytes())


def header() -> str:
    """The text of the header."""
    return "\n".join(
        [
            "// What Python computes. Written by a program:",
            "//   python tests/native/watching_vectors.py > "
            "runtime/native/tests/watching_vectors_generated.h",
            "#ifndef BIREID_TESTS_WATCHING_VECTORS_GENERATED_H_",
            "#define BIREID_TESTS_WATCHING_VECTORS_GENERATED_H_",
            "",
            "#include <cstdint>",
            "",
            "namespace bireid {",
            "",
            "struct SequenceVector {",
            "  int frames, targets, width, height, missing;",
            "  bool whole;",
            "  int most_tracks, patience, crops;",
            "  uint32_t crc;  // of all boxes of tracks, and of tracks that end",
            "};",
            "",
            "// clang-format off",
            "constexpr SequenceVector kSequenceVectors[] = {",
            *(
                f"    {{{', '.join(str(each).lower() for each in case)}, "
                f"0x{sequence_crc(case):08x}u}},"
                for case in SEQUENCES
            ),
            "};",
            "",
            "struct AssignmentVector {",
            "  int rows, columns, kinds;",
            "  uint32_t crc;  // of the pairs",
            "};",
            "",
            "constexpr AssignmentVector kAssignmentVectors[] = {",
            *(
                f"    {{{', '.join(map(str, case))}, 0x{assignment_crc(*case):08x}u}},"
                for case in ASSIGNMENTS
            ),
            "};",
            "// clang-format on",
            "",
            f"constexpr int kSteps[] = {{{', '.join(map(str, STEPS))}}};",
            f"constexpr uint32_t kMotionCrc = 0x{motion_crc():08x}u;",
            f"constexpr int kMeanDim = {DIM};",
            f"constexpr int kMeanRows = {ROWS};",
            f"constexpr uint32_t kMeanCrc = 0x{mean_crc():08x}u;",
            "",
            "}  // namespace bireid",
            "",
            "#endif  // BIREID_TESTS_WATCHING_VECTORS_GENERATED_H_",
            "",
        ]
    )


if __name__ == "__main__":
    print(header(), end="")
