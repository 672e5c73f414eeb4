// AVX-512 with VPOPCNTDQ. Lanes are output channels: a weight vector holds one word of 16 filters,
// and an activation word is broadcast to all of them, so sums are never added across lanes. Per 512
// bit-products one XOR, one population count and one add go to two ports: 341 products per cycle is
// the bound.
#include "kernels/kernel_table.h"

#if defined(__x86_64__) && defined(__AVX512VPOPCNTDQ__)

#include <immintrin.h>

namespace bireid {
namespace {

constexpr int kLanes = 16;
constexpr int kVectors = kBlockChannels / kLanes;

using Tile = __m512[kTilePixels][kVectors];

// Pixels of a tile. Past the end of the range the last pixel repeats: the same value is computed
// and stored again, which is cheaper than asking at every store.
struct TilePixels {
  int index[kTilePixels];

  TilePixels(int begin, int end) {
    for (int p = 0; p < kTilePixels; ++p) index[p] = begin + p < end ? begin + p : end - 1;
  }
};

// Channels of a block that exist; loads and stores of maps touch no others.
struct ChannelMask {
  __mmask16 vector[kVectors];
  uint32_t bits;

  ChannelMask(int block, int channels) {
    const int count = channels - block * kBlockChannels;
    bits = count >= kBlockChannels ? ~0u : (1u << count) - 1;
    vector[0] = static_cast<__mmask16>(bits);
    vector[1] = static_cast<__mmask16>(bits >> kLanes);
  }
};

int64_t Offset(const Stage& stage, int pixel) {
  return stage.offsets != nullptr ? stage.offsets[pixel] : pixel * stage.stride;
}

template <typename Function>
[[gnu::always_inline]] inline void ForEach(Tile& y, Function function) {
#pragma GCC unroll 8
  for (int p = 0; p < kTilePixels; ++p) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) y[p][v] = function(y[p][v], p, v);
  }
}

[[gnu::always_inline]] inline void AddMap(const Stage& stage, const TilePixels& pixels, int block,
                                          const ChannelMask& mask, Tile& y) {
  const float* map = static_cast<const float*>(stage.map) + block * kBlockChannels;
  ForEach(y, [&](__m512 value, int p, int v) {
    const int64_t offset = Offset(stage, pixels.index[p]);
    if (stage.kind == StageKind::kAddBorder && offset < 0) return value;
    return _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask.vector[v], map + offset + v * kLanes));
  });
}

[[gnu::always_inline]] inline void StoreFloats(const Stage& stage, const TilePixels& pixels,
                                               int block, const ChannelMask& mask, const Tile& y) {
  float* map = static_cast<float*>(stage.map) + block * kBlockChannels;
#pragma GCC unroll 8
  for (int p = 0; p < kTilePixels; ++p) {
    float* pixel = map + Offset(stage, pixels.index[p]);
    _mm512_mask_storeu_ps(pixel, mask.vector[0], y[p][0]);
    if (mask.vector[1] != 0) _mm512_mask_storeu_ps(pixel + kLanes, mask.vector[1], y[p][1]);
  }
}

