#include "kernels/float_convolution.h"

#include <algorithm>
#include <stdexcept>

namespace bireid {

WindowTable FloatConvolutionSpec::Place(const MapLayout& input, int tap_channels) const {
  const Extent vertical = Vertical(input.height);
  const Extent horizontal = Horizontal(input.width);
  if (input.elements != channels_in || input.border.top < vertical.pad_before ||
      input.border.bottom < vertical.pad_after || input.border.left < horizontal.pad_before ||
      input.border.right < horizontal.pad_after) {
    throw std::invalid_argument("the input map does not hold every window");
  }
  return WindowTable::Of(input, vertical, horizontal, tap_channels);
}

FloatConvolution::FloatConvolution(const KernelTable& kernels, const FloatConvolutionSpec& spec,
                                   const float* weights, const float* bias)
    : Convolution(spec), kernels_(kernels) {
  const WeightShape shape{spec.channels_out, 1,
                          spec.kernel_height * spec.kernel_width * spec.channels_in};
  packed_ = AlignedBuffer(kernels.float_weights_bytes(shape));
  kernels.pack_float_weights(shape, weights, packed_.data());
  bias_.resize(static_cast<size_t>(Blocks(spec.channels_out)) * kBlockChannels);
  if (bias != nullptr) std::copy_n(bias, spec.channels_out, bias_.begin());
}

void Convolution::Place(const MapLayout& input) { table_ = spec_.Place(input, spec_.channels_in); }

void FloatConvolution::Run(const void* input, const Stage* stages, int stage_count,
                           const Range& range) const {
  kernels_.float_convolution({static_cast<const float*>(input), windows(), packed_.data(),
                              spec_.channels_out, bias_.data(), stages, stage_count, range});
}

}  // namespace bireid
