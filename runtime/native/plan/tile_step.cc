#include "plan/tile_step.h"

#include <algorithm>

#include "plan/worker_share.h"

namespace bireid {
namespace {

int PixelsOf(const MapLayout& layout) { return layout.height * layout.width; }

// A pixel of a map, or its only one.
const float* FactorAt(const StepContext& context, const MapReference& map, int pixel) {
  const int own = PixelsOf(map.layout) == 1 ? 0 : pixel;
  return ValueOf<const float>(context, map.value) + PixelOffset(map, own);
}

}  // namespace

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

void DepthwiseConvolutionStep::Compute(const StepContext& context, int begin, int end,
                                       float* tile) const {
  convolution_->Run(ValueOf<const float>(context, input_), begin, end, tile);
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

ProductStep::ProductStep(const KernelTable& kernels, const MapReference& a, const MapReference& b)
    : TileStep(kernels, std::max(PixelsOf(a.layout), PixelsOf(b.layout)), a.layout.elements),
      a_(a),
      b_(b) {}

void ProductStep::Compute(const StepContext& context, int begin, int end, float* tile) const {
  for (int pixel = begin; pixel < end; ++pixel, tile += channels()) {
    const float* a = FactorAt(context, a_, pixel);
    const float* b = FactorAt(context, b_, pixel);
    for (int c = 0; c < channels(); ++c) tile[c] = a[c] * b[c];
  }
}

}  // namespace bireid
