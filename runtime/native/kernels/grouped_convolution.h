// A float convolution in groups of channels, packed for one path and placed on maps of one size.
#ifndef BIREID_KERNELS_GROUPED_CONVOLUTION_H_
#define BIREID_KERNELS_GROUPED_CONVOLUTION_H_

#include <cstdint>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/float_convolution.h"
#include "kernels/geometry.h"
#include "kernels/kernel_table.h"

namespace bireid {

class GroupedConvolution {
 public:
  // `weights` is [channels_out][kernel_height][kernel_width][channels_in / groups], `bias`
  // [channels_out] or null. Throws std::invalid_argument if a number of channels is no multiple of
  // `groups`, or std::bad_alloc.
  GroupedConvolution(const KernelTable& kernels, const FloatConvolutionSpec& spec, int groups,
                     const float* weights, const float* bias);

  // Floats that the weights are packed to.
  static int64_t PackedFloats(const FloatConvolutionSpec& spec, int groups);

  const FloatConvolutionSpec& spec() const { return spec_; }

  // Fixes the input map. Its border must hold every window. Throws std::invalid_argument.
  void Place(const MapLayout& input);

  int output_pixels() const { return static_cast<int>(table_.windows.size()); }

  // Output pixels [begin, end), each to output + offsets[pixel].
  void Run(const float* input, int begin, int end, const int32_t* offsets, float* output) const;

 private:
  int inputs() const { return spec_.channels_in / groups_; }
  int outputs() const { return spec_.channels_out / groups_; }
  int lanes() const { return Blocks(outputs()) * kBlockChannels; }

  const KernelTable& kernels_;
  FloatConvolutionSpec spec_;
  int groups_;
  size_t group_bytes_;
  AlignedBuffer packed_;
  std::vector<float> bias_;  // [groups][lanes]
  WindowTable table_;
};

}  // namespace bireid

#endif  // BIREID_KERNELS_GROUPED_CONVOLUTION_H_
