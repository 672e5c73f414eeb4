// How the amx path divides layers into tiles, to the last bit: with its own instructions where this
// machine has them, and everywhere with tiles in plain C++.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/dispatch.h"
#include "kernels/geometry.h"
#include "tests/emulated_tiles.h"
#include "tests/stage_reference.h"

namespace bireid {
namespace {

struct Layer {
  const char* what;
  int height, width;
  int elements;  // of a pixel of the input
  int channels_out;
  int filter, stride;
  Range part;  // of the output; all of it where its end is 0
};

std::ostream& operator<<(std::ostream& out, const Layer& layer) { return out << layer.what; }

constexpr Layer kBinaryLayers[] = {
    {"rows of whole tiles", 4, 32, 2, 64, 3, 1, {}},
    {"an odd number of tiles", 3, 16, 4, 96, 3, 1, {}},
    {"every second pixel of a row", 8, 64, 2, 40, 3, 2, {}},
    {"a single tap", 2, 32, 2, 33, 1, 1, {}},
    {"rows shorter than a tile", 9, 8, 8, 64, 3, 1, {}},
    {"rows that end within a tile", 5, 20, 2, 32, 3, 1, {}},
    {"pixels of half a chunk", 4, 16, 1, 70, 3, 1, {}},
    {"pixels of a chunk and a half", 4, 16, 3, 64, 3, 1, {}},
    {"short rows of half a chunk", 9, 8, 1, 64, 3, 1, {}},
    {"short rows of a chunk and a half", 5, 20, 3, 32, 3, 1, {}},
    {"every second pixel of short rows", 9, 16, 4, 64, 3, 2, {}},
    {"every second pixel of a chunk and a half", 10, 14, 3, 64, 3, 2, {}},
    {"every second pixel under large windows", 12, 14, 2, 40, 5, 2, {}},
    {"windows that share no row", 13, 40, 3, 64, 3, 4, {}},
    {"a part of every second pixel", 14, 16, 2, 96, 3, 2, {5, 44, 1, 3}},
    {"a map of half chunks and several panels", 8, 32, 47, 32, 1, 1, {}},
    {"weights of half chunks that are not kept", 4, 16, 7, 64, 3, 1, {}},
    {"a part that begins and ends within a tile", 4, 32, 2, 96, 3, 1, {21, 90, 1, 2}},
    {"a part of whole tiles", 4, 32, 2, 96, 3, 1, {32, 112, 1, 3}},
    {"so few pixels that no tiles are used", 2, 4, 4, 64, 3, 1, {}},
    {"one pixel more", 3, 3, 2, 64, 3, 1, {}},
    {"a map of several panels", 8, 32, 48, 32, 1, 1, {}},
    {"windows of several panels", 12, 12, 16, 32, 3, 1, {}},
    {"weights that are not kept", 4, 16, 24, 64, 3, 1, {}},
    {"the deepest windows", 1, 40, 320, 32, 1, 1, {}},
    {"windows too deep for tiles", 1, 40, 322, 32, 1, 1, {}},
};

constexpr Layer kPixelLayers[] = {
    {"the stem of a network", 16, 70, 3, 64, 7, 2, {}},
    {"rows of whole tiles", 8, 64, 3, 40, 3, 2, {}},
    {"a part that begins and ends within a tile", 16, 70, 3, 96, 7, 2, {21, 90, 1, 2}},
    {"a row of no pixels", 16, 70, 3, 64, 7, 2, {37, 37, 0, 2}},
    {"grey pixels", 9, 20, 1, 33, 5, 1, {}},
    {"more runs than a column has bytes", 12, 20, 3, 32, 9, 1, {}},
    {"pixels of many channels", 6, 40, 8, 32, 4, 1, {}},
};

// A layer on random input with random weights and stages, the same for every path.
struct LayerRun {
  explicit LayerRun(const Layer& described)
      : layer(described),
        vertical(Extent::Of(layer.height, layer.filter, layer.stride, 1, Padding::kSame)),
        horizontal(Extent::Of(layer.width, layer.filter, layer.stride, 1, Padding::kSame)),
        map{layer.height,
            layer.width,
            layer.elements,
            {vertical.pad_before, vertical.pad_after, horizontal.pad_before, horizontal.pad_after}},
        table(WindowTable::Of(map, vertical, horizontal, layer.elements)),
        runs(static_cast<int>(table.runs.size())),
        pixels(static_cast<int>(table.windows.size())),
        shape{layer.channels_out, runs, table.run_length},
        multiplier(random.Parameters(layer.channels_out)),
        bias(random.Parameters(layer.channels_out)),
        stages(random, pixels, layer.channels_out) {}

