// A float convolution that filters every channel by itself, placed on maps of one size.
#ifndef BIREID_KERNELS_DEPTHWISE_CONVOLUTION_H_
#define BIREID_KERNELS_DEPTHWISE_CONVOLUTION_H_

#include <cstdint>
#include <vector>

#include "kernels/float_convolution.h"
#include "kernels/geometry.h"
#include "kernels/kernel_table.h"

namespace bireid {

class DepthwiseConvolution : public Convolution {
 public:
  // Output channel c reads input channel c / (channels_out / channels_in). `weights` is
  // [kernel_height][kernel_width][channels_out], `bias` [channels_out] or null. Throws
  // std::invalid_argument if channels_out is no multiple of channels_in.
  DepthwiseConvolution(const KernelTable& kernels, const FloatConvolutionSpec& spec,
                       const float* weights, const float* bias);

  void Place(const MapLayout& input) override;

  void Run(const void* input, const Stage* stages, int stage_count,
           const Range& range) const override;
  // Where the windows and taps of kernel_table.h are others than those of Place.
  void RunOn(const float* input, const int32_t* windows, const int32_t* taps, const Stage* stages,
             int stage_count, const Range& range) const;

 private:
  const KernelTable& kernels_;
  std::vector<float> weights_;  // [block][tap][32]
  std::vector<float> bias_;     // [Blocks(channels_out) * 32]
  std::vector<int32_t> taps_;   // elements from a window to its taps
};

}  // namespace bireid

#endif  // BIREID_KERNELS_DEPTHWISE_CONVOLUTION_H_
