#include "kernels/packing.h"

#include <algorithm>
#include <cmath>

namespace bireid {
namespace {

template <typename Value, typename IsNegative>
void PackPixel(const Value* input, int channels, IsNegative is_negative, uint32_t* output) {
  for (int begin = 0; begin < channels; begin += 32) {
    const int count = std::min(32, channels - begin);
    uint32_t word = 0;
    for (int bit = 0; bit < count; ++bit) {
      word |= static_cast<uint32_t>(is_negative(input[begin + bit])) << bit;
    }
    *output++ = word;
  }
}

template <typename Value>
void UnpackPixel(const uint32_t* input, int channels, Value positive, Value negative,
                 Value* output) {
  for (int c = 0; c < channels; ++c) {
    output[c] = (input[c / 32] >> (c % 32) & 1) != 0 ? negative : positive;
  }
}

}  // namespace

void PackInt8Pixel(const int8_t* input, int channels, int32_t zero_point, uint32_t* output) {
  PackPixel(
      input, channels, [=](int8_t value) { return value < zero_point; }, output);
}

void PackBoolPixel(const uint8_t* input, int channels, uint32_t* output) {
  PackPixel(
      input, channels, [](uint8_t value) { return value == 0; }, output);
}

void UnpackFloatPixel(const uint32_t* input, int channels, float* output) {
  UnpackPixel(input, channels, 1.0f, -1.0f, output);
}

void UnpackBoolPixel(const uint32_t* input, int channels, uint8_t* output) {
  UnpackPixel<uint8_t>(input, channels, 1, 0, output);
}

Int8Signs Int8Signs::Of(float scale, int32_t zero_point) {
  // In float32, as LCE rounds. Bounded before the conversion, which would overflow for tiny scales.
  const int step = static_cast<int>(std::min(std::round(1.0f / scale), 1024.0f));
  const auto saturate = [](int value) { return static_cast<int8_t>(std::clamp(value, -128, 127)); };
  return {saturate(zero_point - step), saturate(zero_point + step)};
}

void UnpackInt8Pixel(const uint32_t* input, int channels, const Int8Signs& signs, int8_t* output) {
  UnpackPixel(input, channels, signs.positive, signs.negative, output);
}

}  // namespace bireid
