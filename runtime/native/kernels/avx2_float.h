// Convolutions in AVX2 and FMA whose sums are floats, or int32 for floats to be. For avx2.cc alone,
// and with internal linkage for the reason that portable_kernels.h gives.
#ifndef BIREID_KERNELS_AVX2_FLOAT_H_
#define BIREID_KERNELS_AVX2_FLOAT_H_

#include <immintrin.h>

#include "kernels/portable_depthwise.h"
#include "kernels/portable_kernels.h"

namespace bireid {
namespace {

constexpr int kGroupPixels = 4;  // pixels whose sums are accumulated together
constexpr int kLanes = 8;

struct Comparisons {
  static uint32_t Negative(const float* y) {
    return Compare<_CMP_LT_OQ>(y, [](int) { return _mm256_setzero_ps(); });
  }
  static uint32_t Above(const float* y, const float* bound) {
    return Compare<_CMP_GT_OQ>(y, [=](int c) { return _mm256_loadu_ps(bound + c); });
  }

 private:
  template <int kComparison, typename Bound>
  static uint32_t Compare(const float* y, Bound bound) {
    uint32_t word = 0;
    for (int c = 0; c < kBlockChannels; c += 8) {
      const __m256 mask = _mm256_cmp_ps(_mm256_loadu_ps(y + c), bound(c), kComparison);
      word |= static_cast<uint32_t>(_mm256_movemask_ps(mask)) << c;
    }
    return word;
  }
};

// Pixels of a tile. Past the end of the range the last one repeats.
struct TilePixels {
  int index[kTilePixels];

  TilePixels(int begin, int pixels) {
    for (int p = 0; p < kTilePixels; ++p) index[p] = begin + portable::Minimum(p, pixels - 1);
  }
};

// What becomes of sums where all stages are those that float networks have most: an addition of a
// map, a clamp, and a store, each or none, of vectors that are full.
class Ending {
 public:
  Ending(const Stage* stages, int stage_count, int channels) {
    int s = 0;
    const auto next_is = [&](StageKind kind) { return s < stage_count && stages[s].kind == kind; };
    if (next_is(StageKind::kAddMap)) add_ = &stages[s++];
    if (next_is(StageKind::kClamp)) clamp_ = &stages[s++];
    if (next_is(StageKind::kStore)) store_ = &stages[s++];
    is_whole_ = store_ != nullptr && s == stage_count && channels % kLanes == 0;
  }

  bool is_whole() const { return is_whole_; }

  [[gnu::always_inline]] void Run(int pixel, int channel, __m256 y) const {
    if (add_ != nullptr) {
      const float* map = static_cast<const float*>(add_->map);
      y = _mm256_add_ps(y, _mm256_loadu_ps(map + portable::PixelOffset(*add_, pixel) + channel));
    }
    if (clamp_ != nullptr) {
      y = _mm256_max_ps(y, _mm256_set1_ps(clamp_->low));
      y = _mm256_min_ps(y, _mm256_set1_ps(clamp_->high));
    }
    float* map = static_cast<float*>(store_->map);
    _mm256_storeu_ps(map + portable::PixelOffset(*store_, pixel) + channel, y);
  }

 private:
  const Stage* add_ = nullptr;
  const Stage* clamp_ = nullptr;
  const Stage* store_ = nullptr;
  bool is_whole_;
};

// Where the sums of row `row` of a tile go: to the tile, or by the ending to where they belong.
// Rows that repeat the last pixel must not be added to a map again.
struct TileSink {
  portable::Tile& tile;

  [[gnu::always_inline]] void operator()(int row, int channel, __m256 y) const {
    _mm256_store_ps(tile[row] + channel % kBlockChannels, y);
  }
};
struct MapSink {
  const Ending& ending;
  const TilePixels& pixels;
  int count;

  [[gnu::always_inline]] void operator()(int row, int channel, __m256 y) const {
    if (row < count) ending.Run(pixels.index[row], channel, y);
  }
};

// The tiles of a range: `compute(block, pixels, count, sink)` gives the sums of rows [0, count).
// `block_weights` floats are the weights of a block.
template <typename Arguments, typename Compute>
[[gnu::always_inline]] inline void ForEachTile(const Arguments& a, int64_t block_weights,
                                               Compute compute) {
  alignas(64) portable::Tile tile = {};
  const Ending ending(a.stages, a.stage_count, a.channels);
  portable::ForEachTile(a.range, block_weights, [&](int block, int begin, int count) {
    const TilePixels pixels(begin, count);
    if (ending.is_whole()) return compute(block, pixels, count, MapSink{ending, pixels, count});
    compute(block, pixels, count, TileSink{tile});
    portable::RunStages<Comparisons>(a.stages, a.stage_count, begin, count, block, a.channels,
                                     tile);
  });
}

// Sums of kPixels pixels, and of kVectors vectors of channels.
template <int kPixels, int kVectors>
using VectorSums = __m256[kPixels][kVectors];

template <int kPixels, int kVectors, typename Function>
[[gnu::always_inline]] inline void ForEach(VectorSums<kPixels, kVectors>& y, Function function) {
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) y[p][v] = function(y[p][v], p, v);
  }
}

