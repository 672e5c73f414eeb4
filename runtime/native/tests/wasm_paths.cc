// The kernels of WebAssembly in the machine that they run on, to the last bit: binary and integer
// convolutions against their definition, float ones against theirs with every product rounded, what
// is portable against the scalar path. kernel_paths_test.cc does the same of the other paths; this
// one needs no GoogleTest, which Emscripten would compile for half a minute.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/dispatch.h"
#include "tests/stage_reference.h"

namespace bireid {
namespace {

const KernelTable* kernels = nullptr;
const KernelTable* scalar = nullptr;

// Random windows in an input that ends with the last element of the last one.
struct Case {
  Random random;
  int channels;
  int pixels;
  std::vector<int32_t> windows;
  std::vector<int32_t> runs;
  int run_length;
  RandomStages stages;
  Range range;

  Case(uint32_t seed, int longest_run, int multiple)
      : random(seed),
        channels(random.Channels()),
        pixels(random.Int(1, 40)),
        windows(random.Offsets(pixels, 300)),
        runs(random.Offsets(random.Int(1, 7), 200)),
        run_length(multiple * random.Int(1, longest_run / multiple)),
        stages(random, pixels, channels),
        range(random.Part(pixels, channels)) {}

  int64_t depth() const { return static_cast<int64_t>(runs.size()) * run_length; }
  int64_t input_size() const {
    return *std::max_element(windows.begin(), windows.end()) +
           *std::max_element(runs.begin(), runs.end()) + run_length;
  }
  Windows view() const {
    return {windows.data(), runs.data(), static_cast<int>(runs.size()), run_length};
  }
  WeightShape shape() const { return {channels, static_cast<int>(runs.size()), run_length}; }

  // Adds function(element of the input, element of a weight row) to `sum`, in order.
  template <typename Sum, typename Function>
  Sum SumOf(int pixel, Sum sum, Function function) const {
    for (size_t r = 0; r < runs.size(); ++r) {
      for (int i = 0; i < run_length; ++i) {
        const Sum term =
            function(windows[pixel] + runs[r] + i, static_cast<int64_t>(r) * run_length + i);
        sum = sum + term;
      }
    }
    return sum;
  }

