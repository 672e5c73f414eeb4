// A convolution of every channel by itself, for the paths of NEON. See portable_kernels.h for how
// it may be included.
#ifndef BIREID_KERNELS_NEON_DEPTHWISE_H_
#define BIREID_KERNELS_NEON_DEPTHWISE_H_

#include <arm_neon.h>

#include "kernels/neon_stages.h"
#include "kernels/portable_depthwise.h"

namespace bireid {
namespace {

// Every channel of the input times the weights of its own: eight pixels by four channels.
void Filter(const DepthwiseConvolutionArguments& a, const float* weights, int first_pixel,
            int pixels, int channel, portable::Tile& tile) {
  const int count = portable::Minimum(kLanes, a.channels - channel);
  const float* window[kTilePixels];
  float32x4_t y[kTilePixels];
#pragma GCC unroll 8
  for (int p = 0; p < kTilePixels; ++p) {
    window[p] = a.input + a.windows[first_pixel + portable::Minimum(p, pixels - 1)] + channel;
    y[p] = vld1q_f32(a.bias + channel);
  }
  for (int t = 0; t < a.tap_count; ++t, weights += kBlockChannels) {
    const int64_t tap = a.taps[t];
    const float32x4_t weight = vld1q_f32(weights);
    if (count == kLanes) {
#pragma GCC unroll 8
      for (int p = 0; p < kTilePixels; ++p) {
        y[p] = vfmaq_f32(y[p], vld1q_f32(window[p] + tap), weight);
      }
    } else {
      for (int p = 0; p < kTilePixels; ++p) {
        float inputs[kLanes] = {};
        for (int c = 0; c < count; ++c) inputs[c] = window[p][tap + c];
        y[p] = vfmaq_f32(y[p], vld1q_f32(inputs), weight);
      }
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < kTilePixels; ++p) vst1q_f32(tile[p] + channel % kBlockChannels, y[p]);
}

void DepthwiseConvolution(const DepthwiseConvolutionArguments& a) {
  if (a.multiplier != 1) {
    return portable::DepthwiseConvolution<Comparisons>(
        a, [](float input, float weight, float y) { return __builtin_fmaf(input, weight, y); });
  }
  alignas(64) portable::Tile tile = {};
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const float* weights = a.weights + static_cast<int64_t>(block) * a.tap_count * kBlockChannels;
    const int channels = portable::ChannelCount(block, a.channels);
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const int pixels = portable::Minimum(kTilePixels, a.range.pixel_end - begin);
      for (int c = 0; c < channels; c += kLanes) {
        Filter(a, weights + c, begin, pixels, block * kBlockChannels + c, tile);
      }
      portable::RunStages<Comparisons>(a.stages, a.stage_count, begin, pixels, block, a.channels,
                                       tile);
    }
  }
}

}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_NEON_DEPTHWISE_H_
