// Convolutions and poolings of floats in AVX-512, without what only newer CPUs have. For the files
// of the AVX-512 paths alone, and with internal linkage for the reason that portable_kernels.h
// gives.
#ifndef BIREID_KERNELS_AVX512_FLOAT_H_
#define BIREID_KERNELS_AVX512_FLOAT_H_

#include "kernels/avx512_tile.h"
#include "kernels/portable_depthwise.h"

namespace bireid {
namespace {

template <int kCount>
struct Used {
  static constexpr int value = kCount;
};

template <typename Element>
struct TileWindows {
  const Element* window[kTilePixels];

  TileWindows(const Element* input, const int32_t* windows, const TilePixels& pixels) {
    for (int p = 0; p < kTilePixels; ++p) window[p] = input + windows[pixels.index[p]];
  }
};

// [block][k][channel of the block], for words as for floats; channels past the last are zero.
template <typename Element>
void PackWeights(const WeightShape& shape, const Element* rows, void* packed) {
  Element* out = static_cast<Element*>(packed);
  const int depth = shape.run_count * shape.run_length;
  for (int block = 0; block < Blocks(shape.channels); ++block) {
    for (int k = 0; k < depth; ++k) {
      for (int c = 0; c < kBlockChannels; ++c) {
        const int channel = block * kBlockChannels + c;
        *out++ = channel < shape.channels ? rows[static_cast<int64_t>(channel) * depth + k] : 0;
      }
    }
  }
}

size_t FloatWeightsBytes(const WeightShape& shape) {
  return static_cast<size_t>(Blocks(shape.channels)) * shape.run_count * shape.run_length *
         kBlockChannels * sizeof(float);
}

// One tile, of a block whose channels fill kUsed vectors.
template <int kUsed>
[[gnu::always_inline]] inline void Multiply(const FloatConvolutionArguments& a,
                                            const float* weights, const float* bias,
                                            const TilePixels& pixels, Tile& y) {
  const TileWindows<float> tile(a.input, a.windows.windows, pixels);
  ForEach(y, [&](__m512, int, int v) { return _mm512_loadu_ps(bias + v * kLanes); });
  for (int r = 0; r < a.windows.run_count; ++r) {
    const int64_t first = a.windows.runs[r];
    const int64_t last = first + a.windows.run_length;
    for (int64_t i = first; i < last; ++i, weights += kBlockChannels) {
      __m512 weight[kUsed];
#pragma GCC unroll 2
      for (int v = 0; v < kUsed; ++v) weight[v] = _mm512_load_ps(weights + v * kLanes);
#pragma GCC unroll 8
      for (int p = 0; p < kTilePixels; ++p) {
        const __m512 input = _mm512_set1_ps(tile.window[p][i]);
#pragma GCC unroll 2
        for (int v = 0; v < kUsed; ++v) y[p][v] = _mm512_fmadd_ps(input, weight[v], y[p][v]);
      }
    }
  }
}

// As Multiply, but every channel of the input is multiplied with the weights of its own.
template <int kUsed>
[[gnu::always_inline]] inline void Filter(const DepthwiseConvolutionArguments& a,
                                          const float* weights, int first_channel,
                                          const TilePixels& pixels, const ChannelMask& mask,
                                          Tile& y) {
  const TileWindows<float> tile(a.input, a.windows, pixels);
  ForEach(y,
          [&](__m512, int, int v) { return _mm512_loadu_ps(a.bias + first_channel + v * kLanes); });
  for (int t = 0; t < a.tap_count; ++t, weights += kBlockChannels) {
    const int64_t tap = first_channel + int64_t{a.taps[t]};
    __m512 weight[kUsed];
#pragma GCC unroll 2
    for (int v = 0; v < kUsed; ++v) weight[v] = _mm512_loadu_ps(weights + v * kLanes);
#pragma GCC unroll 8
    for (int p = 0; p < kTilePixels; ++p) {
#pragma GCC unroll 2
      for (int v = 0; v < kUsed; ++v) {
        const float* inputs = tile.window[p] + tap + v * kLanes;
        const __m512 input = _mm512_maskz_loadu_ps(mask.vector[v], inputs);
        y[p][v] = _mm512_fmadd_ps(input, weight[v], y[p][v]);
      }
    }
  }
}

// The tiles of a range, each computed by `compute(vectors used, block, pixels, mask, tile)`, where
// the first is a constant; then come the stages. `block_weights` floats are those of a block.
template <typename Arguments, typename Compute>
[[gnu::always_inline]] inline void ForEachTile(const Arguments& a, int64_t block_weights,
                                               Compute compute) {
  portable::ForEachTile(a.range, block_weights, [&](int block, int begin, int) {
    const ChannelMask mask(block, a.channels);
    const TilePixels pixels(begin, a.range.pixel_end);
    Tile y;
    if (mask.vector[1] != 0) {
      compute(Used<2>(), block, pixels, mask, y);
    } else {
      compute(Used<1>(), block, pixels, mask, y);
    }
    RunStages(a.stages, a.stage_count, pixels, block, mask, y);
  });
}

void FloatConvolution(const FloatConvolutionArguments& a) {
  const int64_t block_weights =
      static_cast<int64_t>(a.windows.run_count) * a.windows.run_length * kBlockChannels;
  ForEachTile(a, block_weights,
              [&](auto used, int block, const TilePixels& pixels, const ChannelMask&, Tile& y) {
                Multiply<used.value>(a,
                                     static_cast<const float*>(a.weights) + block * block_weights,
                                     a.bias + block * kBlockChannels, pixels, y);
              });
}

void DepthwiseConvolution(const DepthwiseConvolutionArguments& a) {
  if (a.multiplier != 1) {
    return portable::DepthwiseConvolution<portable::Comparisons>(
        a, [](float input, float weight, float y) { return __builtin_fmaf(input, weight, y); });
  }
  const int64_t block_weights = static_cast<int64_t>(a.tap_count) * kBlockChannels;
  ForEachTile(
      a, block_weights,
      [&](auto used, int block, const TilePixels& pixels, const ChannelMask& mask, Tile& y) {
        Filter<used.value>(a, a.weights + block * block_weights, block * kBlockChannels, pixels,
                           mask, y);
      });
}

template <PoolKind kKind>
[[gnu::always_inline]] inline __m512 PoolTap(__m512 y, __m512 x) {
  return kKind == PoolKind::kMax ? _mm512_max_ps(y, x) : _mm512_add_ps(y, x);
}

template <PoolKind kKind>
[[gnu::always_inline]] inline void StartPool(__m512 (&y)[kVectors]) {
  y[0] = y[1] = _mm512_set1_ps(kKind == PoolKind::kMax ? -__FLT_MAX__ : 0.0f);
}

template <PoolKind kKind>
[[gnu::always_inline]] inline void FinishPool(int taps, __m512 (&y)[kVectors]) {
  if (kKind == PoolKind::kMax) return;
  const float count = static_cast<float>(taps);
  if ((taps & (taps - 1)) == 0) {  // the same to the last bit, and many times as fast
    for (__m512& sum : y) sum = _mm512_mul_ps(sum, _mm512_set1_ps(1.0f / count));
  } else {
    for (__m512& sum : y) sum = _mm512_div_ps(sum, _mm512_set1_ps(count));
  }
}

// One output pixel of a pooling, the taps that lie on the map row by row.
template <PoolKind kKind>
[[gnu::always_inline]] inline void PoolPixel(const PoolArguments& a, int left, int block,
                                             const ChannelMask& mask, __m512 (&y)[kVectors]) {
  const int begin = left < 0 ? -left : 0;
  const int end = left + a.filter_width > a.input_width ? a.input_width - left : a.filter_width;
  int rows = 0;
  StartPool<kKind>(y);
  for (int ky = 0; ky < a.filter_height; ++ky) {
    if (a.rows[ky] == nullptr) continue;
    ++rows;
    const float* row = a.rows[ky] + block * kBlockChannels;
    for (int kx = begin; kx < end; ++kx) {
      const float* tap = row + (left + kx) * a.pixel_stride;
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        y[v] = PoolTap<kKind>(y[v], _mm512_maskz_loadu_ps(mask.vector[v], tap + v * kLanes));
      }
    }
  }
  FinishPool<kKind>(rows * (end - begin), y);
}

// As PoolPixel, of a window of kSize x kSize taps and a block of channels that are all there.
template <PoolKind kKind, int kSize>
[[gnu::always_inline]] inline void PoolWhole(const PoolArguments& a, int left, int block,
                                             __m512 (&y)[kVectors]) {
  const int64_t first = left * a.pixel_stride + block * kBlockChannels;
  StartPool<kKind>(y);
#pragma GCC unroll 3
  for (int ky = 0; ky < kSize; ++ky) {
#pragma GCC unroll 3
    for (int kx = 0; kx < kSize; ++kx) {
      const float* tap = a.rows[ky] + first + kx * a.pixel_stride;
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        y[v] = PoolTap<kKind>(y[v], _mm512_loadu_ps(tap + v * kLanes));
      }
    }
  }
  FinishPool<kKind>(kSize * kSize, y);
}

