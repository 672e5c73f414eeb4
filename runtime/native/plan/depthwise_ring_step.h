// A float convolution whose map only a depthwise convolution reads.
#ifndef BIREID_PLAN_DEPTHWISE_RING_STEP_H_
#define BIREID_PLAN_DEPTHWISE_RING_STEP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/depthwise_convolution.h"
#include "kernels/float_convolution.h"
#include "kernels/geometry.h"
#include "plan/ringed_convolution.h"
#include "plan/step.h"

namespace bireid {

// Its rows go through a ring of as many as a window sees, and never to memory.
class DepthwiseRingStep : public Step {
 public:
  // `clamp` is the first one's activation, or null; `map` what is between the two, without a
  // border.
  DepthwiseRingStep(std::unique_ptr<Convolution> first, int input, const Stage* clamp,
                    std::unique_ptr<DepthwiseConvolution> second, const MapLayout& map);
  void Run(const StepContext& context) const override;
  size_t scratch_bytes() const override;

  // Whether the way of a map to memory and back takes longer than what is computed row by row.
  static bool IsLarge(const MapLayout& map) { return map.total() >= kLeastElements; }
  // Whether, for a large map, the windows on it are small, the weights of the first stay in the
  // cache from row to row, and few rows are computed by two workers.
  static bool Pays(const MapLayout& map, const FloatConvolutionSpec& first,
                   const FloatConvolutionSpec& second, int threads);

 private:
  // Half a MiB: more would leave no room for anything else in the second cache of a small core.
  static constexpr int64_t kLeastElements = int64_t{1} << 17;
  static constexpr int64_t kMostWeights = int64_t{1} << 16;
  static constexpr int kLargestWindow = 16;

  std::vector<int32_t> RingOffsets() const;
  void FillRow(const StepContext& context, int row, float* ring) const;
  int PlaceOf(int row) const { return (row % rows_ + rows_) % rows_; }
  int64_t row_floats() const {
    return (int64_t{horizontal_.pad_before} + map_.width + horizontal_.pad_after) * map_.elements;
  }

  std::unique_ptr<DepthwiseConvolution> second_;
  MapLayout map_;
  Extent vertical_;
  Extent horizontal_;
  int rows_;                                // of the ring
  RingedConvolution first_;                 // after what its offsets are made of
  std::vector<int32_t> windows_;            // of every pixel of the second, in a row of the ring
  std::vector<std::vector<int32_t>> taps_;  // by the place of a window's first row
};

}  // namespace bireid

#endif  // BIREID_PLAN_DEPTHWISE_RING_STEP_H_
