// Packing of maps that are not float, and unpacking. Portable code: these are rare and small.
#ifndef BIREID_KERNELS_PACKING_H_
#define BIREID_KERNELS_PACKING_H_

#include <cstddef>
#include <cstdint>

namespace bireid {

// One pixel: `channels` values to ceil(channels / 32) words, or back.
void PackInt8Pixel(const int8_t* input, int channels, int32_t zero_point, uint32_t* output);
void PackBoolPixel(const uint8_t* input, int channels, uint32_t* output);
void UnpackFloatPixel(const uint32_t* input, int channels, float* output);
void UnpackBoolPixel(const uint32_t* input, int channels, uint8_t* output);

// What -1 and +1 become in an int8 map.
struct Int8Signs {
  int8_t negative;
  int8_t positive;

  // `scale` must be positive.
  static Int8Signs Of(float scale, int32_t zero_point);
};
void UnpackInt8Pixel(const uint32_t* input, int channels, const Int8Signs& signs, int8_t* output);

}  // namespace bireid

#endif  // BIREID_KERNELS_PACKING_H_
