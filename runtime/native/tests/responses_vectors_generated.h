// What Python computes. Written by a program:
//   python tests/native/responses_vectors.py > runtime/native/tests/responses_vectors_generated.h
#ifndef BIREID_TESTS_RESPONSES_VECTORS_GENERATED_H_
#define BIREID_TESTS_RESPONSES_VECTORS_GENERATED_H_

#include <cstdint>

namespace bireid {

struct ResponseVector {
  int rows, channels, exemplar_first, exemplar_cells, search_first, search_cells;
  int scales;
  double scale_penalty, window_weight;
  int upsampling;
  bool whole;              // numbers alone in the maps
  uint32_t enlarged_crc;   // CRC-32 of the enlarged responses
  uint32_t window_crc;     // of the window
  int scale, row, column;  // of the place
  double peak;             // its
};

struct CropVector {
  int width, height;  // of the frame
  double x, y, side;
  int crop_side;
  uint32_t crc;  // CRC-32 of its pixels
};

struct ScoreVector {
  double value, score;
};

// clang-format off
constexpr ResponseVector kResponseVectors[] = {
    {32, 128, 14, 3, 6, 19, 3, 0.9745, 0.176, 16, false, 0xa29e604eu, 0xebf40fffu, 0, 135, 135, 0x1.8f8e91aa16064p+0},
    {32, 16, 14, 3, 6, 19, 1, 0.9745, 0.5, 16, false, 0xc9447dbfu, 0xebf40fffu, 0, 136, 136, 0x1.a8f7e831b4f52p-3},
    {12, 5, 4, 4, 2, 8, 5, 0.5, 0.0, 7, false, 0x5903d690u, 0x3cd0e225u, 0, 17, 17, 0x1.d493a21ef9db2p-4},
    {9, 1, 4, 1, 0, 9, 3, 1.0, 0.0, 1, true, 0x47a67999u, 0x91925c5fu, 0, 0, 5, 0x1.0624dd2f1a9fcp-10},
    {6, 3, 2, 2, 2, 2, 3, 0.9, 1.0, 3, false, 0xa4e1640du, 0x5c154df5u, 0, 1, 1, 0x1.199625a9fbe78p-6},
    {6, 1, 0, 6, 0, 6, 9, 0.0, 0.3, 5, false, 0xc64309b9u, 0x78f4e2d2u, 4, 2, 2, 0x1.dd6a8c8b43958p-9},
};

constexpr CropVector kCropVectors[] = {
    {40, 30, 19.5, 14.5, 20.0, 20, 0xea1482e5u},
    {40, 30, 0.0, 0.0, 31.5, 32, 0xd2a0908fu},
    {40, 30, 39.0, 29.0, 17.49, 17, 0x69464c22u},
    {40, 30, 10.25, 7.75, 0.2, 1, 0x13a5b445u},
    {7, 5, 3.0, 2.0, 64.0, 64, 0x7f83b195u},
    {1, 1, 0.0, 0.0, 3.0, 3, 0x8a8d0c13u},
};

constexpr ScoreVector kScoreVectors[] = {
    {-0x1.5e00000000000p+9, 0x1.5ae191a99585ap-87},
    {-0x1.df33333333333p+5, 0x1.7f5ce95a219a3p-87},
    {-0x1.a000000000000p+1, 0x1.31c8280cf1c3dp-5},
    {-0x1.0000000000000p-1, 0x1.829a0565978dep-2},
    {0x0.0p+0, 0x1.0000000000000p-1},
    {0x1.0624dd2f1a9fcp-10, 0x1.0020c49b78133p-1},
    {0x1.0000000000000p+0, 0x1.764d4f5d5a2bdp-1},
    {0x1.9000000000000p+3, 0x1.ffff82f4698c9p-1},
    {0x1.e800000000000p+5, 0x1.0000000000000p+0},
};
// clang-format on

}  // namespace bireid

#endif  // BIREID_TESTS_RESPONSES_VECTORS_GENERATED_H_
