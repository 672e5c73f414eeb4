// Convolution of integer pixels in plain loops; see portable_kernels.h for how paths include this.
#ifndef BIREID_KERNELS_PORTABLE_PIXELS_H_
#define BIREID_KERNELS_PORTABLE_PIXELS_H_

#include "kernels/portable_kernels.h"

namespace bireid {
namespace {
namespace portable {

inline int64_t PixelPairs(const WeightShape& shape) {
  return int64_t{shape.run_count} * ((shape.run_length + 1) / 2);
}

inline size_t PixelWeightsBytes(const WeightShape& shape) {
  return static_cast<size_t>(Blocks(shape.channels) * PixelPairs(shape)) * 2 * kBlockChannels *
         sizeof(int16_t);
}

// As [block][pair of inputs][channel of the block][2], 0 where there is no channel or no input.
inline void PackPixelWeights(const WeightShape& shape, const int16_t* rows, void* packed) {
  int16_t* out = static_cast<int16_t*>(packed);
  for (int block = 0; block < Blocks(shape.channels); ++block) {
    for (int run = 0; run < shape.run_count; ++run) {
      for (int pair = 0; pair < (shape.run_length + 1) / 2; ++pair) {
        for (int lane = 0; lane < 2 * kBlockChannels; ++lane) {
          const int channel = block * kBlockChannels + lane / 2;
          const int i = 2 * pair + lane % 2;
          const bool exists = channel < shape.channels && i < shape.run_length;
          const int64_t row = (int64_t{channel} * shape.run_count + run) * shape.run_length;
          *out++ = exists ? rows[row + i] : int16_t{0};
        }
      }
    }
  }
}

// Adds one pair of inputs times the pairs of 32 channels.
inline void AddPairs(int32_t first, int32_t second, const int16_t* __restrict weights,
                     int32_t* __restrict sums) {
  for (int c = 0; c < kBlockChannels; ++c) {
    sums[c] += first * weights[2 * c] + second * weights[2 * c + 1];
  }
}

template <typename Compare>
void PixelConvolution(const PixelConvolutionArguments& a) {
  alignas(64) SumTile sums;
  alignas(64) Tile tile;
  const Windows& windows = a.windows;
  const int64_t block_weights =
      static_cast<int64_t>(windows.run_count) * windows.run_length * kBlockChannels;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const float* scale = a.scale + block * kBlockChannels;
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const int pixels = Minimum(kTilePixels, a.range.pixel_end - begin);
      __builtin_memset(sums, 0, sizeof(sums));
      const int16_t* weights = static_cast<const int16_t*>(a.weights) + block * block_weights;
      for (int r = 0; r < windows.run_count; ++r) {
        for (int i = 0; i < windows.run_length; i += 2, weights += 2 * kBlockChannels) {
          for (int p = 0; p < pixels; ++p) {
            const int16_t* pair = a.input + windows.windows[begin + p] + windows.runs[r] + i;
            AddPairs(pair[0], pair[1], weights, sums[p]);
          }
        }
      }
      for (int p = 0; p < pixels; ++p) {
        for (int c = 0; c < kBlockChannels; ++c) {
          tile[p][c] = static_cast<float>(sums[p][c]) * scale[c];
        }
      }
      RunStages<Compare>(a.stages, a.stage_count, begin, pixels, block, a.channels, tile);
    }
  }
}

inline bool FindPixels(const PixelRowArguments& a) {
  // Adding this leaves no bits for a fraction, so the sum is rounded to nearest.
  constexpr float kRound = 12582912.0f;
  int32_t wrong = 0;
  for (int i = 0; i < a.count; ++i) {
    const float v = a.values[i] * a.slope[i] + a.offset[i];
    // Bounded first, so that no value, NaN included, leaves the range of the conversion.
    const float pixel = (Minimum(Maximum(v, 0.0f), 255.0f) + kRound) - kRound;
    const float rest = v - pixel;
    wrong |= static_cast<int32_t>(!(rest <= a.tolerance)) |
             static_cast<int32_t>(!(rest >= -a.tolerance));
    a.pixels[i] = static_cast<int16_t>(pixel);
  }
  return wrong == 0;
}

}  // namespace portable
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_PORTABLE_PIXELS_H_
