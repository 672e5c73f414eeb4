// Every path that this CPU can run against one plain definition of each kernel, to the last bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/dispatch.h"
#include "tests/random_windows.h"
#include "tests/stage_reference.h"

namespace bireid {
namespace {

class KernelPaths : public testing::TestWithParam<std::string> {
 protected:
  void CheckBinaryConvolution(Random& random, int channels, const RandomWindows& windows,
                              const std::vector<uint32_t>& input,
                              const std::vector<uint32_t>& rows);
  void CheckFloatConvolution(Random& random, int channels, const RandomWindows& windows,
                             const std::vector<float>& input, const std::vector<float>& rows,
                             const std::vector<float>& bias);

  const KernelTable& kernels_ = *FindKernels(GetParam());
};

void KernelPaths::CheckBinaryConvolution(Random& random, int channels, const RandomWindows& windows,
                                         const std::vector<uint32_t>& input,
                                         const std::vector<uint32_t>& rows) {
  const int pixels = static_cast<int>(windows.windows.size());
  const RandomStages stages(random, pixels, channels);
  const std::vector<float> multiplier = random.Parameters(channels);
  const std::vector<float> bias = random.Parameters(channels);
  const int middle = static_cast<int>(windows.depth()) * 32;
  const bool clamps = random.Chance(50);
  const int32_t low = clamps ? random.Int(0, middle) : INT32_MIN;
  const int32_t high = clamps ? random.Int(middle, 2 * middle) : INT32_MAX;
  const Range range = random.Part(pixels, channels);

  const WeightShape shape = windows.shape(channels);
  const AlignedBuffer packed(kernels_.binary_weights_bytes(shape));
  kernels_.pack_binary_weights(shape, rows.data(), packed.data());
  const size_t scratch_bytes = kernels_.binary_scratch_bytes(input.size());
  const AlignedBuffer scratch(scratch_bytes + kGuardWords);
  Memory actual = stages.memory();
  const std::vector<Stage> bound = stages.Bind(actual);
  kernels_.binary_convolution({input.data(), windows.view(), packed.data(), channels, low, high,
                               multiplier.data(), bias.data(), bound.data(),
                               static_cast<int>(bound.size()), range, scratch.data()});

  Memory expected = stages.memory();
  FollowRange(stages.Bind(expected), range, channels, [&](int pixel, int c) {
    int32_t sum = 0;
    windows.ForEach(pixel, [&](int64_t i, int64_t k) {
      sum += __builtin_popcount(input[i] ^ rows[c * windows.depth() + k]);
    });
    const float product = static_cast<float>(std::clamp(2 * sum, low, high)) * multiplier[c];
    return product + bias[c];
  });
  ExpectSameMemory(actual, expected);
  const char* guard = static_cast<const char*>(scratch.data()) + scratch_bytes;
  EXPECT_EQ(std::count(guard, guard + kGuardWords, 0), kGuardWords);
}

TEST_P(KernelPaths, BinaryConvolutionIsExact) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int channels = random.Channels();
    const RandomWindows windows(random, random.Int(1, 40), random.Int(1, 9), random.Int(1, 40));
    CheckBinaryConvolution(random, channels, windows, random.Words(windows.input_size),
                           random.Words(channels * windows.depth()));
    if (HasFatalFailure()) return;
  }
}

TEST_P(KernelPaths, BinarySumsBeyond16BitsAreExact) {
  // Every bit differs: the largest sums that a depth can have.
  for (const int words : {2047, 2048, 4200}) {
    SCOPED_TRACE(words);
    Random random(words);
    const int channels = 67;
    const RandomWindows windows(random, 9, 1, words);
    CheckBinaryConvolution(random, channels, windows,
                           std::vector<uint32_t>(windows.input_size, 0xffffffff),
                           std::vector<uint32_t>(channels * windows.depth(), 0));
    const RandomWindows three_runs(random, 9, 3, words / 3);
    CheckBinaryConvolution(random, channels, three_runs,
                           std::vector<uint32_t>(three_runs.input_size, 0),
                           std::vector<uint32_t>(channels * three_runs.depth(), 0xffffffff));
    if (HasFatalFailure()) return;
  }
}

