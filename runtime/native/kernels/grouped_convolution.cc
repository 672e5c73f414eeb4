#include "kernels/grouped_convolution.h"

#include <algorithm>
#include <stdexcept>

namespace bireid {

GroupedConvolution::GroupedConvolution(const KernelTable& kernels, const FloatConvolutionSpec& spec,
                                       int groups, const float* weights, const float* bias)
    : kernels_(kernels), spec_(spec), groups_(groups) {
  if (groups < 1 || spec.channels_in % groups != 0 || spec.channels_out % groups != 0) {
    throw std::invalid_argument("channels must be divisible by the number of groups");
  }
  const WeightShape shape{outputs(), 1, spec.kernel_height * spec.kernel_width * inputs()};
  const int64_t group_weights = static_cast<int64_t>(shape.channels) * shape.run_length;
  group_bytes_ = AlignedBuffer::Rounded(kernels.float_weights_bytes(shape));
  packed_ = AlignedBuffer(group_bytes_ * groups);
  bias_.resize(static_cast<size_t>(groups) * lanes());
  for (int group = 0; group < groups; ++group) {
    kernels.pack_float_weights(shape, weights + group * group_weights,
                               static_cast<char*>(packed_.data()) + group * group_bytes_);
    if (bias == nullptr) continue;
    std::copy_n(bias + group * outputs(), outputs(),
                bias_.begin() + static_cast<int64_t>(group) * lanes());
  }
}

int64_t GroupedConvolution::PackedFloats(const FloatConvolutionSpec& spec, int groups) {
  return int64_t{groups} * Blocks(spec.channels_out / groups) * kBlockChannels *
         spec.kernel_height * spec.kernel_width * (spec.channels_in / groups);
}

void GroupedConvolution::Place(const MapLayout& input) { table_ = spec_.Place(input, inputs()); }

void GroupedConvolution::Run(const float* input, int begin, int end, const int32_t* offsets,
                             float* output) const {
  const Windows windows{table_.windows.data(), table_.runs.data(),
                        static_cast<int>(table_.runs.size()), table_.run_length};
  const Range range{begin, end, 0, Blocks(outputs())};
  Stage store{};
  store.kind = StageKind::kStore;
  store.offsets = offsets;
  for (int group = 0; group < groups_; ++group) {
    store.map = output + group * outputs();
    kernels_.float_convolution({input + group * inputs(), windows,
                                static_cast<const char*>(packed_.data()) + group * group_bytes_,
                                outputs(), bias_.data() + static_cast<int64_t>(group) * lanes(),
                                &store, 1, range});
  }
}

}  // namespace bireid
