// A float convolution, packed for one path and placed on maps of one size.
#ifndef BIREID_KERNELS_FLOAT_CONVOLUTION_H_
#define BIREID_KERNELS_FLOAT_CONVOLUTION_H_

#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/geometry.h"
#include "kernels/kernel_table.h"

namespace bireid {

struct FloatConvolutionSpec {
  int channels_in = 0;
  int channels_out = 0;
  int kernel_height = 1;
  int kernel_width = 1;
  int stride_height = 1;
  int stride_width = 1;
  int dilation_height = 1;
  int dilation_width = 1;
  Padding padding = Padding::kValid;
};

class FloatConvolution {
 public:
  // `weights` is [channels_out][kernel_height][kernel_width][channels_in], `bias` [channels_out] or
  // null. Throws std::bad_alloc.
  FloatConvolution(const KernelTable& kernels, const FloatConvolutionSpec& spec,
                   const float* weights, const float* bias);

  const FloatConvolutionSpec& spec() const { return spec_; }
  Extent Vertical(int input_height) const;
  Extent Horizontal(int input_width) const;

  // Fixes the input map. Its border must hold every window. Throws std::invalid_argument.
  void Place(const MapLayout& input);

  int output_pixels() const { return static_cast<int>(table_.windows.size()); }

  void Run(const float* input, const Stage* stages, int stage_count, const Range& range) const;

 private:
  const KernelTable& kernels_;
  FloatConvolutionSpec spec_;
  AlignedBuffer packed_;
  std::vector<float> bias_;  // [Blocks(channels_out) * 32]
  WindowTable table_;
};

}  // namespace bireid

#endif  // BIREID_KERNELS_FLOAT_CONVOLUTION_H_
