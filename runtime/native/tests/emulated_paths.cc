// The fastest kernels of the machine that this runs on, to the last bit: convolutions against their
// definition, the others against the scalar path. kernel_paths_test.cc does the same and more; this
// needs no GoogleTest, which takes half a minute to compile for WebAssembly or 32-bit ARM. What
// such machines do to numbers below 2^-126 is left out.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/dispatch.h"
#include "kernels/resize_kernels.h"
#include "kernels/search_kernels.h"
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

  // sum = function(sum, element of the input, element of a weight row) for each, in order.
  template <typename Sum, typename Function>
  Sum SumOf(int pixel, Sum sum, Function function) const {
    for (size_t r = 0; r < runs.size(); ++r) {
      for (int i = 0; i < run_length; ++i) {
        sum = function(sum, windows[pixel] + runs[r] + i, static_cast<int64_t>(r) * run_length + i);
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
  Case c(seed, seed % 20 == 0 ? 2100 : 70, 1);
  const bool all_differ = seed % 20 == 0;  // the largest sums
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
    const int32_t sum = c.SumOf(pixel, int32_t{0}, [&](int32_t so_far, int64_t i, int64_t k) {
      return so_far + __builtin_popcount(input[i] ^ rows[channel * c.depth() + k]);
    });
    const float product = static_cast<float>(std::clamp(2 * sum, low, high)) * multiplier[channel];
    return product + bias[channel];
  });
}

// WebAssembly alone has no fused multiply-add.
float MultiplyAdd(float a, float b, float y) {
  if (std::string_view(kernels->name) != "wasm") return std::fma(a, b, y);
  const float product = a * b;
  return y + product;
}

bool FloatIsExact(uint32_t seed) {
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
    return c.SumOf(pixel, bias[channel], [&](float sum, int64_t i, int64_t k) {
      return MultiplyAdd(input[i], rows[channel * c.depth() + k], sum);
    });
  });
}

bool DepthwiseIsExact(uint32_t seed) {
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
      y = MultiplyAdd(input[c.windows[pixel] + c.runs[t] + channel / multiplier], weights[k], y);
    }
    return y;
  });
}

bool PixelsAreExact(uint32_t seed) {
  Case c(seed, 24, 2);
  const int64_t depth = c.depth();
  std::vector<int16_t> input(c.input_size());
  for (int16_t& x : input) x = static_cast<int16_t>(c.random.Int(0, 255));
  std::vector<int16_t> rows(c.channels * depth);
  // Sums stay below 168 * 255 * 32767.
  for (int16_t& w : rows) w = static_cast<int16_t>(c.random.Int(-32767, 32767));
  const AlignedBuffer packed(kernels->pixel_weights_bytes(c.shape()));
  kernels->pack_pixel_weights(c.shape(), rows.data(), packed.data());
  const std::vector<float> scale = c.random.Parameters(c.channels);
  const auto run = [&](const std::vector<Stage>& stages) {
    kernels->pixel_convolution({input.data(), c.view(), packed.data(), c.channels, scale.data(),
                                stages.data(), CountOf(stages), c.range});
  };
  return c.Holds(run, [&](int pixel, int channel) {
    const int32_t sum = c.SumOf(pixel, int32_t{0}, [&](int32_t so_far, int64_t i, int64_t k) {
      return so_far + input[i] * rows[channel * depth + k];
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

bool SearchIsThatOfTheScalarPath(uint32_t seed) {
  Random random(seed);
  const size_t count = random.Int(1, 5);
  const size_t dim = random.Int(1, 700);
  const std::vector<float> rows = random.Floats(count * dim);
  const std::vector<float> query = random.Floats(dim);
  const auto run = [&](const KernelTable* path) {
    const SearchKernels& search = SearchKernelsOf(*path);
    const auto bytes = [](const float* numbers) {
      return reinterpret_cast<const uint8_t*>(numbers);
    };
    std::vector<int32_t> distances(count);
    search.hamming(bytes(rows.data()), count, dim * 4 - seed % 4, bytes(query.data()),
                   distances.data());
    std::vector<float> scores(count);
    search.dot(rows.data(), count, dim, query.data(), scores.data());
    return std::pair(distances, scores);
  };
  return run(kernels) == run(scalar);
}

// Of a filter whose targets are made of one to five sources.
bool ResizingIsThatOfTheScalarPath(uint32_t seed) {
  constexpr int kStride = 8;
  Random random(seed);
  const int targets = random.Int(1, 40);
  std::vector<int32_t> starts = random.Offsets(targets, 20);
  std::vector<int32_t> counts(targets);
  std::vector<int32_t> weights(targets * kStride);
  for (int t = 0; t < targets; ++t) {
    counts[t] = random.Int(1, 5);
    const int most = (1 << kResizeFractionBits) / counts[t];
    for (int i = 0; i < counts[t]; ++i) weights[t * kStride + i] = random.Int(-most / 4, most);
  }
  const ResizeFilter filter{targets,        kStride, starts.data(), counts.data(),
                            weights.data(), nullptr, nullptr};
  std::vector<uint8_t> pixels(5 * 3 * 25 + kResizeMargin);
  for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(random.Word());
  const size_t bytes = random.Int(1, 75);
  const uint8_t* rows[5];
  for (int i = 0; i < 5; ++i) rows[i] = pixels.data() + 75 * i;
  const auto run = [&](const KernelTable* path) {
    const ResizeKernels& resize = ResizeKernelsOf(*path);
    std::vector<uint8_t> output(3 * targets + bytes + kGuardWords);
    resize.resize_rgb_row(filter, pixels.data(), output.data());
    resize.blend_rows(filter, 0, rows, bytes, output.data() + 3 * targets);
    return output;
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
      Check("binary", BinaryIsExact, 40) + Check("float", FloatIsExact, 20) +
      Check("depthwise", DepthwiseIsExact, 20) + Check("pixels", PixelsAreExact, 20) +
      Check("stages", StagesAloneAreExact, 40) + Check("pools", PoolsAreThoseOfTheScalarPath, 20) +
      Check("search", SearchIsThatOfTheScalarPath, 40) +
      Check("resizing", ResizingIsThatOfTheScalarPath, 40);
  return failures == 0 ? 0 : 1;
}