__m128i RoundToInt8(__m512 y) {
  // Half away from zero: truncate, then step out by one where at least a half was cut off. The
  // clamp comes first so that the conversion cannot overflow; it also turns NaN into a bound.
  y = _mm512_min_ps(_mm512_max_ps(y, _mm512_set1_ps(-128.0f)), _mm512_set1_ps(127.0f));
  const __m512 whole = _mm512_roundscale_ps(y, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
  const __m512 rest = _mm512_sub_ps(y, whole);
  __m512i rounded = _mm512_cvttps_epi32(whole);
  const __m512i one = _mm512_set1_epi32(1);
  const __mmask16 up = _mm512_cmp_ps_mask(rest, _mm512_set1_ps(0.5f), _CMP_GE_OQ);
  const __mmask16 down = _mm512_cmp_ps_mask(rest, _mm512_set1_ps(-0.5f), _CMP_LE_OQ);
  rounded = _mm512_mask_add_epi32(rounded, up, rounded, one);
  rounded = _mm512_mask_sub_epi32(rounded, down, rounded, one);
  return _mm512_cvtsepi32_epi8(rounded);
}

[[gnu::noinline]] void StoreInt8(const Stage& stage, const TilePixels& pixels, int block,
                                 const ChannelMask& mask, const Tile& y) {
  int8_t* map = static_cast<int8_t*>(stage.map) + block * kBlockChannels;
  for (int p = 0; p < kTilePixels; ++p) {
    int8_t* pixel = map + Offset(stage, pixels.index[p]);
    for (int v = 0; v < kVectors; ++v) {
      _mm_mask_storeu_epi8(pixel + v * kLanes, mask.vector[v], RoundToInt8(y[p][v]));
    }
  }
}

template <int kComparison>
[[gnu::always_inline]] inline void Pack(const Stage& stage, const TilePixels& pixels, int block,
                                        const ChannelMask& mask, const __m512 (&bound)[kVectors],
                                        const Tile& y) {
  uint32_t* map = static_cast<uint32_t*>(stage.map) + block;
#pragma GCC unroll 8
  for (int p = 0; p < kTilePixels; ++p) {
    const __mmask16 low = _mm512_cmp_ps_mask(y[p][0], bound[0], kComparison);
    const __mmask16 high = _mm512_cmp_ps_mask(y[p][1], bound[1], kComparison);
    map[Offset(stage, pixels.index[p])] = _mm512_kunpackw(high, low) & mask.bits;
  }
}

[[gnu::always_inline]] inline void RunStages(const Stage* stages, int stage_count,
                                             const TilePixels& pixels, int block,
                                             const ChannelMask& mask, Tile& y) {
  for (int s = 0; s < stage_count; ++s) {
    const Stage& stage = stages[s];
    __m512 channel[kVectors] = {};
    if (stage.channel != nullptr) {
      channel[0] = _mm512_loadu_ps(stage.channel + block * kBlockChannels);
      channel[1] = _mm512_loadu_ps(stage.channel + block * kBlockChannels + kLanes);
    }
    switch (stage.kind) {
      case StageKind::kMultiply:
        ForEach(y, [&](__m512 x, int, int v) { return _mm512_mul_ps(x, channel[v]); });
        break;
      case StageKind::kAdd:
        ForEach(y, [&](__m512 x, int, int v) { return _mm512_add_ps(x, channel[v]); });
        break;
      case StageKind::kAddMap:
      case StageKind::kAddBorder:
        AddMap(stage, pixels, block, mask, y);
        break;
      case StageKind::kPrelu:
        ForEach(y, [&](__m512 x, int, int v) {
          const __mmask16 negative = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NGE_UQ);
          return _mm512_mask_mul_ps(x, negative, x, channel[v]);
        });
        break;
      case StageKind::kClamp:
        ForEach(y, [&](__m512 x, int, int) {
          return _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(stage.low)),
                               _mm512_set1_ps(stage.high));
        });
        break;
      case StageKind::kStore:
        StoreFloats(stage, pixels, block, mask, y);
        break;
      case StageKind::kStoreInt8:
        StoreInt8(stage, pixels, block, mask, y);
        break;
      case StageKind::kPackSigns: {
        const __m512 zero[kVectors] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
        Pack<_CMP_LT_OQ>(stage, pixels, block, mask, zero, y);
        break;
      }
      case StageKind::kPackAbove:
        Pack<_CMP_GT_OQ>(stage, pixels, block, mask, channel, y);
        break;
    }
  }
}

template <typename Element>
struct TileWindows {
  const Element* window[kTilePixels];

  TileWindows(const Element* input, const Windows& windows, const TilePixels& pixels) {
    for (int p = 0; p < kTilePixels; ++p) window[p] = input + windows.windows[pixels.index[p]];
  }
};

