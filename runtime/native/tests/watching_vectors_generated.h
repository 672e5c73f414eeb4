// What Python computes. Written by a program:
//   python tests/native/watching_vectors.py > runtime/native/tests/watching_vectors_generated.h
#ifndef BIREID_TESTS_WATCHING_VECTORS_GENERATED_H_
#define BIREID_TESTS_WATCHING_VECTORS_GENERATED_H_

#include <cstdint>

namespace bireid {

struct SequenceVector {
  int frames, targets, width, height, missing;
  bool whole;
  int most_tracks, patience, crops;
  uint32_t crc;  // of all boxes of tracks, and of tracks that end
};

// clang-format off
constexpr SequenceVector kSequenceVectors[] = {
    {80, 3, 320, 240, 9, false, 256, 30, 8, 0xc50d4e16u},
    {120, 12, 320, 240, 4, false, 256, 5, 3, 0xaf3f7a04u},
    {60, 9, 160, 120, 6, true, 256, 10, 2, 0x99e949b0u},
    {60, 24, 100, 300, 5, true, 7, 3, 8, 0xf5eb4866u},
    {200, 1, 64, 64, 3, false, 256, 30, 4, 0x1c62d05bu},
};

struct AssignmentVector {
  int rows, columns, kinds;
  uint32_t crc;  // of the pairs
};

constexpr AssignmentVector kAssignmentVectors[] = {
    {1, 1, 3, 0xecbb4b55u},
    {5, 5, 2, 0xcea0131cu},
    {7, 3, 3, 0x2ca695f7u},
    {3, 8, 4, 0x10463aeau},
    {20, 20, 5, 0x0aa0b9fbu},
    {12, 12, 1, 0x89891567u},
    {30, 9, 200, 0x86396da1u},
};
// clang-format on

constexpr int kSteps[] = {1, 1, 2, 3, 1, 7, 30, 1};
constexpr uint32_t kMotionCrc = 0xa6de02f0u;
constexpr int kMeanDim = 37;
constexpr int kMeanRows = 5;
constexpr uint32_t kMeanCrc = 0x829333c7u;

}  // namespace bireid

#endif  // BIREID_TESTS_WATCHING_VECTORS_GENERATED_H_
