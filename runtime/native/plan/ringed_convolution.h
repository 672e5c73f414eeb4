// A float convolution whose map never lies in memory as a whole: a step behind it takes it row by
// row from a ring.
#ifndef BIREID_PLAN_RINGED_CONVOLUTION_H_
#define BIREID_PLAN_RINGED_CONVOLUTION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/float_convolution.h"
#include "plan/step.h"

namespace bireid {

class RingedConvolution {
 public:
  // `clamp` is the convolution's activation, or null; `offsets` are elements from the start of the
  // ring to every pixel of its map, which is `width` wide.
  RingedConvolution(std::unique_ptr<Convolution> convolution, int input, const Stage* clamp,
                    std::vector<int32_t> offsets, int width);

  void RunRow(const StepContext& context, int row, float* ring) const;

 private:
  std::unique_ptr<Convolution> convolution_;
  int input_;
  std::vector<Stage> stages_;  // its own, the clamp, then a store into the ring
  std::vector<int32_t> offsets_;
  int width_;
};

}  // namespace bireid

#endif  // BIREID_PLAN_RINGED_CONVOLUTION_H_
