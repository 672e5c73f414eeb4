// Convolutions of single channels, on every path that this CPU can run, against their definition to
// the last bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "kernels/kernel_table.h"
#include "tests/plan_runner.h"
#include "tests/stage_reference.h"

namespace bireid {
namespace {

class DepthwisePaths : public testing::TestWithParam<std::string> {};

// The input ends with the last channel of the last tap; what stands for channels that do not exist
// must have no effect.
TEST_P(DepthwisePaths, AreExact) {
  const KernelTable& kernels = *FindKernels(GetParam());
  for (uint32_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int pixels = random.Int(1, 40);
    const int multiplier = random.Chance(70) ? 1 : random.Int(2, 3);
    const int inputs = random.Chance(50) ? random.Int(1, 40) : random.Channels();
    const int channels = inputs * multiplier;
    const std::vector<int32_t> windows = random.Offsets(pixels, 300);
    const std::vector<int32_t> taps = random.Offsets(random.Int(1, 25), 200);
    const int tap_count = static_cast<int>(taps.size());
    const std::vector<float> input =
        random.Floats(*std::max_element(windows.begin(), windows.end()) +
                      *std::max_element(taps.begin(), taps.end()) + inputs);
    std::vector<float> weights(static_cast<size_t>(Blocks(channels)) * tap_count * kBlockChannels,
                               std::numeric_limits<float>::quiet_NaN());
    const auto weight = [&](int tap, int c) -> float& {
      const int64_t row = int64_t{c / kBlockChannels} * tap_count + tap;
      return weights[row * kBlockChannels + c % kBlockChannels];
    };
    for (int c = 0; c < channels; ++c) {
      for (int tap = 0; tap < tap_count; ++tap) weight(tap, c) = random.Float();
    }
    const std::vector<float> bias = random.Parameters(channels);
    const RandomStages stages(random, pixels, channels);
    const Range range = random.Part(pixels, channels);
    Memory actual = stages.memory();
    const std::vector<Stage> bound = stages.Bind(actual);
    kernels.depthwise_convolution({input.data(), windows.data(), taps.data(), tap_count, channels,
                                   multiplier, weights.data(), bias.data(), bound.data(),
                                   static_cast<int>(bound.size()), range});

    Memory expected = stages.memory();
    FollowRange(stages.Bind(expected), range, channels, [&](int pixel, int c) {
      float y = bias[c];
      for (int tap = 0; tap < tap_count; ++tap) {
        y = std::fma(input[windows[pixel] + taps[tap] + c / multiplier], weight(tap, c), y);
      }
      return y;
    });
    for (size_t m = 0; m < expected.size(); ++m) {
      ASSERT_TRUE(actual[m] == expected[m]) << "map of stage " << m;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, DepthwisePaths, testing::ValuesIn(AvailablePaths()));

}  // namespace
}  // namespace bireid
