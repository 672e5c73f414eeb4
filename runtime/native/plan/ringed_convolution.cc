#include "plan/ringed_convolution.h"

#include <algorithm>
#include <utility>

namespace bireid {

RingedConvolution::RingedConvolution(std::unique_ptr<Convolution> convolution, int input,
                                     const Stage* clamp, std::vector<int32_t> offsets, int width)
    : convolution_(std::move(convolution)),
      input_(input),
      stages_(convolution_->OwnStages()),
      offsets_(std::move(offsets)),
      width_(width) {
  if (clamp != nullptr) stages_.push_back(*clamp);
  Stage store{};
  store.kind = StageKind::kStore;
  store.offsets = offsets_.data();
  stages_.push_back(store);
}

void RingedConvolution::RunRow(const StepContext& context, int row, float* ring) const {
  Stage stages[kMaxStages];
  std::copy(stages_.begin(), stages_.end(), stages);
  stages[stages_.size() - 1].map = ring;
  convolution_->Run(
      context.values[input_], stages, static_cast<int>(stages_.size()),
      {row * width_, (row + 1) * width_, 0, Blocks(convolution_->spec().channels_out)});
}

}  // namespace bireid
