#include "plan/depthwise_ring_step.h"

#include <algorithm>
#include <utility>

#include "kernels/aligned_buffer.h"
#include "plan/worker_share.h"

namespace bireid {

DepthwiseRingStep::DepthwiseRingStep(std::unique_ptr<Convolution> first, int input,
                                     const Stage* clamp,
                                     std::unique_ptr<DepthwiseConvolution> second,
                                     const MapLayout& map)
    : second_(std::move(second)),
      map_(map),
      vertical_(second_->Vertical(map.height)),
      horizontal_(second_->Horizontal(map.width)),
      rows_((vertical_.filter - 1) * vertical_.dilation + 1),
      first_(std::move(first), input, clamp, RingOffsets(), map.width) {
  const int64_t row = row_floats();
  for (int y = 0; y < vertical_.output; ++y) {
    for (int x = 0; x < horizontal_.output; ++x) {
      windows_.push_back(x * horizontal_.stride * map.elements);
    }
  }
  taps_.resize(rows_);
  for (int top = 0; top < rows_; ++top) {
    for (int ky = 0; ky < vertical_.filter; ++ky) {
      for (int kx = 0; kx < horizontal_.filter; ++kx) {
        taps_[top].push_back(
            static_cast<int32_t>(PlaceOf(top + ky * vertical_.dilation) * row +
                                 int64_t{kx} * horizontal_.dilation * map.elements));
      }
    }
  }
}

// Of every pixel of the map.
std::vector<int32_t> DepthwiseRingStep::RingOffsets() const {
  std::vector<int32_t> offsets;
  for (int y = 0; y < map_.height; ++y) {
    for (int x = 0; x < map_.width; ++x) {
      offsets.push_back(static_cast<int32_t>(
          PlaceOf(y) * row_floats() + (int64_t{horizontal_.pad_before} + x) * map_.elements));
    }
  }
  return offsets;
}

bool DepthwiseRingStep::Pays(const MapLayout& map, const FloatConvolutionSpec& first,
                             const FloatConvolutionSpec& second, int threads) {
  const Extent vertical = second.Vertical(map.height);
  const Extent horizontal = second.Horizontal(map.width);
  const int64_t rows = int64_t{vertical.filter - 1} * vertical.dilation + 1;
  const int64_t taps = int64_t{first.kernel_height} * first.kernel_width;
  return rows <= kLargestWindow && horizontal.filter <= kLargestWindow &&
         horizontal.pad_before + horizontal.pad_after <= map.width &&
         4 * rows * threads <= map.height &&
         taps * first.channels_in * first.channels_out <= kMostWeights;
}

size_t DepthwiseRingStep::scratch_bytes() const {
  // Kernels may read one element past the map.
  return sizeof(float) * static_cast<size_t>(rows_ * row_floats()) + AlignedBuffer::kAlignment;
}

// A row of the map, or one of zeros where the map has none.
void DepthwiseRingStep::FillRow(const StepContext& context, int row, float* ring) const {
  float* begin = ring + PlaceOf(row) * row_floats();
  if (row < 0 || row >= map_.height) {
    std::fill_n(begin, row_floats(), 0.0f);
    return;
  }
  std::fill_n(begin, int64_t{horizontal_.pad_before} * map_.elements, 0.0f);
  float* end = begin + row_floats();
  const int64_t after = int64_t{horizontal_.pad_after} * map_.elements;
  std::fill(end - after, end, 0.0f);
  first_.RunRow(context, row, ring);
}

void DepthwiseRingStep::Run(const StepContext& context) const {
  Stage stages[kMaxStages];
  const int count = Bind(context, stages);
  float* ring = static_cast<float*>(context.scratch);
  const Share share = ShareOf(context, vertical_.output, 1);
  const int width = horizontal_.output;
  int next = share.begin * vertical_.stride - vertical_.pad_before;
  for (int row = share.begin; row < share.end; ++row) {
    const int top = row * vertical_.stride - vertical_.pad_before;
    for (next = std::max(next, top); next < top + rows_; ++next) FillRow(context, next, ring);
    second_->RunOn(ring, windows_.data(), taps_[PlaceOf(top)].data(), stages, count,
                   {row * width, (row + 1) * width, 0, Blocks(second_->spec().channels_out)});
  }
}

}  // namespace bireid
