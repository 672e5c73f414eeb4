#include "kernels/pixel_convolution.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace bireid {
namespace {

constexpr double kMaxWeight = 32767.0;
constexpr double kMaxSum = 2147483647.0;
constexpr double kMaxPixel = 255.0;

}  // namespace

PixelConvolution::PixelConvolution(const KernelTable& kernels, const FloatConvolutionSpec& spec,
                                   const float* weights, const float* bias,
                                   const PixelNormalization& normalization)
    : Convolution(spec), kernels_(kernels), bias_(spec.channels_out) {
  for (const float std : normalization.std) {
    if (!(std > 0)) throw std::invalid_argument("the std of pixels must be positive");
  }
  if (bias != nullptr) std::copy_n(bias, spec.channels_out, bias_.begin());
  Quantize(weights, normalization);
}

void PixelConvolution::Quantize(const float* weights, const PixelNormalization& normalization) {
  const int channels_in = spec_.channels_in;
  const int depth = taps() * channels_in;
  scale_.resize(static_cast<size_t>(Blocks(spec_.channels_out)) * kBlockChannels);
  for (int c = 0; c < spec_.channels_out; ++c) {
    const float* row = weights + static_cast<int64_t>(c) * depth;
    std::vector<double> per_pixel(depth);
    double largest = 0;
    double total = 0;
    for (int k = 0; k < depth; ++k) {
      per_pixel[k] = row[k] / (kMaxPixel * normalization.std[k % channels_in]);
      largest = std::max(largest, std::abs(per_pixel[k]));
      total += std::abs(per_pixel[k]);
    }
    // As fine as int16 weights and int32 sums allow. Rounding adds up to half a unit per weight.
    const bool is_finite = std::isfinite(total);
    double steps = 1;
    if (largest > 0 && is_finite) {
      steps = std::min(kMaxWeight / largest, (kMaxSum / kMaxPixel - 0.5 * depth) / total);
    }
    // A weight that is no number makes none of the channel, as it does in floats.
    scale_[c] = is_finite ? static_cast<float>(1.0 / steps) : std::nanf("");
    for (int k = 0; k < depth; ++k) {
      const double rounded = is_finite ? std::round(per_pixel[k] * steps) : 0;
      rounded_.push_back(static_cast<int16_t>(rounded));
    }
    for (int tap = 0; tap < taps(); ++tap) {
      double sum = 0;
      for (int i = 0; i < channels_in; ++i) {
        // What the rounded weights make of the mean, so that a grey image gives what it should.
        sum += rounded_[rounded_.size() - depth + tap * channels_in + i] / steps * kMaxPixel *
               normalization.mean[i];
      }
      mean_part_.push_back(sum);
    }
  }
}

void PixelConvolution::Place(const MapLayout& input) {
  Convolution::Place(input);
  const WeightShape shape{spec_.channels_out, static_cast<int>(table_.runs.size()),
                          table_.run_length};
  packed_ = AlignedBuffer(kernels_.pixel_weights_bytes(shape));
  kernels_.pack_pixel_weights(shape, rounded_.data(), packed_.data());
  // Kernels take an even length.
  table_.run_length += table_.run_length % 2;
  const BorderClasses borders = BorderClasses::Of(Vertical(input.height), Horizontal(input.width));
  border_.clear();
  border_offsets_.clear();
  for (const BorderClasses::Class& inside : borders.classes) {
    for (int c = 0; c < spec_.channels_out; ++c) {
      double sum = bias_[c];
      for (int ky = inside.rows.first; ky < inside.rows.second; ++ky) {
        for (int kx = inside.columns.first; kx < inside.columns.second; ++kx) {
          sum -= mean_part_[static_cast<int64_t>(c) * taps() + ky * spec_.kernel_width + kx];
        }
      }
      border_.push_back(static_cast<float>(sum));
    }
  }
  for (const int32_t index : borders.of_pixel) {
    border_offsets_.push_back(index * spec_.channels_out);
  }
}

std::vector<Stage> PixelConvolution::OwnStages() const {
  Stage stage{};
  stage.kind = StageKind::kAddBorder;
  stage.map = const_cast<float*>(border_.data());
  stage.offsets = border_offsets_.data();
  return {stage};
}

void PixelConvolution::Run(const void* input, const Stage* stages, int stage_count,
                           const Range& range) const {
  kernels_.pixel_convolution({static_cast<const int16_t*>(input), windows(), packed_.data(),
                              spec_.channels_out, scale_.data(), stages, stage_count, range});
}

}  // namespace bireid
