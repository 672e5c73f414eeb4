// A float convolution whose map only a pooling reads.
#ifndef BIREID_PLAN_POOL_RING_STEP_H_
#define BIREID_PLAN_POOL_RING_STEP_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/kernel_table.h"
#include "plan/ringed_convolution.h"
#include "plan/step.h"

namespace bireid {

// Its rows go through a ring of as many as a pooling window finds in the map, and never to memory.
class PoolRingStep : public Step {
 public:
  // `clamp` is the convolution's activation, or null.
  PoolRingStep(const KernelTable& kernels, std::unique_ptr<Convolution> convolution, int input,
               const Stage* clamp, const PoolSpec& pool);
  void Run(const StepContext& context) const override;
  size_t scratch_bytes() const override;

 private:
  // Rows of the ring; the pointers to the rows of a window stand before it in the scratch.
  int ring_rows() const { return std::min(pool_.vertical.filter, pool_.vertical.input); }
  size_t window_bytes() const {
    return AlignedBuffer::Rounded(sizeof(const float*) * pool_.vertical.filter);
  }
  std::vector<int32_t> RingOffsets() const;

  const KernelTable& kernels_;
  PoolSpec pool_;
  RingedConvolution convolution_;  // after what its offsets are made of
};

}  // namespace bireid

#endif  // BIREID_PLAN_POOL_RING_STEP_H_
