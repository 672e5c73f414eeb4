// Functions of one pixel against their definitions.
#include "kernels/pixelwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace bireid {
namespace {

float LogisticOf(float x) {
  float y;
  Logistic(&x, 1, &y);
  return y;
}

TEST(Pixelwise, LogisticIsCloseToItsDefinition) {
  // Floats of every size and both signs.
  double largest = 0;
  for (int64_t pattern = 0; pattern < int64_t{1} << 32; pattern += 4093) {
    const uint32_t bits = static_cast<uint32_t>(pattern);
    float x;
    std::memcpy(&x, &bits, sizeof(x));
    if (!std::isfinite(x)) continue;
    const double expected = 1.0 / (1.0 + std::exp(-static_cast<double>(x)));
    const double difference = std::abs(LogisticOf(x) - expected);
    if (expected >= 1e-37) {
      largest = std::max(largest, difference / expected);
    } else {
      ASSERT_LT(difference, 1e-37) << x;
    }
  }
  EXPECT_LT(largest, 3e-7);
}

TEST(Pixelwise, LogisticOfSpecialValues) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(LogisticOf(0.0f), 0.5f);
  EXPECT_EQ(LogisticOf(-0.0f), 0.5f);
  EXPECT_EQ(LogisticOf(kInfinity), 1.0f);
  EXPECT_LT(LogisticOf(-kInfinity), 1e-37f);
  EXPECT_TRUE(std::isnan(LogisticOf(std::nanf(""))));
}

TEST(Pixelwise, LogisticOfAVectorIsThatOfItsValues) {
  std::vector<float> input;
  for (int i = 0; i < 37; ++i) input.push_back(5.0f * std::sin(static_cast<float>(i)));
  std::vector<float> output(input.size());
  Logistic(input.data(), static_cast<int>(input.size()), output.data());
  for (size_t i = 0; i < input.size(); ++i) EXPECT_EQ(output[i], LogisticOf(input[i])) << i;
}

TEST(Pixelwise, HardSwishIsItsDefinition) {
  const std::vector<float> input{-5.0f, -3.0f, -2.9f, -0.0f, 1.0f, 2.7f, 3.0f, 8.0f};
  std::vector<float> output(input.size());
  HardSwish(input.data(), static_cast<int>(input.size()), output.data());
  for (size_t i = 0; i < input.size(); ++i) {
    EXPECT_EQ(output[i], input[i] * std::min(std::max(input[i] + 3.0f, 0.0f), 6.0f) / 6.0f) << i;
  }
}

float PowerOf(float base, float exponent) {
  float y;
  Power(&base, &exponent, 1, &y);
  return y;
}

TEST(Pixelwise, PowersAreRoundedOnce) {
  // Floats of every size and both signs.
  int different = 0;
  int count = 0;
  for (const float exponent : {3.0f, 1.0f / 3.0f, -0.5f, 2.0f, -1.0f, 6.7f, 40.0f, 1.0f}) {
    for (int64_t pattern = 0; pattern < int64_t{1} << 32; pattern += 65521) {
      const uint32_t bits = static_cast<uint32_t>(pattern);
      float base;
      std::memcpy(&base, &bits, sizeof(base));
      if (std::isnan(base)) continue;
      const long double exact = std::pow(static_cast<long double>(base), exponent);
      const float expected = static_cast<float>(exact);
      const float power = PowerOf(base, exponent);
      ++count;
      if (std::isnan(expected) ? std::isnan(power) : power == expected) continue;
      ++different;
      ASSERT_LE(std::abs(power - exact), 1.2e-7 * std::abs(exact)) << base << " " << exponent;
    }
  }
  EXPECT_LE(different, count / 100000);
}

TEST(Pixelwise, PowersOfSpecialValuesAreThoseOfC) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float base : {0.0f, -0.0f, 1.0f, -1.0f, -2.0f, infinity, -infinity, std::nanf("")}) {
    for (const float exponent : {0.0f, 1.0f, -1.0f, 2.0f, -2.0f, 3.0f, -3.0f, 0.5f, -0.5f, 1e30f}) {
      const float expected = std::pow(base, exponent);
      const float power = PowerOf(base, exponent);
      EXPECT_TRUE(std::isnan(expected)
                      ? std::isnan(power)
                      : power == expected && std::signbit(power) == std::signbit(expected))
          << base << " to the power of " << exponent << " is " << power;
    }
  }
}

TEST(Pixelwise, L2NormalizeDividesByTheLength) {
  const std::vector<float> input{3.0f, -4.0f, 0.0f, 12.0f};
  std::vector<float> output(4);
  L2Normalize(input.data(), 4, output.data());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(output[i], input[i] / 13.0f);
}

TEST(Pixelwise, L2NormalizeBoundsTheLengthFromBelow) {
  const std::vector<float> input{0.0f, 5e-7f};
  std::vector<float> output(2);
  L2Normalize(input.data(), 2, output.data());
  EXPECT_EQ(output[0], 0.0f);
  EXPECT_EQ(output[1], 5e-7f / 1e-6f);
}

}  // namespace
}  // namespace bireid