// A block of a row. kSize: that of windows whose rows and channels are all there, 0 for any.
template <PoolKind kKind, int kSize>
void PoolBlock(const PoolArguments& a, int block, const ChannelMask& mask) {
  for (int begin = 0; begin < a.output_width; begin += kTilePixels) {
    const TilePixels columns(begin, a.output_width);
    TilePixels pixels = columns;
    for (int& pixel : pixels.index) pixel += a.output_row * a.output_width;
    Tile y;
    if (a.output_width == 1) {  // of a whole map, most of all
      PoolPixel<kKind>(a, -a.pad_left, block, mask, y[0]);
      ForEach(y, [&](__m512, int, int v) { return y[0][v]; });
    } else {
#pragma GCC unroll 8
      for (int p = 0; p < kTilePixels; ++p) {
        const int left = columns.index[p] * a.stride_width - a.pad_left;
        if (kSize > 0 && left >= 0 && left + kSize <= a.input_width) {
          PoolWhole<kKind, kSize>(a, left, block, y[p]);
        } else {
          PoolPixel<kKind>(a, left, block, mask, y[p]);
        }
      }
    }
    RunStages(a.stages, a.stage_count, pixels, block, mask, y);
  }
}

inline bool IsWhole(const PoolArguments& a, const ChannelMask& mask, int size) {
  if (a.filter_height != size || a.filter_width != size || mask.bits != ~0u) return false;
  for (int ky = 0; ky < size; ++ky) {
    if (a.rows[ky] == nullptr) return false;
  }
  return true;
}