void KernelPaths::CheckFloatConvolution(Random& random, int channels, const RandomWindows& windows,
                                        const std::vector<float>& input,
                                        const std::vector<float>& rows,
                                        const std::vector<float>& bias) {
  const int pixels = static_cast<int>(windows.windows.size());
  const RandomStages stages(random, pixels, channels);
  const Range range = random.Part(pixels, channels);
  const WeightShape shape = windows.shape(channels);
  const AlignedBuffer packed(kernels_.float_weights_bytes(shape));
  kernels_.pack_float_weights(shape, rows.data(), packed.data());
  Memory actual = stages.memory();
  const std::vector<Stage> bound = stages.Bind(actual);
  kernels_.float_convolution({input.data(), windows.view(), packed.data(), channels, bias.data(),
                              bound.data(), static_cast<int>(bound.size()), range});

  Memory expected = stages.memory();
  FollowRange(stages.Bind(expected), range, channels, [&](int pixel, int c) {
    float y = bias[c];
    windows.ForEach(pixel, [&](int64_t i, int64_t k) {
      y = std::fma(input[i], rows[c * windows.depth() + k], y);
    });
    return y;
  });
  ExpectSameMemory(actual, expected);
}

TEST_P(KernelPaths, FloatConvolutionRoundsOncePerProduct) {
  constexpr float kUnit = 1.0f / (1 << 23);
  for (uint32_t seed = 0; seed < 90; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int channels = random.Channels();
    const RandomWindows windows(random, random.Int(1, 30), random.Int(1, 7), random.Int(1, 30));
    std::vector<float> input = random.Floats(windows.input_size);
    std::vector<float> rows = random.Floats(channels * windows.depth());
    std::vector<float> bias = random.Parameters(channels);
    if (seed % 3 == 1) {
      // Exponents far apart: cancellation, subnormal numbers, and at last infinity.
      for (float& x : input) x = std::ldexp(x, random.Int(-75, -40));
      for (float& w : rows) w = std::ldexp(w, random.Int(-75, 40));
      rows.back() = input.back() = std::numeric_limits<float>::max();
    } else if (seed % 3 == 2) {
      // Sums next to halfway between two floats, by less than the last bit of a double.
      const auto near_one = [&] {
        const int steps[] = {-397, -1, 0, 1, 397};  // 397^2 units squared are 0.6 of that bit
        return 1.0f + static_cast<float>(steps[random.Int(0, 4)]) * kUnit;
      };
      for (float& x : input) x = near_one();
      for (float& w : rows) w = near_one() * kUnit / 2;
      for (float& b : bias) b = 1.0f + static_cast<float>(random.Int(0, 7)) * kUnit;
    }
    CheckFloatConvolution(random, channels, windows, input, rows, bias);
    if (HasFatalFailure()) return;
  }
}

void CheckPool(const KernelTable& kernels, Random& random, PoolKind kind) {
  const int channels = random.Channels();
  const int filter_width = random.Int(1, 4);
  const int stride = random.Int(1, 3);
  const int pad = random.Int(0, filter_width - 1);
  const int input_width = random.Int(filter_width, 30);
  const int output_width = random.Int(1, (input_width - 1 + pad) / stride + 1);
  const int output_row = random.Int(0, 3);
  const int64_t pixel_stride = channels + random.Int(0, 3);
  const bool is_whole = random.Chance(50);  // square windows, no row of which is outside
  std::vector<std::vector<float>> inputs(is_whole ? filter_width : random.Int(1, 4));
  std::vector<const float*> rows;
  for (std::vector<float>& input : inputs) {
    input = random.Floats((input_width - 1) * pixel_stride + channels);
    for (float& x : input) x = random.Chance(30) ? std::copysign(0.0f, x) : x;
    const bool is_outside = !rows.empty() && !is_whole && random.Chance(30);
    rows.push_back(is_outside ? nullptr : input.data());
  }
  random.Shuffle(rows);
  const int pixels = (output_row + 1) * output_width;
  const RandomStages stages(random, pixels, channels);
  Memory actual = stages.memory();
  const std::vector<Stage> bound = stages.Bind(actual);
  kernels.pool_row({kind, rows.data(), static_cast<int>(rows.size()), filter_width, stride, pad,
                    input_width, pixel_stride, output_row, output_width, channels, bound.data(),
                    static_cast<int>(bound.size())});

  Memory expected = stages.memory();
  const Range range{output_row * output_width, pixels, 0, Blocks(channels)};
  FollowRange(stages.Bind(expected), range, channels, [&](int pixel, int c) {
    float y = kind == PoolKind::kMax ? std::numeric_limits<float>::lowest() : 0.0f;
    int taps = 0;
    for (const float* row : rows) {
      const int start = pixel % output_width * stride - pad;
      for (int x = start; row != nullptr && x < start + filter_width; ++x) {
        if (x < 0 || x >= input_width) continue;
        const float tap = row[x * pixel_stride + c];
        y = kind == PoolKind::kAverage ? y + tap : y > tap ? y : tap;
        ++taps;
      }
    }
    return kind == PoolKind::kAverage ? y / static_cast<float>(taps) : y;
  });
  ExpectSameMemory(actual, expected);
}

