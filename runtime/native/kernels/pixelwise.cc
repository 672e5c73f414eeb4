#include "kernels/pixelwise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace bireid {
namespace {

// exp(x) for -87.5 <= x <= 0, or NaN of NaN.
float Exponential(float x) {
  constexpr float kLog2OfE = 1.44269504f;
  // ln(2) in two parts, of which the first has so few bits that its multiples are exact.
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  // A float of this size has no bits for a fraction: adding it rounds, and leaves the whole number
  // in the low bits.
  constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23
  const float shifted = x * kLog2OfE + kRounder;
  const float whole = shifted - kRounder;
  const float r = (x - whole * kLn2High) - whole * kLn2Low;  // |r| <= ln(2) / 2
  float series = 1.0f / 5040;
  series = series * r + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  series = series * r * r + r + 1.0f;
  uint32_t bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  bits = (bits + 127) << 23;  // 2^whole: the exponent; the rest is shifted out
  float power;
  std::memcpy(&power, &bits, sizeof(power));
  return series * power;
}

}  // namespace

void Logistic(const float* __restrict input, int channels, float* __restrict output) {
  constexpr float kSmallest = -87.0f;  // below, exp() has no normal float
  // In several loops: of one, compilers make branches, and then no vector code.
  for (int c = 0; c < channels; ++c) {
    const float negative = -std::fabs(input[c]);
    output[c] = negative < kSmallest ? kSmallest : negative;
  }
  for (int c = 0; c < channels; ++c) output[c] = Exponential(output[c]);
  // With e = exp(-|x|) <= 1: 1 / (1 + e) for x >= 0, and e / (1 + e) for the others.
  for (int c = 0; c < channels; ++c) {
    const float e = output[c];
    const float least = static_cast<float>(input[c] >= 0.0f);
    output[c] = (e > least ? e : least) / (1.0f + e);
  }
}

void HardSwish(const float* __restrict input, int channels, float* __restrict output) {
  for (int c = 0; c < channels; ++c) {
    const float shifted = input[c] + 3.0f;
    const float positive = shifted > 0.0f ? shifted : 0.0f;
    output[c] = input[c] * (positive < 6.0f ? positive : 6.0f) / 6.0f;
  }
}

void ReciprocalRoot(const float* __restrict input, int channels, float* __restrict output) {
  for (int c = 0; c < channels; ++c) output[c] = 1.0f / std::sqrt(input[c]);
}

void L2Normalize(const float* __restrict input, int channels, float* __restrict output) {
  float squares = 0.0f;
  for (int c = 0; c < channels; ++c) squares += input[c] * input[c];
  const float length = std::max(std::sqrt(squares), 1e-6f);
  for (int c = 0; c < channels; ++c) output[c] = input[c] / length;
}

void Sum(const float* __restrict a, const float* __restrict b, int channels,
         float* __restrict output) {
  for (int c = 0; c < channels; ++c) output[c] = a[c] + b[c];
}

void Difference(const float* __restrict a, const float* __restrict b, int channels,
                float* __restrict output) {
  for (int c = 0; c < channels; ++c) output[c] = a[c] - b[c];
}

void Product(const float* __restrict a, const float* __restrict b, int channels,
             float* __restrict output) {
  for (int c = 0; c < channels; ++c) output[c] = a[c] * b[c];
}

void SquaredDifference(const float* __restrict a, const float* __restrict b, int channels,
                       float* __restrict output) {
  for (int c = 0; c < channels; ++c) {
    const float difference = a[c] - b[c];
    output[c] = difference * difference;
  }
}

}  // namespace bireid
