#include "plan/pool_ring_step.h"

#include <utility>

#include "plan/worker_share.h"

namespace bireid {

PoolRingStep::PoolRingStep(const KernelTable& kernels, std::unique_ptr<Convolution> convolution,
                           int input, const Stage* clamp, const PoolSpec& pool)
    : kernels_(kernels),
      pool_(pool),
      convolution_(std::move(convolution), input, clamp, RingOffsets(), pool.horizontal.input) {}

// Of every pixel of the convolution.
std::vector<int32_t> PoolRingStep::RingOffsets() const {
  std::vector<int32_t> offsets;
  const int width = pool_.horizontal.input;
  for (int y = 0; y < pool_.vertical.input; ++y) {
    for (int x = 0; x < width; ++x) {
      offsets.push_back((y % ring_rows() * width + x) * pool_.channels);
    }
  }
  return offsets;
}

size_t PoolRingStep::scratch_bytes() const {
  return window_bytes() + sizeof(float) * ring_rows() * pool_.horizontal.input * pool_.channels;
}

void PoolRingStep::Run(const StepContext& context) const {
  Stage stages[kMaxStages];
  const int count = Bind(context, stages);
  const Extent& vertical = pool_.vertical;
  const int64_t row_floats = static_cast<int64_t>(pool_.horizontal.input) * pool_.channels;
  const float** rows = static_cast<const float**>(context.scratch);
  float* ring = reinterpret_cast<float*>(static_cast<char*>(context.scratch) + window_bytes());
  const Share share = ShareOf(context, vertical.output, 1);
  int next = 0;  // first row of the convolution that is not in the ring yet
  for (int row = share.begin; row < share.end; ++row) {
    const int top = row * vertical.stride - vertical.pad_before;
    const int end = std::min(vertical.input, top + vertical.filter);
    for (next = std::max({next, top, 0}); next < end; ++next)
      convolution_.RunRow(context, next, ring);
    for (int ky = 0; ky < vertical.filter; ++ky) {
      const int y = top + ky;
      const bool inside = y >= 0 && y < vertical.input;
      rows[ky] = inside ? ring + y % ring_rows() * row_floats : nullptr;
    }
    kernels_.pool_row({pool_.kind, rows, vertical.filter, pool_.horizontal.filter,
                       pool_.horizontal.stride, pool_.horizontal.pad_before, pool_.horizontal.input,
                       pool_.channels, row, pool_.horizontal.output, pool_.channels, stages,
                       count});
  }
}

}  // namespace bireid
