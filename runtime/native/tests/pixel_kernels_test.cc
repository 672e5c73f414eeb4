// The kernels of 8-bit pixels on every path that this CPU can run against their plain definition,
// to the last bit.
#include <gtest/gtest.h>

#if defined(__linux__) && defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/dispatch.h"
#include "tests/random_windows.h"
#include "tests/stage_reference.h"

namespace bireid {
namespace {

class PixelKernels : public testing::TestWithParam<std::string> {
 protected:
  const KernelTable& kernels_ = *FindKernels(GetParam());
};

void CheckConvolution(const KernelTable& kernels, Random& random, int channels,
                      const RandomWindows& windows, int largest_weight) {
  const int pixels = static_cast<int>(windows.windows.size());
  const int64_t depth = windows.depth();
  std::vector<int16_t> input(windows.input_size);
  for (int16_t& x : input) x = static_cast<int16_t>(random.Int(0, 255));
  std::vector<int16_t> rows(channels * depth);
  for (int16_t& w : rows) w = static_cast<int16_t>(random.Int(-largest_weight, largest_weight));
  const WeightShape shape = windows.shape(channels);
  const AlignedBuffer packed(kernels.pixel_weights_bytes(shape));
  kernels.pack_pixel_weights(shape, rows.data(), packed.data());
  const std::vector<float> scale = random.Parameters(channels);
  const RandomStages stages(random, pixels, channels);
  const Range range = random.Part(pixels, channels);
  Memory actual = stages.memory();
  const std::vector<Stage> bound = stages.Bind(actual);
  kernels.pixel_convolution({input.data(), windows.view(), packed.data(), channels, scale.data(),
                             bound.data(), static_cast<int>(bound.size()), range});

  Memory expected = stages.memory();
  FollowRange(stages.Bind(expected), range, channels, [&](int pixel, int c) {
    int32_t sum = 0;
    windows.ForEach(pixel, [&](int64_t i, int64_t k) { sum += input[i] * rows[c * depth + k]; });
    return static_cast<float>(sum) * scale[c];
  });
  ExpectSameMemory(actual, expected);
}

TEST_P(PixelKernels, ConvolutionIsExact) {
  for (uint32_t seed = 0; seed < 80; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int channels = random.Channels();
    const int pixels = random.Int(1, 30);
    const RandomWindows windows(random, pixels, random.Int(1, 7), 2 * random.Int(1, 12));
    // Sums stay below 168 * 255 * 32767.
    CheckConvolution(kernels_, random, channels, windows, 32767);
    if (HasFatalFailure()) return;
  }
}

TEST_P(PixelKernels, ConvolutionOfDeepWindowsIsExact) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    // The deepest windows that 64-bit NEON copies, and deeper ones.
    const RandomWindows windows(random, 7, 4, seed % 2 == 0 ? 256 : 258);
    CheckConvolution(kernels_, random, 40, windows, 8000);
    if (HasFatalFailure()) return;
  }
}

TEST_P(PixelKernels, FindPixelsUndoesNormalisation) {
  constexpr float kTolerance = 0.01f;
  constexpr int16_t kGuard = 12345;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int count = random.Int(1, 100);
    const std::vector<float> slope(count, 58.395f);
    const std::vector<float> offset(count, 123.675f);
    std::vector<int16_t> expected(count + kGuardWords, kGuard);
    std::vector<float> values(count);
    for (int i = 0; i < count; ++i) {
      expected[i] = static_cast<int16_t>(random.Int(0, 255));
      values[i] = (expected[i] - offset[i]) / slope[i];
    }
    const float no_pixels[] = {0.02f, -0.02f, 300.0f, -300.0f, 1e30f, std::nanf("")};
    const bool all_pixels = seed % 2 == 0;
    if (!all_pixels) values[random.Int(0, count - 1)] += no_pixels[seed / 2 % 6] / slope[0];
    std::vector<int16_t> actual(count + kGuardWords, kGuard);
    EXPECT_EQ(kernels_.find_pixels(
                  {values.data(), slope.data(), offset.data(), count, kTolerance, actual.data()}),
              all_pixels);
    EXPECT_TRUE(!all_pixels || actual == expected);
    EXPECT_EQ(std::count(actual.begin() + count, actual.end(), kGuard), kGuardWords);
  }
}

#if defined(__linux__) && defined(__aarch64__)
TEST(PixelKernelsOfNeon, AreDotProductsWhereTheCpuHasThem) {
  const bool cpu_has_them = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  ASSERT_NE(NeonDotProducts(), nullptr);
  EXPECT_EQ(FindKernels("neon")->pixel_convolution == NeonDotProducts()->pixel_convolution,
            cpu_has_them);
}
#endif

INSTANTIATE_TEST_SUITE_P(Paths, PixelKernels, testing::ValuesIn(AvailablePaths()),
                         [](const auto& path) { return path.param; });

}  // namespace
}  // namespace bireid
