// What Python computes. Written by a program:
//   python tests/native/clouds_vectors.py > runtime/native/tests/clouds_vectors_generated.h
#ifndef BIREID_TESTS_CLOUDS_VECTORS_GENERATED_H_
#define BIREID_TESTS_CLOUDS_VECTORS_GENERATED_H_

#include <cstdint>

namespace bireid {

struct CloudsVector {
  int size, count;
  double range, middle;  // of the coordinates
  uint32_t crc;          // CRC-32 of what the network gets
};

constexpr CloudsVector kCloudsVectors[] = {
    {2048, 1024, 2, 0, 0x3171aa4cu},
    {300, 1024, 2, 0.5, 0x353f973eu},
    {512, 512, 40, -7, 0x0d18e617u},
    {101, 100, 1, 0, 0xbdd71010u},
    {99, 100, 1, 0, 0x0d6283c5u},
    {3, 64, 1, 0, 0xf21c1f2du},
    {3, 3, 5, 1, 0xd3570c8fu},
    {5000, 3, 5, 1, 0x7d554187u},
    {20011, 777, 3, 0.1, 0x95507fc4u},
    {1000, 256, 0.5, 4000000.0, 0xadbcca72u},
    {1000, 256, 3e+38, 0, 0xe801f56du},
    {1000, 256, 1e-42, 0, 0x265d83ffu},
};

}  // namespace bireid

#endif  // BIREID_TESTS_CLOUDS_VECTORS_GENERATED_H_
