// Runs one layer of ResNet-18 at 256 x 128 between two marks, for count.py.
// Usage: layers LAYER ISA
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/dispatch.h"
#include "kernels/geometry.h"

using namespace bireid;

namespace {

struct Layer {
  const char* name;
  bool binary;
  bool fused;  // shortcut, PReLU and packing of the next input, as in the network; else only stored
  int height, width;
  int channels_in, channels_out;
  int filter, stride;
};

constexpr Layer kLayers[] = {
    {"binary 64x32x64", true, false, 64, 32, 64, 64, 3, 1},
    {"binary 32x16x128", true, false, 32, 16, 128, 128, 3, 1},
    {"binary 16x8x256", true, false, 16, 8, 256, 256, 3, 1},
    {"binary 8x4x512", true, false, 8, 4, 512, 512, 3, 1},
    {"binary 16x8x512", true, false, 16, 8, 512, 512, 3, 1},
    {"fused 64x32x64", true, true, 64, 32, 64, 64, 3, 1},
    {"fused 32x16x128", true, true, 32, 16, 128, 128, 3, 1},
    {"fused 16x8x256", true, true, 16, 8, 256, 256, 3, 1},
    {"fused 8x4x512", true, true, 8, 4, 512, 512, 3, 1},
    {"fused 16x8x512", true, true, 16, 8, 512, 512, 3, 1},
    {"float 7x7/2 3-64", false, false, 256, 128, 3, 64, 7, 2},
    {"float 1x1 64-128", false, false, 32, 16, 64, 128, 1, 1},
    {"float 1x1 128-256", false, false, 16, 8, 128, 256, 1, 1},
    {"float 1x1 256-512", false, false, 8, 4, 256, 512, 1, 1},
};

long long Products(const Layer& layer) {
  return 1LL * (layer.height / layer.stride) * (layer.width / layer.stride) * layer.filter *
         layer.filter * layer.channels_in * layer.channels_out;
}

template <typename Element>
struct Input {
  MapLayout map;
  WindowTable table;
  int pixels;
  std::vector<Element> values;

  Input(const Layer& layer, int elements) {
    const Extent vertical = Extent::Of(layer.height, layer.filter, layer.stride, 1, Padding::kSame);
    const Extent horizontal =
        Extent::Of(layer.width, layer.filter, layer.stride, 1, Padding::kSame);
    map = {layer.height,
           layer.width,
           elements,
           {vertical.pad_before, vertical.pad_after, horizontal.pad_before, horizontal.pad_after}};
    table = WindowTable::Of(map, vertical, horizontal, elements);
    pixels = vertical.output * horizontal.output;
    values.assign(static_cast<size_t>(map.total()), Element{1});
  }
  Windows windows() const {
    return {table.windows.data(), table.runs.data(), static_cast<int>(table.runs.size()),
            table.run_length};
  }
};

void Run(const Layer& layer, const KernelTable& kernels) {
  const int lanes = Blocks(layer.channels_out) * kBlockChannels;
  const std::vector<float> channel(static_cast<size_t>(lanes), 0.5f);
  const Input<uint32_t> bits(layer, Blocks(layer.channels_in));
  const Input<float> floats(layer, layer.channels_in);
  const int pixels = bits.pixels;
  std::vector<float> shortcut(static_cast<size_t>(pixels) * lanes, 1.0f);
  std::vector<float> output(shortcut.size());
  std::vector<uint32_t> packed(static_cast<size_t>(pixels) * Blocks(layer.channels_out));
  std::vector<Stage> stages = {{StageKind::kStore, 0, 0, nullptr, output.data(), nullptr, lanes}};
  if (layer.fused) {
    stages.insert(stages.begin(),
                  {{StageKind::kAddMap, 0, 0, nullptr, shortcut.data(), nullptr, lanes},
                   {StageKind::kPrelu, 0, 0, channel.data(), nullptr, nullptr, 0}});
    stages.push_back(
        {StageKind::kPackSigns, 0, 0, nullptr, packed.data(), nullptr, Blocks(layer.channels_out)});
  }
  const Range range{0, pixels, 0, Blocks(layer.channels_out)};
  const int stage_count = static_cast<int>(stages.size());

  if (layer.binary) {
    const Windows windows = bits.windows();
    const WeightShape shape{layer.channels_out, windows.run_count, windows.run_length};
    AlignedBuffer weights(kernels.binary_weights_bytes(shape));
    const std::vector<uint32_t> rows(
        static_cast<size_t>(layer.channels_out) * windows.run_count * windows.run_length, 3);
    kernels.pack_binary_weights(shape, rows.data(), weights.data());
    AlignedBuffer scratch(kernels.binary_scratch_bytes(bits.values.size()));
    getsid(0);
    kernels.binary_convolution({bits.values.data(), windows, weights.data(), layer.channels_out,
                                INT32_MIN, INT32_MAX, channel.data(), channel.data(), stages.data(),
                                stage_count, range, scratch.data()});
    getsid(0);
  } else {
    const Windows windows = floats.windows();
    const WeightShape shape{layer.channels_out, windows.run_count, windows.run_length};
    AlignedBuffer weights(kernels.float_weights_bytes(shape));
    const std::vector<float> rows(
        static_cast<size_t>(layer.channels_out) * windows.run_count * windows.run_length, 0.5f);
    kernels.pack_float_weights(shape, rows.data(), weights.data());
    getsid(0);
    kernels.float_convolution({floats.values.data(), windows, weights.data(), layer.channels_out,
                               channel.data(), stages.data(), stage_count, range});
    getsid(0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "list") == 0) {
    for (const Layer& layer : kLayers) std::printf("%s\t%lld\n", layer.name, Products(layer));
    return 0;
  }
  if (argc != 3) {
    std::fprintf(stderr, "usage: layers LAYER ISA\n");
    return 2;
  }
  const KernelTable* kernels = FindKernels(argv[2]);
  if (kernels == nullptr) {
    std::fprintf(stderr, "this CPU or build lacks the instruction set %s\n", argv[2]);
    return 2;
  }
  for (const Layer& layer : kLayers) {
    if (std::strcmp(layer.name, argv[1]) != 0) continue;
    Run(layer, *kernels);
    return 0;
  }
  std::fprintf(stderr, "no layer is called %s\n", argv[1]);
  return 2;
}
