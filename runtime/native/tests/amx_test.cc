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
  int words_in;  // of a pixel
  int channels_out;
  int filter, stride;
  Range part;  // of the output; all of it where its end is 0
};

std::ostream& operator<<(std::ostream& out, const Layer& layer) { return out << layer.what; }

constexpr Layer kLayers[] = {
    {"rows of whole tiles", 4, 32, 2, 64, 3, 1, {}},
    {"an odd number of tiles", 3, 16, 4, 96, 3, 1, {}},
    {"every second pixel of a row", 8, 64, 2, 40, 3, 2, {}},
    {"a single tap", 2, 32, 2, 33, 1, 1, {}},
    {"rows shorter than a tile", 9, 8, 8, 64, 3, 1, {}},
    {"rows that end within a tile", 5, 20, 2, 32, 3, 1, {}},
    {"pixels of half a chunk", 4, 16, 1, 70, 3, 1, {}},
    {"pixels of a chunk and a half", 4, 16, 3, 64, 3, 1, {}},
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

// What the stages of `kernels` leave of a layer.
Memory ResultsOf(const KernelTable& kernels, const Layer& layer) {
  Random random(7);
  const Extent vertical = Extent::Of(layer.height, layer.filter, layer.stride, 1, Padding::kSame);
  const Extent horizontal = Extent::Of(layer.width, layer.filter, layer.stride, 1, Padding::kSame);
  const MapLayout map{
      layer.height,
      layer.width,
      layer.words_in,
      {vertical.pad_before, vertical.pad_after, horizontal.pad_before, horizontal.pad_after}};
  const WindowTable table = WindowTable::Of(map, vertical, horizontal, layer.words_in);
  const int runs = static_cast<int>(table.runs.size());
  const int pixels = static_cast<int>(table.windows.size());
  const int blocks = Blocks(layer.channels_out);
  const WeightShape shape{layer.channels_out, runs, table.run_length};
  const std::vector<uint32_t> input = random.Words(map.total());
  const std::vector<uint32_t> rows =
      random.Words(int64_t{layer.channels_out} * runs * table.run_length);
  const AlignedBuffer packed(kernels.binary_weights_bytes(shape));
  kernels.pack_binary_weights(shape, rows.data(), packed.data());
  const AlignedBuffer scratch(kernels.binary_scratch_bytes(input.size()));
  const std::vector<float> multiplier = random.Parameters(layer.channels_out);
  const std::vector<float> bias = random.Parameters(layer.channels_out);
  const RandomStages stages(random, pixels, layer.channels_out);
  Memory memory = stages.memory();
  const std::vector<Stage> bound = stages.Bind(memory);
  kernels.binary_convolution({input.data(),
                              {table.windows.data(), table.runs.data(), runs, table.run_length},
                              packed.data(),
                              layer.channels_out,
                              INT32_MIN,
                              INT32_MAX,
                              multiplier.data(),
                              bias.data(),
                              bound.data(),
                              static_cast<int>(bound.size()),
                              layer.part.pixel_end == 0 ? Range{0, pixels, 0, blocks} : layer.part,
                              scratch.data()});
  return memory;
}

class AmxLayers : public testing::TestWithParam<Layer> {};

TEST_P(AmxLayers, AreExactInEmulatedTiles) {
  EXPECT_TRUE(ResultsOf(EmulatedAmxKernels(), GetParam()) ==
              ResultsOf(*FindKernels("scalar"), GetParam()));
}

TEST_P(AmxLayers, AreExactInTiles) {
  const KernelTable* kernels = FindKernels("amx");
  if (kernels == nullptr) GTEST_SKIP() << "this CPU or this system has no AMX";
  EXPECT_TRUE(ResultsOf(*kernels, GetParam()) == ResultsOf(*FindKernels("scalar"), GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Layers, AmxLayers, testing::ValuesIn(kLayers));

}  // namespace
}  // namespace bireid
