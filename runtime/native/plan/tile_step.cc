#include "plan/tile_step.h"

#include <algorithm>

#include "plan/worker_share.h"

namespace bireid {

TileStep::TileStep(const KernelTable& kernels, int pixels, int channels)
    : kernels_(kernels), channels_(channels) {
  tile_offsets_.reserve(pixels);
  for (int pixel = 0; pixel < pixels; ++pixel) {
    tile_offsets_.push_back(pixel % kTilePixels * channels);
  }
}

size_t TileStep::scratch_bytes() const { return sizeof(float) * kTilePixels * channels_; }

void TileStep::Run(const StepContext& context) const {
  Stage stages[kMaxStages];
  const int count = Bind(context, stages);
  float* tile = static_cast<float*>(context.scratch);
  const Share share = ShareOf(context, static_cast<int>(tile_offsets_.size()), kTilePixels);
  for (int begin = share.begin; begin < share.end; begin += kTilePixels) {
    const int end = std::min(begin + kTilePixels, share.end);
    Compute(context, begin, end, tile);
    kernels_.apply({tile,
                    tile_offsets_.data(),
                    channels_,
                    channels_,
                    stages,
                    count,
                    {begin, end, 0, Blocks(channels_)}});
  }
}

PixelwiseStep::PixelwiseStep(const KernelTable& kernels, Function function,
                             const MapReference& input)
    : TileStep(kernels, PixelsOf(input.layout), input.layout.elements),
      function_(function),
      input_(input) {}

void PixelwiseStep::Compute(const StepContext& context, int begin, int end, float* tile) const {
  const float* map = ValueOf<const float>(context, input_.value);
  for (int pixel = begin; pixel < end; ++pixel, tile += channels()) {
    function_(map + PixelOffset(input_, pixel), channels(), tile);
  }
}

}  // namespace bireid
