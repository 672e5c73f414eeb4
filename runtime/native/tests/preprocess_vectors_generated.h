// What Python computes, bit for bit Pillow. Written by a program:
//   python tests/native/preprocess_vectors.py > runtime/native/tests/preprocess_vectors_generated.h
#ifndef BIREID_TESTS_PREPROCESS_VECTORS_GENERATED_H_
#define BIREID_TESTS_PREPROCESS_VECTORS_GENERATED_H_

#include <cstdint>

#include "engine/resize.h"

namespace bireid {

struct ResizeVector {
  int width, height, target_width, target_height;
  bool white;  // instead of noise
  ResizeKernel kernel;
  uint32_t crc;  // CRC-32 of the resized image
};

constexpr ResizeVector kResizeVectors[] = {
    {128, 256, 64, 128, false, ResizeKernel::kBilinear, 0xc92121ecu},
    {100, 220, 64, 128, false, ResizeKernel::kBilinear, 0xe644cf7fu},
    {61, 163, 64, 128, false, ResizeKernel::kBilinear, 0x06fc8ff1u},
    {180, 400, 64, 128, false, ResizeKernel::kBilinear, 0x8b8329bau},
    {64, 300, 64, 128, false, ResizeKernel::kBilinear, 0x38912b1au},
    {90, 128, 64, 128, false, ResizeKernel::kBilinear, 0x5d167eb1u},
    {64, 128, 64, 128, false, ResizeKernel::kBilinear, 0x9a66e5a6u},
    {719, 1081, 64, 128, false, ResizeKernel::kBilinear, 0xabb0468au},
    {64, 128, 128, 256, false, ResizeKernel::kBilinear, 0x4c7cc243u},
    {1, 1, 64, 128, false, ResizeKernel::kBilinear, 0xdec096f9u},
    {2, 3, 7, 5, false, ResizeKernel::kBilinear, 0xad27e0b8u},
    {300, 20, 64, 128, false, ResizeKernel::kBilinear, 0x49bd7f3au},
    {20, 300, 64, 128, false, ResizeKernel::kBilinear, 0xe3aa53e2u},
    {84, 139, 64, 100, false, ResizeKernel::kBilinear, 0x6f2f7cabu},
    {84, 140, 64, 100, false, ResizeKernel::kBilinear, 0x74f4a644u},
    {84, 141, 64, 100, false, ResizeKernel::kBilinear, 0x1c960a34u},
    {60, 101, 64, 100, false, ResizeKernel::kBilinear, 0x5b30e2b3u},
    {128, 64, 1, 1, false, ResizeKernel::kBilinear, 0x5bd50299u},
    {500, 700, 3, 2, false, ResizeKernel::kBilinear, 0x00b8d350u},
    {20000, 1, 64, 3, false, ResizeKernel::kBilinear, 0x58dc0864u},
    {1, 20000, 3, 128, false, ResizeKernel::kBilinear, 0xa6ec7879u},
    {20000, 3, 1, 1, false, ResizeKernel::kBilinear, 0x76d7ed14u},
    {3, 20000, 1, 1, false, ResizeKernel::kBilinear, 0xc8f1ffebu},
    {5000, 700, 3, 2, true, ResizeKernel::kBilinear, 0x3dd5a2edu},
    {97, 31, 64, 128, true, ResizeKernel::kBilinear, 0x5c5ba736u},
    {20000, 2, 7, 1, true, ResizeKernel::kBilinear, 0x344d44feu},
    {128, 256, 64, 128, false, ResizeKernel::kBicubic, 0x39f8a7a4u},
    {100, 220, 64, 128, false, ResizeKernel::kBicubic, 0x1e1e7ab5u},
    {61, 163, 64, 128, false, ResizeKernel::kBicubic, 0xb8518b28u},
    {180, 400, 64, 128, false, ResizeKernel::kBicubic, 0x5439ee30u},
    {64, 300, 64, 128, false, ResizeKernel::kBicubic, 0xb00d5861u},
    {90, 128, 64, 128, false, ResizeKernel::kBicubic, 0x827ab257u},
    {64, 128, 64, 128, false, ResizeKernel::kBicubic, 0x9a66e5a6u},
    {719, 1081, 64, 128, false, ResizeKernel::kBicubic, 0xc13c8fcbu},
    {64, 128, 128, 256, false, ResizeKernel::kBicubic, 0xb8e914b9u},
    {1, 1, 64, 128, false, ResizeKernel::kBicubic, 0xdec096f9u},
    {2, 3, 7, 5, false, ResizeKernel::kBicubic, 0xabcbe381u},
    {300, 20, 64, 128, false, ResizeKernel::kBicubic, 0x9457c919u},
    {20, 300, 64, 128, false, ResizeKernel::kBicubic, 0xf20b2690u},
    {84, 139, 64, 100, false, ResizeKernel::kBicubic, 0x3483374eu},
    {84, 140, 64, 100, false, ResizeKernel::kBicubic, 0xc521a290u},
    {84, 141, 64, 100, false, ResizeKernel::kBicubic, 0x919a0ff1u},
    {60, 101, 64, 100, false, ResizeKernel::kBicubic, 0xd5493d4eu},
    {128, 64, 1, 1, false, ResizeKernel::kBicubic, 0x5bd50299u},
    {500, 700, 3, 2, false, ResizeKernel::kBicubic, 0x00b8d350u},
    {20000, 1, 64, 3, false, ResizeKernel::kBicubic, 0x411fbc31u},
    {1, 20000, 3, 128, false, ResizeKernel::kBicubic, 0x2e566252u},
    {20000, 3, 1, 1, false, ResizeKernel::kBicubic, 0x76d7ed14u},
    {3, 20000, 1, 1, false, ResizeKernel::kBicubic, 0x7669cb06u},
    {5000, 700, 3, 2, true, ResizeKernel::kBicubic, 0x3dd5a2edu},
    {97, 31, 64, 128, true, ResizeKernel::kBicubic, 0x5c5ba736u},
    {20000, 2, 7, 1, true, ResizeKernel::kBicubic, 0x344d44feu},
    {128, 256, 64, 128, false, ResizeKernel::kPlainBilinear, 0x3a4c9b69u},
    {100, 220, 64, 128, false, ResizeKernel::kPlainBilinear, 0x9f3b8e88u},
    {61, 163, 64, 128, false, ResizeKernel::kPlainBilinear, 0x71f85a06u},
    {180, 400, 64, 128, false, ResizeKernel::kPlainBilinear, 0x3d4ad546u},
    {64, 300, 64, 128, false, ResizeKernel::kPlainBilinear, 0xf493e03eu},
    {90, 128, 64, 128, false, ResizeKernel::kPlainBilinear, 0x715cf0a9u},
    {64, 128, 64, 128, false, ResizeKernel::kPlainBilinear, 0x9a66e5a6u},
    {719, 1081, 64, 128, false, ResizeKernel::kPlainBilinear, 0x2f45bcafu},
    {64, 128, 128, 256, false, ResizeKernel::kPlainBilinear, 0x4c7cc243u},
    {1, 1, 64, 128, false, ResizeKernel::kPlainBilinear, 0xdec096f9u},
    {2, 3, 7, 5, false, ResizeKernel::kPlainBilinear, 0xad27e0b8u},
    {300, 20, 64, 128, false, ResizeKernel::kPlainBilinear, 0x9e750654u},
    {20, 300, 64, 128, false, ResizeKernel::kPlainBilinear, 0xc0d95bb0u},
    {84, 139, 64, 100, false, ResizeKernel::kPlainBilinear, 0x64ec5338u},
    {84, 140, 64, 100, false, ResizeKernel::kPlainBilinear, 0x32ae3553u},
    {84, 141, 64, 100, false, ResizeKernel::kPlainBilinear, 0xc37b9951u},
    {60, 101, 64, 100, false, ResizeKernel::kPlainBilinear, 0xe78f4eabu},
    {128, 64, 1, 1, false, ResizeKernel::kPlainBilinear, 0x3ed30979u},
    {500, 700, 3, 2, false, ResizeKernel::kPlainBilinear, 0x366ac7c0u},
    {20000, 1, 64, 3, false, ResizeKernel::kPlainBilinear, 0xa696b122u},
    {1, 20000, 3, 128, false, ResizeKernel::kPlainBilinear, 0x49784dd7u},
    {20000, 3, 1, 1, false, ResizeKernel::kPlainBilinear, 0x1bcd5ae9u},
    {3, 20000, 1, 1, false, ResizeKernel::kPlainBilinear, 0xa3452c48u},
    {5000, 700, 3, 2, true, ResizeKernel::kPlainBilinear, 0x3dd5a2edu},
    {97, 31, 64, 128, true, ResizeKernel::kPlainBilinear, 0x5c5ba736u},
    {20000, 2, 7, 1, true, ResizeKernel::kPlainBilinear, 0x344d44feu},
};

struct NormalizeVector {
  float mean[3], std[3];
  uint32_t crc;  // CRC-32 of the values of all grey levels
};

constexpr NormalizeVector kNormalizeVectors[] = {
    {{0.485000000f, 0.456000000f, 0.406000000f}, {0.229000000f, 0.224000000f, 0.225000000f}, 0xeb0e7c20u},
    {{0.500000000f, 0.00000000f, -1.25000000f}, {0.100000000f, 1.00000000e-30f, 30000000.0f}, 0xe4e37385u},
};

}  // namespace bireid

#endif  // BIREID_TESTS_PREPROCESS_VECTORS_GENERATED_H_