// Of rows from `first_row` on and channels from `channel` on, whose weights those are. Eight sums
// and more hide the latency of two FMAs per cycle.
template <int kPixels, int kVectors, typename Sink>
[[gnu::always_inline]] inline void Multiply(const FloatConvolutionArguments& a,
                                            const float* weights, const TilePixels& pixels,
                                            int channel, int first_row, const Sink& sink) {
  const float* window[kPixels];
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
    window[p] = a.input + a.windows.windows[pixels.index[first_row + p]];
  }
  VectorSums<kPixels, kVectors> y;
  ForEach<kPixels, kVectors>(
      y, [&](__m256, int, int v) { return _mm256_loadu_ps(a.bias + channel + v * kLanes); });
  for (int r = 0; r < a.windows.run_count; ++r) {
    const int64_t first = a.windows.runs[r];
    const int64_t last = first + a.windows.run_length;
    for (int64_t i = first; i < last; ++i, weights += kBlockChannels) {
      __m256 weight[kVectors];
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) weight[v] = _mm256_load_ps(weights + v * kLanes);
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p) {
        const __m256 input = _mm256_broadcast_ss(window[p] + i);
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) y[p][v] = _mm256_fmadd_ps(input, weight[v], y[p][v]);
      }
    }
  }
  ForEach<kPixels, kVectors>(y, [&](__m256 sum, int p, int v) {
    sink(first_row + p, channel + v * kLanes, sum);
    return sum;
  });
}

// As Multiply, on pairs of int16: VPMADDWD sums the products of a pair in 32 bits.
inline void MultiplyPairs(const PixelConvolutionArguments& a, const int16_t* weights,
                          const TilePixels& pixels, int channel, int first_row,
                          portable::Tile& tile) {
  constexpr int kVectors = 2;
  const int16_t* window[kGroupPixels];
  __m256i sums[kGroupPixels][kVectors] = {};
#pragma GCC unroll 4
  for (int p = 0; p < kGroupPixels; ++p) {
    window[p] = a.input + a.windows.windows[pixels.index[first_row + p]];
  }
  for (int r = 0; r < a.windows.run_count; ++r) {
    const int64_t first = a.windows.runs[r];
    const int64_t last = first + a.windows.run_length;
    for (int64_t i = first; i < last; i += 2, weights += 2 * kBlockChannels) {
      const __m256i* pairs = reinterpret_cast<const __m256i*>(weights);
      const __m256i low = _mm256_load_si256(pairs);
      const __m256i high = _mm256_load_si256(pairs + 1);
#pragma GCC unroll 4
      for (int p = 0; p < kGroupPixels; ++p) {
        int32_t pair;
        __builtin_memcpy(&pair, window[p] + i, sizeof(pair));
        const __m256i input = _mm256_set1_epi32(pair);
        sums[p][0] = _mm256_add_epi32(sums[p][0], _mm256_madd_epi16(input, low));
        sums[p][1] = _mm256_add_epi32(sums[p][1], _mm256_madd_epi16(input, high));
      }
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < kGroupPixels; ++p) {
    float* row = tile[first_row + p] + channel % kBlockChannels;
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      const __m256 scale = _mm256_loadu_ps(a.scale + channel + v * kLanes);
      _mm256_store_ps(row + v * kLanes, _mm256_mul_ps(_mm256_cvtepi32_ps(sums[p][v]), scale));
    }
  }
}

// As Multiply, but every channel of the input is multiplied with the weights of its own. Of the
// last vector, lanes that `mask` lacks are not read.
template <int kPixels, int kVectors, bool kIsMasked, typename Sink>
[[gnu::always_inline]] inline void Filter(const DepthwiseConvolutionArguments& a,
                                          const float* weights, const TilePixels& pixels,
                                          int channel, int first_row, __m256i mask,
                                          const Sink& sink) {
  const float* window[kPixels];
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
    window[p] = a.input + a.windows[pixels.index[first_row + p]] + channel;
  }
  VectorSums<kPixels, kVectors> y;
  ForEach<kPixels, kVectors>(
      y, [&](__m256, int, int v) { return _mm256_loadu_ps(a.bias + channel + v * kLanes); });
  for (int t = 0; t < a.tap_count; ++t, weights += kBlockChannels) {
    const int64_t tap = a.taps[t];
    __m256 weight[kVectors];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) weight[v] = _mm256_loadu_ps(weights + v * kLanes);
    ForEach<kPixels, kVectors>(y, [&](__m256 sum, int p, int v) {
      const float* inputs = window[p] + tap + v * kLanes;
      const __m256 input = kIsMasked && v == kVectors - 1 ? _mm256_maskload_ps(inputs, mask)
                                                          : _mm256_loadu_ps(inputs);
      return _mm256_fmadd_ps(input, weight[v], sum);
    });
  }
  ForEach<kPixels, kVectors>(y, [&](__m256 sum, int p, int v) {
    sink(first_row + p, channel + v * kLanes, sum);
    return sum;
  });
}