  int64_t weights() const { return int64_t{layer.channels_out} * runs * table.run_length; }
  Range range() const {
    return layer.part.pixel_end == 0 ? Range{0, pixels, 0, Blocks(layer.channels_out)} : layer.part;
  }

  Random random{1};  // so that some stages add to a map in place
  const Layer& layer;
  Extent vertical;
  Extent horizontal;
  MapLayout map;
  WindowTable table;
  int runs;
  int pixels;
  WeightShape shape;
  std::vector<float> multiplier;
  std::vector<float> bias;
  RandomStages stages;
};

// What the stages leave.
Memory BinaryResults(const KernelTable& kernels, const Layer& layer) {
  LayerRun run(layer);
  const std::vector<uint32_t> input = run.random.Words(run.map.total());
  const std::vector<uint32_t> rows = run.random.Words(run.weights());
  const AlignedBuffer packed(kernels.binary_weights_bytes(run.shape));
  kernels.pack_binary_weights(run.shape, rows.data(), packed.data());
  const AlignedBuffer scratch(kernels.binary_scratch_bytes(input.size()));
  Memory memory = run.stages.memory();
  const std::vector<Stage> bound = run.stages.Bind(memory);
  kernels.binary_convolution(
      {input.data(),
       {run.table.windows.data(), run.table.runs.data(), run.runs, run.table.run_length},
       packed.data(),
       layer.channels_out,
       INT32_MIN,
       INT32_MAX,
       run.multiplier.data(),
       run.bias.data(),
       bound.data(),
       static_cast<int>(bound.size()),
       run.range(),
       scratch.data()});
  return memory;
}

Memory PixelResults(const KernelTable& kernels, const Layer& layer) {
  LayerRun run(layer);
  const int even = run.table.run_length + run.table.run_length % 2;
  // The last run of an odd length is read one element past the map.
  std::vector<int16_t> input(run.map.total() + even - run.table.run_length);
  for (int16_t& pixel : input) pixel = static_cast<int16_t>(run.random.Int(0, 255));
  std::vector<int16_t> rows(run.weights());
  for (int16_t& w : rows) w = static_cast<int16_t>(run.random.Int(-32767, 32767));
  const AlignedBuffer packed(kernels.pixel_weights_bytes(run.shape));
  kernels.pack_pixel_weights(run.shape, rows.data(), packed.data());
  Memory memory = run.stages.memory();
  const std::vector<Stage> bound = run.stages.Bind(memory);
  kernels.pixel_convolution({input.data(),
                             {run.table.windows.data(), run.table.runs.data(), run.runs, even},
                             packed.data(),
                             layer.channels_out,
                             run.multiplier.data(),
                             bound.data(),
                             static_cast<int>(bound.size()),
                             run.range()});
  return memory;
}

const KernelTable& Scalar() { return *FindKernels("scalar"); }

class AmxBinaryLayers : public testing::TestWithParam<Layer> {};

TEST_P(AmxBinaryLayers, AreExactInEmulatedTiles) {
  EXPECT_TRUE(BinaryResults(EmulatedAmxKernels(), GetParam()) ==
              BinaryResults(Scalar(), GetParam()));
}

TEST_P(AmxBinaryLayers, AreExactInTiles) {
  const KernelTable* kernels = FindKernels("amx");
  if (kernels == nullptr) GTEST_SKIP() << "this CPU or this system has no AMX";
  EXPECT_TRUE(BinaryResults(*kernels, GetParam()) == BinaryResults(Scalar(), GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Layers, AmxBinaryLayers, testing::ValuesIn(kBinaryLayers));

class AmxPixelLayers : public testing::TestWithParam<Layer> {};

TEST_P(AmxPixelLayers, AreExactInEmulatedTiles) {
  EXPECT_TRUE(PixelResults(EmulatedAmxKernels(), GetParam()) == PixelResults(Scalar(), GetParam()));
}

TEST_P(AmxPixelLayers, AreExactInTiles) {
  const KernelTable* kernels = FindKernels("amx");
  if (kernels == nullptr) GTEST_SKIP() << "this CPU or this system has no AMX";
  EXPECT_TRUE(PixelResults(*kernels, GetParam()) == PixelResults(Scalar(), GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Layers, AmxPixelLayers, testing::ValuesIn(kPixelLayers));

}  // namespace
}  // namespace bireid