template <PoolKind kKind>
void PoolBlocks(const PoolArguments& a) {
  // As behind a stem, and before the convolution of a shortcut.
  constexpr int kUsual = kKind == PoolKind::kMax ? 3 : 2;
  for (int block = 0; block < Blocks(a.channels); ++block) {
    const ChannelMask mask(block, a.channels);
    if (IsWhole(a, mask, kUsual)) {
      PoolBlock<kKind, kUsual>(a, block, mask);
    } else {
      PoolBlock<kKind, 0>(a, block, mask);
    }
  }
}

void PoolRow(const PoolArguments& a) {
  if (a.kind == PoolKind::kMax) {
    PoolBlocks<PoolKind::kMax>(a);
  } else {
    PoolBlocks<PoolKind::kAverage>(a);
  }
}

void Apply(const MapArguments& a) {
  const Stage source{StageKind::kAddMap,          0,         0,       nullptr,
                     const_cast<float*>(a.input), a.offsets, a.stride};
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const ChannelMask mask(block, a.channels);
    const float* map = a.input + block * kBlockChannels;
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const TilePixels pixels(begin, a.range.pixel_end);
      Tile y;
      ForEach(y, [&](__m512, int p, int v) {
        return _mm512_maskz_loadu_ps(mask.vector[v],
                                     map + Offset(source, pixels.index[p]) + v * kLanes);
      });
      RunStages(a.stages, a.stage_count, pixels, block, mask, y);
    }
  }
}

}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_AVX512_FLOAT_H_