TEST_P(KernelPaths, PoolCountsTapsInside) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    CheckPool(kernels_, random, seed % 2 == 0 ? PoolKind::kMax : PoolKind::kAverage);
    if (HasFatalFailure()) return;
  }
}

TEST_P(KernelPaths, ApplyRunsStagesAlone) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int channels = random.Channels();
    const int pixels = random.Int(1, 40);
    const int64_t stride = channels + random.Int(0, 3);
    const std::vector<float> input = random.Floats((pixels - 1) * stride + channels);
    std::vector<int32_t> offsets;
    for (int p = 0; p < pixels; ++p) offsets.push_back(static_cast<int32_t>(p * stride));
    random.Shuffle(offsets);
    const bool has_offsets = random.Chance(50);
    const RandomStages stages(random, pixels, channels);
    const Range range = random.Part(pixels, channels);
    Memory actual = stages.memory();
    const std::vector<Stage> bound = stages.Bind(actual);
    kernels_.apply({input.data(), has_offsets ? offsets.data() : nullptr, stride, channels,
                    bound.data(), static_cast<int>(bound.size()), range});

    Memory expected = stages.memory();
    FollowRange(stages.Bind(expected), range, channels, [&](int pixel, int c) {
      return input[(has_offsets ? offsets[pixel] : pixel * stride) + c];
    });
    ExpectSameMemory(actual, expected);
    if (HasFatalFailure()) return;
  }
}

TEST_P(KernelPaths, SpecialValuesPackAndRoundAlike) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kTiny = std::numeric_limits<float>::denorm_min();
  const std::vector<float> special = {
      0.0f, -0.0f, kNan,  -kNan,  kInfinity, -kInfinity,   kTiny,   -kTiny,  1.0f,    -1.0f,
      0.5f, -0.5f, 1.5f,  -1.5f,  2.5f,      0.49999997f,  126.5f,  127.5f,  -127.5f, -128.5f,
      1e9f, -1e9f, 3e38f, -3e38f, 8388609.f, -0.49999997f, 127.49f, -128.4f, -129.0f, 1e-30f};
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int channels = random.Channels();
    const int pixels = random.Int(1, 20);
    const auto pick = [&](std::vector<float> values) {
      for (float& v : values) v = special[random.Int(0, static_cast<int>(special.size()) - 1)];
      return values;
    };
    const std::vector<float> input = pick(std::vector<float>(pixels * channels));
    const std::vector<float> bound = pick(std::vector<float>(Blocks(channels) * kBlockChannels));
    const auto run = [&](auto kernel) {
      Memory memory(3, std::vector<uint32_t>(pixels * channels, 0xabababab));
      std::vector<Stage> stages(3);
      stages[0].kind = StageKind::kPackSigns;
      stages[1].kind = StageKind::kPackAbove;
      stages[2].kind = StageKind::kStoreInt8;
      for (int s = 0; s < 3; ++s) {
        stages[s].channel = bound.data();
        stages[s].map = memory[s].data();
        stages[s].stride = s == 2 ? channels : Blocks(channels);
      }
      kernel(stages);
      return memory;
    };
    const Range range{0, pixels, 0, Blocks(channels)};
    const Memory actual = run([&](const std::vector<Stage>& stages) {
      kernels_.apply({input.data(), nullptr, channels, channels, stages.data(), 3, range});
    });
    const Memory expected = run([&](const std::vector<Stage>& stages) {
      FollowRange(stages, range, channels,
                  [&](int pixel, int c) { return input[pixel * channels + c]; });
    });
    ExpectSameMemory(actual, expected);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, KernelPaths, testing::ValuesIn(AvailablePaths()),
                         [](const auto& path) { return path.param; });

}  // namespace
}  // namespace bireid
