// The first convolution of a network on exact 8-bit pixels.
//
// A network is fed (pixel / 255 - mean) / std. With v = value * std + mean = pixel / 255 the first
// convolution is a sum over integers:
//
//   sum w * value + bias = sum (w / (255 std)) * pixel + (bias - sum w * mean / std)
//
// where both sums run over the taps inside the image, since outside the network sees 0, which is no
// pixel. The weights are rounded to 15 bits and a sign per output channel, the pixels and all sums
// are exact.
#ifndef BIREID_KERNELS_PIXEL_CONVOLUTION_H_
#define BIREID_KERNELS_PIXEL_CONVOLUTION_H_

#include <vector>

#include "kernels/float_convolution.h"

namespace bireid {

// How pixels were normalised, per channel.
struct PixelNormalization {
  std::vector<float> mean;
  std::vector<float> std;
};

class PixelConvolution : public Convolution {
 public:
  // `weights` and `bias` as for FloatConvolution; the normalisation has `channels_in` entries.
  // Throws std::invalid_argument if a std is not positive.
  PixelConvolution(const KernelTable& kernels, const FloatConvolutionSpec& spec,
                   const float* weights, const float* bias,
                   const PixelNormalization& normalization);

  void Place(const MapLayout& input) override;
  std::vector<Stage> OwnStages() const override;
  void Run(const void* input, const Stage* stages, int stage_count,
           const Range& range) const override;

 private:
  int taps() const { return spec_.kernel_height * spec_.kernel_width; }
  void Quantize(const float* weights, const PixelNormalization& normalization);

  const KernelTable& kernels_;
  std::vector<float> scale_;       // [Blocks(channels_out) * 32]
  std::vector<int16_t> rounded_;   // [channels_out][taps][channels_in]
  std::vector<float> bias_;        // [channels_out]
  std::vector<double> mean_part_;  // [channels_out][taps]: sum of w * mean / std
  AlignedBuffer packed_;
  std::vector<float> border_;            // [classes of taps inside][channels_out]
  std::vector<int32_t> border_offsets_;  // [output pixels]
};

}  // namespace bireid

#endif  // BIREID_KERNELS_PIXEL_CONVOLUTION_H_
