// What Python computes. Written by a program:
//   python tests/native/boxes_vectors.py > runtime/native/tests/boxes_vectors_generated.h
#ifndef BIREID_TESTS_BOXES_VECTORS_GENERATED_H_
#define BIREID_TESTS_BOXES_VECTORS_GENERATED_H_

#include <cstdint>

namespace bireid {

struct BoxesVector {
  int rows, columns, classes, stride;
  double score_threshold, iou_threshold;
  int max_boxes;
  bool letterbox;
  int width, height;  // of the image
  double range;       // of the map, from 0
  bool whole;         // numbers alone in it
  int count;          // of boxes
  uint32_t crc;       // CRC-32 of the boxes
};

constexpr BoxesVector kBoxesVectors[] = {
    {12, 12, 1, 16, 0.05, 0.5, 100, true, 640, 480, 6, false, 70, 0xa9779256u},
    {12, 20, 1, 16, 0.3, 0.5, 100, true, 480, 640, 6, false, 57, 0x80e368bau},
    {12, 12, 3, 16, 0.05, 0.5, 100, false, 333, 517, 8, false, 100, 0xa2486827u},
    {16, 16, 2, 16, 0.5, 0.5, 1000, true, 256, 256, 4, true, 169, 0xb57825d7u},
    {16, 16, 2, 16, 0.0, 0.3, 40, false, 200, 100, 3, true, 40, 0xf49df928u},
    {6, 7, 4, 8, 0.0, 1.0, 10000, true, 1, 20000, 5, false, 68, 0xc5f3e923u},
    {6, 7, 4, 32, 0.0, 0.0, 10000, true, 20000, 1, 2, false, 15, 0x83135986u},
    {10, 10, 2, 16, 0.0, 0.5, 200, true, 91, 77, 500, false, 38, 0x0bc41ee5u},
    {1, 1, 1, 1024, 0.0, 0.5, 1, true, 3, 5, 1, false, 1, 0x33c961a0u},
};

struct LetterboxVector {
  int width, height, target_width, target_height;
  uint32_t crc;  // CRC-32 of the prepared image
};

// clang-format off
constexpr LetterboxVector kLetterboxVectors[] = {
    {640, 480, 192, 192, 0x4e1bbef7u},
    {480, 640, 192, 192, 0xa17e2c52u},
    {192, 192, 192, 192, 0xe955babcu},
    {61, 163, 96, 64, 0xb1873058u},
    {384, 5, 192, 192, 0x704f03bau},
    {5, 384, 192, 192, 0xa43110ecu},
    {1, 1, 64, 48, 0x56dc7920u},
    {2000, 1, 64, 64, 0xe49a6dd0u},
    {1, 2000, 64, 64, 0x3e1587e7u},
    {97, 64, 96, 64, 0x066936d7u},
    {95, 64, 96, 64, 0x1d7785fbu},
};
// clang-format on

}  // namespace bireid

#endif  // BIREID_TESTS_BOXES_VECTORS_GENERATED_H_
