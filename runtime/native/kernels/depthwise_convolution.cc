#include "kernels/depthwise_convolution.h"

#include <algorithm>
#include <stdexcept>

namespace bireid {

DepthwiseConvolution::DepthwiseConvolution(const FloatConvolutionSpec& spec, const float* weights,
                                           const float* bias)
    : spec_(spec), bias_(spec.channels_out) {
  if (spec.channels_in < 1 || spec.channels_out % spec.channels_in != 0) {
    throw std::invalid_argument("output channels must be a multiple of the input's");
  }
  weights_.assign(weights, weights + static_cast<int64_t>(spec.kernel_height) * spec.kernel_width *
                                         spec.channels_out);
  if (bias != nullptr) std::copy_n(bias, spec.channels_out, bias_.begin());
}

void DepthwiseConvolution::Place(const MapLayout& input) {
  table_ = spec_.Place(input, spec_.channels_in);
}

void DepthwiseConvolution::AddTap(const float* __restrict input, const float* __restrict weights,
                                  float* __restrict output) const {
  const int multiplier = spec_.channels_out / spec_.channels_in;
  if (multiplier == 1) {
    for (int c = 0; c < spec_.channels_out; ++c) output[c] += input[c] * weights[c];
    return;
  }
  for (int c = 0; c < spec_.channels_in; ++c) {
    for (int m = 0; m < multiplier; ++m) *output++ += input[c] * *weights++;
  }
}

void DepthwiseConvolution::Run(const float* input, int begin, int end, float* output) const {
  for (int pixel = begin; pixel < end; ++pixel, output += spec_.channels_out) {
    std::copy(bias_.begin(), bias_.end(), output);
    const float* weights = weights_.data();
    for (const int32_t run : table_.runs) {
      const float* taps = input + table_.windows[pixel] + run;
      for (int k = 0; k < table_.run_length; k += spec_.channels_in) {
        AddTap(taps + k, weights, output);
        weights += spec_.channels_out;
      }
    }
  }
}

}  // namespace bireid
