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
  Border zeros = {};  // that belong to the map, beside those of `padding`

  Extent Vertical(int input_height) const {
    return Extent::Of(input_height, kernel_height, stride_height, dilation_height, padding,
                      zeros.top, zeros.bottom);
  }
  Extent Horizontal(int input_width) const {
    return Extent::Of(input_width, kernel_width, stride_width, dilation_width, padding, zeros.left,
                      zeros.right);
  }

  // The windows on a map, of which each reads `tap_channels` channels of a pixel. The map's border
  // must hold every window. Throws std::invalid_argument.
  WindowTable Place(const MapLayout& input, int tap_channels) const;
};

// A convolution with float results, placed on maps of one size.
class Convolution {
 public:
  explicit Convolution(const FloatConvolutionSpec& spec) : spec_(spec) {}
  virtual ~Convolution() = default;

  const FloatConvolutionSpec& spec() const { return spec_; }
  Extent Vertical(int input_height) const { return spec_.Vertical(input_height); }
  Extent Horizontal(int input_width) const { return spec_.Horizontal(input_width); }

  // Fixes the input map. Its border must hold every window. Throws std::invalid_argument.
  virtual void Place(const MapLayout& input);

  int output_pixels() const { return static_cast<int>(table_.windows.size()); }
  // Stages that come before any other.
  virtual std::vector<Stage> OwnStages() const { return {}; }

  virtual void Run(const void* input, const Stage* stages, int stage_count,
                   const Range& range) const = 0;

 protected:
  Windows windows() const {
    return {table_.windows.data(), table_.runs.data(), static_cast<int>(table_.runs.size()),
            table_.run_length};
  }

  FloatConvolutionSpec spec_;
  WindowTable table_;
};

// Of float maps.
class FloatConvolution : public Convolution {
 public:
  // `weights` is [channels_out][kernel_height][kernel_width][channels_in], `bias` [channels_out] or
  // null. Throws std::bad_alloc.
  FloatConvolution(const KernelTable& kernels, const FloatConvolutionSpec& spec,
                   const float* weights, const float* bias);

  void Run(const void* input, const Stage* stages, int stage_count,
           const Range& range) const override;

 private:
  const KernelTable& kernels_;
  AlignedBuffer packed_;
  std::vector<float> bias_;  // [Blocks(channels_out) * 32]
};

}  // namespace bireid

#endif  // BIREID_KERNELS_FLOAT_CONVOLUTION_H_
