// A convolution of every channel by itself, in loops that compilers turn into vector code, for any
// number of output channels per input channel. See portable_kernels.h for how it may be included.
#ifndef BIREID_KERNELS_PORTABLE_DEPTHWISE_H_
#define BIREID_KERNELS_PORTABLE_DEPTHWISE_H_

#include "kernels/portable_kernels.h"

namespace bireid {
namespace {
namespace portable {

// The inputs of a block's channels at one tap.
inline const float* TapBlock(const DepthwiseConvolutionArguments& a, const float* tap, int block,
                             int count, float (&buffer)[kBlockChannels]) {
  if (a.multiplier == 1) return FullBlock(tap + block * kBlockChannels, count, buffer);
  for (int c = 0; c < kBlockChannels; ++c) {
    buffer[c] = c < count ? tap[(block * kBlockChannels + c) / a.multiplier] : 0.0f;
  }
  return buffer;
}

// `multiply_add(input, weight, y)` is the path's.
template <typename Compare, typename MultiplyAdd>
void DepthwiseConvolution(const DepthwiseConvolutionArguments& a, MultiplyAdd multiply_add) {
  alignas(64) Tile tile;
  alignas(64) float buffer[kBlockChannels];
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const float* block_weights =
        a.weights + static_cast<int64_t>(block) * a.tap_count * kBlockChannels;
    const int count = ChannelCount(block, a.channels);
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const int pixels = Minimum(kTilePixels, a.range.pixel_end - begin);
      for (int p = 0; p < pixels; ++p) {
        const float* window = a.input + a.windows[begin + p];
        const float* weights = block_weights;
        StoreBlock(a.bias + block * kBlockChannels, kBlockChannels, tile[p]);
        for (int t = 0; t < a.tap_count; ++t, weights += kBlockChannels) {
          const float* inputs = TapBlock(a, window + a.taps[t], block, count, buffer);
          for (int c = 0; c < kBlockChannels; ++c) {
            tile[p][c] = multiply_add(inputs[c], weights[c], tile[p][c]);
          }
        }
      }
      RunStages<Compare>(a.stages, a.stage_count, begin, pixels, block, a.channels, tile);
    }
  }
}

}  // namespace portable
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_PORTABLE_DEPTHWISE_H_
