// Powers in double precision, of which the float is a rounding: Logarithm and Exponential are good
// to about 1e-15, so what is rounded wrongly lies within a millionth of halfway.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "kernels/pixelwise.h"

namespace bireid {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kLn2High = 0.693147180369123816490;  // its multiples by exponents are exact
constexpr double kLn2Low = 1.90821492927058770002e-10;

uint64_t BitsOf(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

double DoubleOf(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// Of a positive normal number: x = 2^e * m, sqrt(1/2) <= m < sqrt(2), and
// log(m) = 2 * atanh(s) = 2 * (s + s^3 / 3 + ...) of s = (m - 1) / (m + 1), |s| < 0.172.
double Logarithm(double x) {
  constexpr uint64_t kRootOfHalf = 0x3fe6a09e667f3bcd;
  constexpr int kMantissaBits = 52;
  constexpr int kLastTerm = 21;
  // As if the mantissa began at sqrt(1/2); the bias keeps the number positive.
  constexpr uint64_t kBias = 1023;
  const uint64_t biased = (BitsOf(x) - kRootOfHalf + (kBias << kMantissaBits)) >> kMantissaBits;
  const auto exponent = static_cast<double>(static_cast<int64_t>(biased - kBias));
  const double m = DoubleOf(BitsOf(x) - ((biased - kBias) << kMantissaBits));
  const double s = (m - 1.0) / (m + 1.0);
  double series = 0.0;
  for (int term = kLastTerm; term > 1; term -= 2) series = (series + 1.0 / term) * s * s;
  return exponent * kLn2High + (2.0 * s * (series + 1.0) + exponent * kLn2Low);
}

// Of -200 to 200.
double Exponential(double x) {
  constexpr double kLog2OfE = 1.4426950408889634;
  constexpr int kTerms = 13;
  const double whole = std::floor(x * kLog2OfE + 0.5);
  const double r = (x - whole * kLn2High) - whole * kLn2Low;  // |r| <= ln(2) / 2
  double series = 1.0;
  for (int term = kTerms; term > 0; --term) series = series * (r / term) + 1.0;
  return series * DoubleOf(static_cast<uint64_t>(static_cast<int64_t>(whole) + 1023) << 52);
}

// Of a positive finite base.
float PositivePower(double base, double exponent) {
  constexpr double kLargest = 200.0;  // where every float is infinite, or below, zero
  const double power = exponent * Logarithm(base);
  if (power > kLargest) return kInfinity;
  if (power < -kLargest) return 0.0f;
  const double result = Exponential(power);
  // From half a unit beyond the largest float on.
  return result >= 0x1.ffffffp127 ? kInfinity : static_cast<float>(result);
}

bool IsOdd(float exponent) {
  constexpr float kAllEven = 16777216.0f;  // from 2^24 on, all floats are even numbers
  return std::fabs(exponent) < kAllEven && std::floor(exponent) == exponent &&
         static_cast<int32_t>(exponent) % 2 != 0;
}

float PowerOf(float base, float exponent) {
  if (exponent == 0.0f) return 1.0f;
  if (std::isnan(base)) return base;
  const bool is_negative = std::signbit(base);
  const float sign = is_negative && IsOdd(exponent) ? -1.0f : 1.0f;
  const float magnitude = std::fabs(base);
  if (magnitude == 0.0f) return exponent > 0.0f ? sign * 0.0f : sign * kInfinity;
  if (magnitude == kInfinity) return exponent > 0.0f ? sign * kInfinity : sign * 0.0f;
  if (is_negative && std::floor(exponent) != exponent) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  return sign * PositivePower(magnitude, exponent);
}

}  // namespace

void Power(const float* base, const float* exponent, int channels, float* output) {
  for (int c = 0; c < channels; ++c) output[c] = PowerOf(base[c], exponent[c]);
}

}  // namespace bireid
