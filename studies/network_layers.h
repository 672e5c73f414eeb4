// The layers of ResNet-18 at 256 x 128 that are counted and timed, ready to run on one path.
#ifndef BIREID_BENCHMARKS_NETWORK_LAYERS_H_
#define BIREID_BENCHMARKS_NETWORK_LAYERS_H_

#include <cstdint>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/geometry.h"
#include "kernels/kernel_table.h"

namespace bireid {

enum class LayerKind { kBinary, kFloat, kPixel };

struct Layer {
  const char* name;
  LayerKind kind;
  bool fused;  // shortcut, PReLU and packing of the next input, as in the network; else only stored
  int height, width;
  int channels_in, channels_out;
  int filter, stride;
  bool zero_padded = false;  // else the border of a binary layer is +1

  // Multiply-accumulates.
  int64_t products() const;
};

inline constexpr Layer kLayers[] = {
    {"binary 64x32x64", LayerKind::kBinary, false, 64, 32, 64, 64, 3, 1},
    {"binary 32x16x128", LayerKind::kBinary, false, 32, 16, 128, 128, 3, 1},
    {"binary 16x8x256", LayerKind::kBinary, false, 16, 8, 256, 256, 3, 1},
    {"binary 8x4x512", LayerKind::kBinary, false, 8, 4, 512, 512, 3, 1},
    {"binary 16x8x512", LayerKind::kBinary, false, 16, 8, 512, 512, 3, 1},
    {"fused 64x32x64", LayerKind::kBinary, true, 64, 32, 64, 64, 3, 1},
    {"fused 32x16x128", LayerKind::kBinary, true, 32, 16, 128, 128, 3, 1},
    {"fused 16x8x256", LayerKind::kBinary, true, 16, 8, 256, 256, 3, 1},
    {"fused 8x4x512", LayerKind::kBinary, true, 8, 4, 512, 512, 3, 1},
    {"fused 16x8x512", LayerKind::kBinary, true, 16, 8, 512, 512, 3, 1},
    {"zero 64x32x64", LayerKind::kBinary, true, 64, 32, 64, 64, 3, 1, true},
    {"zero 32x16x128", LayerKind::kBinary, true, 32, 16, 128, 128, 3, 1, true},
    {"zero 16x8x256", LayerKind::kBinary, true, 16, 8, 256, 256, 3, 1, true},
    {"zero 8x4x512", LayerKind::kBinary, true, 8, 4, 512, 512, 3, 1, true},
    {"half 64x32x32", LayerKind::kBinary, true, 64, 32, 32, 32, 3, 1},
    {"/2 64x32x64-128", LayerKind::kBinary, false, 64, 32, 64, 128, 3, 2},
    {"/2 32x16x128-256", LayerKind::kBinary, false, 32, 16, 128, 256, 3, 2},
    {"/2 16x8x256-512", LayerKind::kBinary, false, 16, 8, 256, 512, 3, 2},
    {"float 7x7/2 3-64", LayerKind::kFloat, false, 256, 128, 3, 64, 7, 2},
    {"uint8 7x7/2 3-64", LayerKind::kPixel, false, 256, 128, 3, 64, 7, 2},
    {"float 1x1 64-128", LayerKind::kFloat, false, 32, 16, 64, 128, 1, 1},
    {"float 1x1 128-256", LayerKind::kFloat, false, 16, 8, 128, 256, 1, 1},
    {"float 1x1 256-512", LayerKind::kFloat, false, 8, 4, 256, 512, 1, 1},
};

// A layer with random input and weights, which speed does not depend on.
class LayerRun {
 public:
  LayerRun(const Layer& layer, const KernelTable& kernels);

  // Its stages point into it.
  LayerRun(const LayerRun&) = delete;
  LayerRun& operator=(const LayerRun&) = delete;

  // The whole layer on the calling thread.
  void Run();

 private:
  void PlaceInput();
  void MakeWeights();
  void MakeCorrections();
  void MakeStages();
  int64_t Lanes() const { return int64_t{Blocks(layer_.channels_out)} * kBlockChannels; }

  const Layer& layer_;
  const KernelTable& kernels_;
  WindowTable table_;
  AlignedBuffer input_;
  size_t input_elements_ = 0;
  AlignedBuffer weights_;
  AlignedBuffer scratch_;
  std::vector<float> channel_;  // every parameter per output channel
  // Of zero padding: what pixels at the edge add, by the taps that fall outside.
  std::vector<float> corrections_;
  std::vector<int32_t> correction_offsets_;
  std::vector<float> shortcut_;
  std::vector<float> output_;
  std::vector<uint32_t> packed_;
  std::vector<Stage> stages_;
};

}  // namespace bireid

#endif  // BIREID_BENCHMARKS_NETWORK_LAYERS_H_