size_t BinaryWeightsBytes(const WeightShape& shape) {
  return static_cast<size_t>(Blocks(shape.channels)) * shape.run_count * shape.run_length *
         kBlockChannels * sizeof(uint32_t);
}

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

[[gnu::always_inline]] inline void CountBits(const TileWindows<uint32_t>& tile,
                                             const Windows& windows, const __m512i* weights,
                                             __m512i (&acc)[kTilePixels][kVectors]) {
  for (int r = 0; r < windows.run_count; ++r) {
    const int64_t begin = windows.runs[r];
    const int64_t end = begin + windows.run_length;
    for (int64_t i = begin; i < end; ++i, weights += kVectors) {
      const __m512i low = _mm512_load_si512(weights);
      const __m512i high = _mm512_load_si512(weights + 1);
#pragma GCC unroll 8
      for (int p = 0; p < kTilePixels; ++p) {
        const __m512i word = _mm512_set1_epi32(static_cast<int>(tile.window[p][i]));
        acc[p][0] = _mm512_add_epi32(acc[p][0], _mm512_popcnt_epi32(_mm512_xor_si512(word, low)));
        acc[p][1] = _mm512_add_epi32(acc[p][1], _mm512_popcnt_epi32(_mm512_xor_si512(word, high)));
      }
    }
  }
}

void BinaryConvolution(const BinaryConvolutionArguments& a) {
  const int64_t block_vectors =
      static_cast<int64_t>(a.windows.run_count) * a.windows.run_length * kVectors;
  const bool clamps = a.clamp_low > INT32_MIN || a.clamp_high < INT32_MAX;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const __m512i* weights = static_cast<const __m512i*>(a.weights) + block * block_vectors;
    const ChannelMask mask(block, a.channels);
    __m512 multiplier[kVectors];
    __m512 bias[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      multiplier[v] = _mm512_loadu_ps(a.multiplier + block * kBlockChannels + v * kLanes);
      bias[v] = _mm512_loadu_ps(a.bias + block * kBlockChannels + v * kLanes);
      // Doubling is exact, so float(2 * acc) * m is float(acc) * (2 * m) to the last bit.
      if (!clamps) multiplier[v] = _mm512_add_ps(multiplier[v], multiplier[v]);
    }
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const TilePixels pixels(begin, a.range.pixel_end);
      const TileWindows<uint32_t> tile(a.input, a.windows, pixels);
      __m512i acc[kTilePixels][kVectors] = {};
      CountBits(tile, a.windows, weights, acc);
      if (clamps) {
        const __m512i low = _mm512_set1_epi32(a.clamp_low);
        const __m512i high = _mm512_set1_epi32(a.clamp_high);
#pragma GCC unroll 8
        for (int p = 0; p < kTilePixels; ++p) {
#pragma GCC unroll 2
          for (int v = 0; v < kVectors; ++v) {
            acc[p][v] =
                _mm512_min_epi32(_mm512_max_epi32(_mm512_slli_epi32(acc[p][v], 1), low), high);
          }
        }
      }
      Tile y;
      ForEach(y, [&](__m512, int p, int v) {
        return _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(acc[p][v]), multiplier[v]), bias[v]);
      });
      RunStages(a.stages, a.stage_count, pixels, block, mask, y);
    }
  }
}

size_t FloatWeightsBytes(const WeightShape& shape) {
  return static_cast<size_t>(Blocks(shape.channels)) * shape.run_count * shape.run_length *
         kBlockChannels * sizeof(float);
}

