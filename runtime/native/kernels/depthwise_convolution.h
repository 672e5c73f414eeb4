// A float convolution that filters every channel by itself, placed on maps of one size. Portable
// code.
#ifndef BIREID_KERNELS_DEPTHWISE_CONVOLUTION_H_
#define BIREID_KERNELS_DEPTHWISE_CONVOLUTION_H_

#include <cstdint>
#include <vector>

#include "kernels/float_convolution.h"
#include "kernels/geometry.h"

namespace bireid {

class DepthwiseConvolution {
 public:
  // Output channel c reads input channel c / (channels_out / channels_in). `weights` is
  // [kernel_height][kernel_width][channels_out], `bias` [channels_out] or null. Throws
  // std::invalid_argument if channels_out is no multiple of channels_in.
  DepthwiseConvolution(const FloatConvolutionSpec& spec, const float* weights, const float* bias);

  const FloatConvolutionSpec& spec() const { return spec_; }

  // Fixes the input map. Its border must hold every window. Throws std::invalid_argument.
  void Place(const MapLayout& input);

  int output_pixels() const { return static_cast<int>(table_.windows.size()); }

  // Output pixels [begin, end) to `output`, one by one: to the bias are added the products, each
  // rounded, in the order of the weights.
  void Run(const float* input, int begin, int end, float* output) const;

 private:
  // Adds the products of one tap, for all channels.
  void AddTap(const float* input, const float* weights, float* output) const;

  FloatConvolutionSpec spec_;
  std::vector<float> weights_;
  std::vector<float> bias_;
  WindowTable table_;
};

}  // namespace bireid

#endif  // BIREID_KERNELS_DEPTHWISE_CONVOLUTION_H_