void FloatConvolution(const FloatConvolutionArguments& a) {
  const int64_t block_weights =
      static_cast<int64_t>(a.windows.run_count) * a.windows.run_length * kBlockChannels;
  ForEachTile(a, block_weights,
              [&](int block, const TilePixels& pixels, int count, const auto& sink) {
                const float* weights = static_cast<const float*>(a.weights) + block * block_weights;
                const int first = block * kBlockChannels;
                const int channels = portable::ChannelCount(block, a.channels);
                int c = 0;
                for (; c + 2 * kLanes < channels; c += 3 * kLanes) {
                  for (int row = 0; row < count; row += kGroupPixels) {
                    Multiply<kGroupPixels, 3>(a, weights + c, pixels, first + c, row, sink);
                  }
                }
                if (c + kLanes < channels) {
                  for (int row = 0; row < count; row += kGroupPixels) {
                    Multiply<kGroupPixels, 2>(a, weights + c, pixels, first + c, row, sink);
                  }
                } else if (c < channels) {
                  Multiply<kTilePixels, 1>(a, weights + c, pixels, first + c, 0, sink);
                }
              });
}

void PixelConvolution(const PixelConvolutionArguments& a) {
  const int64_t block_weights =
      static_cast<int64_t>(a.windows.run_count) * a.windows.run_length * kBlockChannels;
  alignas(64) portable::Tile tile = {};
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const int16_t* weights = static_cast<const int16_t*>(a.weights) + block * block_weights;
    const int channels = portable::ChannelCount(block, a.channels);
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const int count = portable::Minimum(kTilePixels, a.range.pixel_end - begin);
      const TilePixels pixels(begin, count);
      for (int c = 0; c < channels; c += 2 * kLanes) {
        for (int row = 0; row < count; row += kGroupPixels) {
          MultiplyPairs(a, weights + 2 * c, pixels, block * kBlockChannels + c, row, tile);
        }
      }
      portable::RunStages<Comparisons>(a.stages, a.stage_count, begin, count, block, a.channels,
                                       tile);
    }
  }
}

template <bool kIsMasked>
void FilterBlocks(const DepthwiseConvolutionArguments& a) {
  alignas(32) int32_t lanes[kLanes];  // of the last vector that has channels
  for (int c = 0; c < kLanes; ++c) lanes[c] = c <= (a.channels - 1) % kLanes ? -1 : 0;
  const __m256i mask = _mm256_load_si256(reinterpret_cast<const __m256i*>(lanes));
  const int64_t block_weights = static_cast<int64_t>(a.tap_count) * kBlockChannels;
  ForEachTile(
      a, block_weights, [&](int block, const TilePixels& pixels, int count, const auto& sink) {
        const float* weights = a.weights + block * block_weights;
        const int first = block * kBlockChannels;
        const int channels = portable::ChannelCount(block, a.channels);
        int c = 0;
        for (; c + kLanes < channels; c += 2 * kLanes) {
          const bool is_masked = kIsMasked && c + 2 * kLanes > channels;
          for (int row = 0; row < count; row += kGroupPixels) {
            if (is_masked) {
              Filter<kGroupPixels, 2, kIsMasked>(a, weights + c, pixels, first + c, row, mask,
                                                 sink);
            } else {
              Filter<kGroupPixels, 2, false>(a, weights + c, pixels, first + c, row, mask, sink);
            }
          }
        }
        if (c < channels) {
          Filter<kTilePixels, 1, kIsMasked>(a, weights + c, pixels, first + c, 0, mask, sink);
        }
      });
}

void DepthwiseConvolution(const DepthwiseConvolutionArguments& a) {
  if (a.multiplier != 1) {
    portable::DepthwiseConvolution<Comparisons>(
        a, [](float input, float weight, float y) { return __builtin_fmaf(input, weight, y); });
  } else if (a.channels % kLanes == 0) {
    FilterBlocks<false>(a);
  } else {
    FilterBlocks<true>(a);
  }
}

}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_AVX2_FLOAT_H_