void FloatConvolution(const FloatConvolutionArguments& a) {
  const int64_t block_floats =
      static_cast<int64_t>(a.windows.run_count) * a.windows.run_length * kBlockChannels;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const float* block_weights = static_cast<const float*>(a.weights) + block * block_floats;
    const ChannelMask mask(block, a.channels);
    __m512 bias[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      bias[v] = _mm512_loadu_ps(a.bias + block * kBlockChannels + v * kLanes);
    }
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const TilePixels pixels(begin, a.range.pixel_end);
      const TileWindows<float> tile(a.input, a.windows, pixels);
      Tile y;
      ForEach(y, [&](__m512, int, int v) { return bias[v]; });
      const float* weights = block_weights;
      for (int r = 0; r < a.windows.run_count; ++r) {
        const int64_t first = a.windows.runs[r];
        const int64_t last = first + a.windows.run_length;
        for (int64_t i = first; i < last; ++i, weights += kBlockChannels) {
          const __m512 low = _mm512_load_ps(weights);
          const __m512 high = _mm512_load_ps(weights + kLanes);
#pragma GCC unroll 8
          for (int p = 0; p < kTilePixels; ++p) {
            const __m512 input = _mm512_set1_ps(tile.window[p][i]);
            y[p][0] = _mm512_fmadd_ps(input, low, y[p][0]);
            y[p][1] = _mm512_fmadd_ps(input, high, y[p][1]);
          }
        }
      }
      RunStages(a.stages, a.stage_count, pixels, block, mask, y);
    }
  }
}

// The input pixel of a pooling tap, null off the map.
const float* TapOf(const PoolArguments& a, const float* row, int output_x, int kx) {
  const int x = output_x * a.stride_width - a.pad_left + kx;
  return x >= 0 && x < a.input_width ? row + x * a.pixel_stride : nullptr;
}

template <PoolKind kKind>
void PoolBlock(const PoolArguments& a, int block) {
  const ChannelMask mask(block, a.channels);
  const float start = kKind == PoolKind::kMax ? -__FLT_MAX__ : 0.0f;
  for (int begin = 0; begin < a.output_width; begin += kTilePixels) {
    const TilePixels columns(begin, a.output_width);
    TilePixels pixels = columns;
    for (int& pixel : pixels.index) pixel += a.output_row * a.output_width;
    Tile y;
    ForEach(y, [&](__m512, int, int) { return _mm512_set1_ps(start); });
    int taps[kTilePixels] = {};
    for (int ky = 0; ky < a.filter_height; ++ky) {
      if (a.rows[ky] == nullptr) continue;
      const float* row = a.rows[ky] + block * kBlockChannels;
      for (int kx = 0; kx < a.filter_width; ++kx) {
#pragma GCC unroll 8
        for (int p = 0; p < kTilePixels; ++p) {
          const float* tap = TapOf(a, row, columns.index[p], kx);
          if (tap == nullptr) continue;
          ++taps[p];
#pragma GCC unroll 2
          for (int v = 0; v < kVectors; ++v) {
            const __m512 x = _mm512_maskz_loadu_ps(mask.vector[v], tap + v * kLanes);
            y[p][v] =
                kKind == PoolKind::kMax ? _mm512_max_ps(y[p][v], x) : _mm512_add_ps(y[p][v], x);
          }
        }
      }
    }
    if (kKind == PoolKind::kAverage) {
      ForEach(y, [&](__m512 sum, int p, int) {
        return _mm512_div_ps(sum, _mm512_set1_ps(static_cast<float>(taps[p])));
      });
    }
    RunStages(a.stages, a.stage_count, pixels, block, mask, y);
  }
}

void PoolRow(const PoolArguments& a) {
  for (int block = 0; block < Blocks(a.channels); ++block) {
    if (a.kind == PoolKind::kMax) {
      PoolBlock<PoolKind::kMax>(a, block);
    } else {
      PoolBlock<PoolKind::kAverage>(a, block);
    }
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

constexpr KernelTable kTable = {
    "avx512",
    BinaryWeightsBytes,
    PackWeights<uint32_t>,
    [](size_t) -> size_t { return 0; },
    BinaryConvolution,
    FloatWeightsBytes,
    PackWeights<float>,
    FloatConvolution,
    PoolRow,
    Apply,
};

}  // namespace

const KernelTable* Avx512Kernels() { return &kTable; }

}  // namespace bireid

#else

namespace bireid {
const KernelTable* Avx512Kernels() { return nullptr; }
}  // namespace bireid

#endif
