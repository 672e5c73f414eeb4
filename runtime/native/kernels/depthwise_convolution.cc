#include "kernels/depthwise_convolution.h"

#include <algorithm>
#include <stdexcept>

namespace bireid {

DepthwiseConvolution::DepthwiseConvolution(const KernelTable& kernels,
                                           const FloatConvolutionSpec& spec, const float* weights,
                                           const float* bias)
    : Convolution(spec), kernels_(kernels) {
  const int channels = spec.channels_out;
  if (spec.channels_in < 1 || channels % spec.channels_in != 0) {
    throw std::invalid_argument("output channels must be a multiple of the input's");
  }
  const int64_t tap_count = static_cast<int64_t>(spec.kernel_height) * spec.kernel_width;
  weights_.resize(static_cast<size_t>(Blocks(channels)) * tap_count * kBlockChannels);
  for (int64_t tap = 0; tap < tap_count; ++tap) {
    for (int block = 0; block < Blocks(channels); ++block) {
      const int first = block * kBlockChannels;
      std::copy_n(weights + tap * channels + first, std::min(kBlockChannels, channels - first),
                  weights_.begin() + (block * tap_count + tap) * kBlockChannels);
    }
  }
  bias_.resize(static_cast<size_t>(Blocks(channels)) * kBlockChannels);
  if (bias != nullptr) std::copy_n(bias, channels, bias_.begin());
}

void DepthwiseConvolution::Place(const MapLayout& input) {
  Convolution::Place(input);
  taps_.clear();
  for (const int32_t run : table_.runs) {
    for (int i = 0; i < table_.run_length; i += spec_.channels_in) taps_.push_back(run + i);
  }
}

void DepthwiseConvolution::Run(const void* input, const Stage* stages, int stage_count,
                               const Range& range) const {
  RunOn(static_cast<const float*>(input), table_.windows.data(), taps_.data(), stages, stage_count,
        range);
}

void DepthwiseConvolution::RunOn(const float* input, const int32_t* windows, const int32_t* taps,
                                 const Stage* stages, int stage_count, const Range& range) const {
  kernels_.depthwise_convolution({input, windows, taps, spec_.kernel_height * spec_.kernel_width,
                                  spec_.channels_out, spec_.channels_out / spec_.channels_in,
                                  weights_.data(), bias_.data(), stages, stage_count, range});
}

}  // namespace bireid
