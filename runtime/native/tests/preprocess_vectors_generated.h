// What Python computes, bit for bit Pillow. Written by a program:
//   python tests/native/preprocess_vectors.py > runtime/native/tests/preprocess_vectors_generated.h
#ifndef BIREID_TESTS_PREPROCESS_VECTORS_GENERATED_H_
#define BIREID_TESTS_PREPROCESS_VECTORS_GENERATED_H_

#include <cstdint>

namespace bireid {

struct ResizeVector {
  int width, height, target_width, target_height;
  bool white;    // instead of noise
  bool cubic;    // instead of bilinear
  uint32_t crc;  // CRC-32 of the resized image
};

constexpr ResizeVector kResizeVectors[] = {
    {128, 256, 64, 128, false, false, 0xc92121ecu},
    {100, 220, 64, 128, false, false, 0xe644cf7fu},
    {61, 163, 64, 128, false, false, 0x06fc8ff1u},
    {180, 400, 64, 128, false, false, 0x8b8329bau},
    {64, 300, 64, 128, false, false, 0x38912b1au},
    {90, 128, 64, 128, false, false, 0x5d167eb1u},
    {64, 128, 64, 128, false, false, 0x9a66e5a6u},
    {719, 1081, 64, 128, false, false, 0xabb0468au},
    {64, 128, 128, 256, false, false, 0x4c7cc243u},
    {1, 1, 64, 128, false, false, 0xdec096f9u},
    {2, 3, 7, 5, false, false, 0xad27e0b8u},
    {300, 20, 64, 128, false, false, 0x49bd7f3au},
    {20, 300, 64, 128, false, false, 0xe3aa53e2u},
    {84, 139, 64, 100, false, false, 0x6f2f7cabu},
    {84, 140, 64, 100, false, false, 0x74f4a644u},
    {84, 141, 64, 100, false, false, 0x1c960a34u},
    {60, 101, 64, 100, false, false, 0x5b30e2b3u},
    {128, 64, 1, 1, false, false, 0x5bd50299u},
    {500, 700, 3, 2, false, false, 0x00b8d350u},
    {20000, 1, 64, 3, false, false, 0x58dc0864u},
    {1, 20000, 3, 128, false, false, 0xa6ec7879u},
    {20000, 3, 1, 1, false, false, 0x76d7ed14u},
    {3, 20000, 1, 1, false, false, 0xc8f1ffebu},
    {5000, 700, 3, 2, true, false, 0x3dd5a2edu},
    {97, 31, 64, 128, true, false, 0x5c5ba736u},
    {20000, 2, 7, 1, true, false, 0x344d44feu},
    {128, 256, 64, 128, false, true, 0x39f8a7a4u},
    {100, 220, 64, 128, false, true, 0x1e1e7ab5u},
    {61, 163, 64, 128, false, true, 0xb8518b28u},
    {180, 400, 64, 128, false, true, 0x5439ee30u},
    {64, 300, 64, 128, false, true, 0xb00d5861u},
    {90, 128, 64, 128, false, true, 0x827ab257u},
    {64, 128, 64, 128, false, true, 0x9a66e5a6u},
    {719, 1081, 64, 128, false, true, 0xc13c8fcbu},
    {64, 128, 128, 256, false, true, 0xb8e914b9u},
    {1, 1, 64, 128, false, true, 0xdec096f9u},
    {2, 3, 7, 5, false, true, 0xabcbe381u},
    {300, 20, 64, 128, false, true, 0x9457c919u},
    {20, 300, 64, 128, false, true, 0xf20b2690u},
    {84, 139, 64, 100, false, true, 0x3483374eu},
    {84, 140, 64, 100, false, true, 0xc521a290u},
    {84, 141, 64, 100, false, true, 0x919a0ff1u},
    {60, 101, 64, 100, false, true, 0xd5493d4eu},
    {128, 64, 1, 1, false, true, 0x5bd50299u},
    {500, 700, 3, 2, false, true, 0x00b8d350u},
    {20000, 1, 64, 3, false, true, 0x411fbc31u},
    {1, 20000, 3, 128, false, true, 0x2e566252u},
    {20000, 3, 1, 1, false, true, 0x76d7ed14u},
    {3, 20000, 1, 1, false, true, 0x7669cb06u},
    {5000, 700, 3, 2, true, true, 0x3dd5a2edu},
    {97, 31, 64, 128, true, true, 0x5c5ba736u},
    {20000, 2, 7, 1, true, true, 0x344d44feu},
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