  // Whether run(stages) leaves what follows from value(pixel, channel).
  template <typename Run, typename Value>
  bool Holds(Run run, Value value) const {
    Memory actual = stages.memory();
    run(stages.Bind(actual));
    Memory expected = stages.memory();
    FollowRange(stages.Bind(expected), range, channels, value);
    return actual == expected;
  }
};

int CountOf(const std::vector<Stage>& stages) { return static_cast<int>(stages.size()); }

bool BinaryIsExact(uint32_t seed) {
  Case c(seed, seed % 10 == 0 ? 2100 : 70, 1);
  const bool all_differ = seed % 10 == 0;  // the largest sums
  std::vector<uint32_t> input = c.random.Words(c.input_size());
  std::vector<uint32_t> rows = c.random.Words(c.channels * c.depth());
  if (all_differ) std::fill(input.begin(), input.end(), 0xffffffff);
  if (all_differ) std::fill(rows.begin(), rows.end(), 0);
  const std::vector<float> multiplier = c.random.Parameters(c.channels);
  const std::vector<float> bias = c.random.Parameters(c.channels);
  const int middle = static_cast<int>(c.depth()) * 32;
  const bool clamps = c.random.Chance(50);
  const int32_t low = clamps ? c.random.Int(0, middle) : INT32_MIN;
  const int32_t high = clamps ? c.random.Int(middle, 2 * middle) : INT32_MAX;
  const AlignedBuffer packed(kernels->binary_weights_bytes(c.shape()));
  kernels->pack_binary_weights(c.shape(), rows.data(), packed.data());
  const auto run = [&](const std::vector<Stage>& stages) {
    kernels->binary_convolution({input.data(), c.view(), packed.data(), c.channels, low, high,
                                 multiplier.data(), bias.data(), stages.data(), CountOf(stages),
                                 c.range, nullptr});
  };
  return c.Holds(run, [&](int pixel, int channel) {
    const int32_t sum = c.SumOf(pixel, int32_t{0}, [&](int64_t i, int64_t k) {
      return __builtin_popcount(input[i] ^ rows[channel * c.depth() + k]);
    });
    const float product = static_cast<float>(std::clamp(2 * sum, low, high)) * multiplier[channel];
    return product + bias[channel];
  });
}

bool FloatRoundsTwicePerProduct(uint32_t seed) {
  Case c(seed, 30, 1);
  const std::vector<float> input = c.random.Floats(c.input_size());
  const std::vector<float> rows = c.random.Floats(c.channels * c.depth());
  const std::vector<float> bias = c.random.Parameters(c.channels);
  const AlignedBuffer packed(kernels->float_weights_bytes(c.shape()));
  kernels->pack_float_weights(c.shape(), rows.data(), packed.data());
  const auto run = [&](const std::vector<Stage>& stages) {
    kernels->float_convolution({input.data(), c.view(), packed.data(), c.channels, bias.data(),
                                stages.data(), CountOf(stages), c.range});
  };
  return c.Holds(run, [&](int pixel, int channel) {
    return c.SumOf(pixel, bias[channel],
                   [&](int64_t i, int64_t k) { return input[i] * rows[channel * c.depth() + k]; });
  });
}

bool DepthwiseRoundsTwicePerProduct(uint32_t seed) {
  Case c(seed, 1, 1);
  const int multiplier = seed % 3 == 0 ? 2 : 1;
  const int taps = static_cast<int>(c.runs.size());
  const std::vector<float> input = c.random.Floats(c.input_size() + c.channels);
  const std::vector<float> bias = c.random.Parameters(c.channels);
  const std::vector<float> weights =
      c.random.Floats(int64_t{Blocks(c.channels)} * taps * kBlockChannels);
  const auto run = [&](const std::vector<Stage>& stages) {
    kernels->depthwise_convolution({input.data(), c.windows.data(), c.runs.data(), taps, c.channels,
                                    multiplier, weights.data(), bias.data(), stages.data(),
                                    CountOf(stages), c.range});
  };
  return c.Holds(run, [&](int pixel, int channel) {
    float y = bias[channel];
    for (int t = 0; t < taps; ++t) {
      const int k =
          (channel / kBlockChannels * taps + t) * kBlockChannels + channel % kBlockChannels;
      const float product = input[c.windows[pixel] + c.runs[t] + channel / multiplier] * weights[k];
      y = y + product;
    }
    return y;
  });
}

bool PixelsAreExact(uint32_t seed) {
  Case c(seed, 24, 2);
  const int64_t depth = c.depth();
  std::vector<int16_t> input(c.input_size());
  for (int16_t& x : input) x = static_cast<int16_t>(c.random.Int(0, 255));
  std::vector<int> rows(c.channels * depth);
  for (int& w : rows) w = c.random.Int(-32767, 32767);  // sums stay below 168 * 255 * 32767
  const AlignedBuffer packed(Blocks(c.channels) * kBlockChannels * depth * sizeof(int16_t));
  for (int channel = 0; channel < c.channels; ++channel) {
    for (int64_t k = 0; k < depth; ++k) {
      const int64_t pair = channel / kBlockChannels * (depth / 2) + k / 2;
      static_cast<int16_t*>(packed.data())[(pair * kBlockChannels + channel % 32) * 2 + k % 2] =
          static_cast<int16_t>(rows[channel * depth + k]);
    }
  }
  const std::vector<float> scale = c.random.Parameters(c.channels);
  const auto run = [&](const std::vector<Stage>& stages) {
    kernels->pixel_convolution({input.data(), c.view(), packed.data(), c.channels, scale.data(),
                                stages.data(), CountOf(stages), c.range});
  };
  return c.Holds(run, [&](int pixel, int channel) {
    const int32_t sum = c.SumOf(pixel, int32_t{0}, [&](int64_t i, int64_t k) {
      return input[i] * rows[channel * depth + k];
    });
    return static_cast<float>(sum) * scale[channel];
  });
}

bool StagesAloneAreExact(uint32_t seed) {
  Case c(seed, 1, 1);
  const std::vector<float> input = c.random.Floats(static_cast<int64_t>(c.pixels) * c.channels);
  const auto run = [&](const std::vector<Stage>& stages) {
    kernels->apply(
        {input.data(), nullptr, c.channels, c.channels, stages.data(), CountOf(stages), c.range});
  };
  return c.Holds(run, [&](int pixel, int channel) { return input[pixel * c.channels + channel]; });
}

bool PoolsAreThoseOfTheScalarPath(uint32_t seed) {
  Case c(seed, 1, 1);
  const int width = c.pixels;
  const std::vector<float> input = c.random.Floats(int64_t{2} * width * c.channels);
  const float* rows[] = {input.data(), nullptr, input.data() + int64_t{width} * c.channels};
  const PoolKind kind = seed % 2 == 0 ? PoolKind::kMax : PoolKind::kAverage;
  const auto run = [&](const KernelTable* path) {
    Memory memory = c.stages.memory();
    const std::vector<Stage> stages = c.stages.Bind(memory);
    path->pool_row({kind, rows, 3, 2, 1, 0, width, c.channels, 0, width, c.channels, stages.data(),
                    CountOf(stages)});
    return memory;
  };
  return run(kernels) == run(scalar);
}

int Check(const char* name, bool (*holds)(uint32_t seed), uint32_t seeds) {
  int failures = 0;
  for (uint32_t seed = 0; seed < seeds; ++seed) failures += holds(seed) ? 0 : 1;
  std::printf("%s: %d of %u wrong\n", name, failures, seeds);
  return failures;
}

}  // namespace
}  // namespace bireid

int main() {
  using namespace bireid;
  kernels = FindKernels("auto");
  scalar = FindKernels("scalar");
  std::printf("auto is %s\n", kernels->name);
  const int failures =
      Check("binary", BinaryIsExact, 60) + Check("float", FloatRoundsTwicePerProduct, 40) +
      Check("depthwise", DepthwiseRoundsTwicePerProduct, 40) + Check("pixels", PixelsAreExact, 40) +
      Check("stages", StagesAloneAreExact, 60) + Check("pools", PoolsAreThoseOfTheScalarPath, 40);
  return failures == 0 ? 0 : 1;
}
