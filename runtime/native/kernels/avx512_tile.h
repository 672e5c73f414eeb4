// A tile in AVX-512 registers, and the stages that run on it. For the files of the
// AVX-512 paths alone, and with internal linkage for the reason that portable_kernels.h gives.
#ifndef BIREID_KERNELS_AVX512_TILE_H_
#define BIREID_KERNELS_AVX512_TILE_H_

#include <immintrin.h>

#include "kernels/kernel_table.h"

namespace bireid {
namespace {

constexpr int kLanes = 16;
constexpr int kVectors = kBlockChannels / kLanes;

// A tile, or one of fewer pixels: the stages run on either.
template <int kPixels>
using TileOf = __m512[kPixels][kVectors];
using Tile = TileOf<kTilePixels>;

// Pixels of a tile. Past the end of the range the last pixel repeats: the same value is computed
// and stored again, which is cheaper than asking at every store.
template <int kPixels>
struct PixelsOf {
  int index[kPixels];

  // Where all of them exist.
  explicit PixelsOf(int begin) {
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p) index[p] = begin + p;
  }
  PixelsOf(int begin, int end) {
    for (int p = 0; p < kPixels; ++p) index[p] = begin + p < end ? begin + p : end - 1;
  }
};
using TilePixels = PixelsOf<kTilePixels>;

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

// Those of a tile, read before anything is stored: then the compiler asks but once which they are.
template <int kPixels>
struct OffsetsOf {
  int64_t pixel[kPixels];

  [[gnu::always_inline]] inline OffsetsOf(const Stage& stage, const PixelsOf<kPixels>& pixels) {
    if (stage.offsets != nullptr) {
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p) pixel[p] = stage.offsets[pixels.index[p]];
    } else {
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p) pixel[p] = pixels.index[p] * stage.stride;
    }
  }
};

template <int kPixels, typename Function>
[[gnu::always_inline]] inline void ForEach(TileOf<kPixels>& y, Function function) {
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) y[p][v] = function(y[p][v], p, v);
  }
}

template <int kPixels>
[[gnu::always_inline]] inline void AddMap(const Stage& stage, const PixelsOf<kPixels>& pixels,
                                          int block, const ChannelMask& mask, TileOf<kPixels>& y) {
  const float* map = static_cast<const float*>(stage.map) + block * kBlockChannels;
  const OffsetsOf<kPixels> offsets(stage, pixels);
  ForEach(y, [&](__m512 value, int p, int v) {
    const float* values = map + offsets.pixel[p] + v * kLanes;
    return _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask.vector[v], values));
  });
}

template <int kPixels>
[[gnu::always_inline]] inline void AddBorder(const Stage& stage, const PixelsOf<kPixels>& pixels,
                                             int block, const ChannelMask& mask,
                                             TileOf<kPixels>& y) {
  const float* map = static_cast<const float*>(stage.map) + block * kBlockChannels;
  const OffsetsOf<kPixels> offsets(stage, pixels);
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
    if (offsets.pixel[p] < 0) continue;
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      const float* values = map + offsets.pixel[p] + v * kLanes;
      y[p][v] = _mm512_add_ps(y[p][v], _mm512_maskz_loadu_ps(mask.vector[v], values));
    }
  }
}

template <int kPixels>
[[gnu::always_inline]] inline void StoreFloats(const Stage& stage, const PixelsOf<kPixels>& pixels,
                                               int block, const ChannelMask& mask,
                                               const TileOf<kPixels>& y) {
  float* map = static_cast<float*>(stage.map) + block * kBlockChannels;
  const OffsetsOf<kPixels> offsets(stage, pixels);
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
    float* pixel = map + offsets.pixel[p];
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

template <int kPixels>
[[gnu::noinline]] void StoreInt8(const Stage& stage, const PixelsOf<kPixels>& pixels, int block,
                                 const ChannelMask& mask, const TileOf<kPixels>& y) {
  int8_t* map = static_cast<int8_t*>(stage.map) + block * kBlockChannels;
  for (int p = 0; p < kPixels; ++p) {
    int8_t* pixel = map + Offset(stage, pixels.index[p]);
    for (int v = 0; v < kVectors; ++v) {
      _mm_mask_storeu_epi8(pixel + v * kLanes, mask.vector[v], RoundToInt8(y[p][v]));
    }
  }
}

template <int kComparison, int kPixels>
[[gnu::always_inline]] inline void Pack(const Stage& stage, const PixelsOf<kPixels>& pixels,
                                        int block, const ChannelMask& mask,
                                        const __m512 (&bound)[kVectors], const TileOf<kPixels>& y) {
  uint32_t* map = static_cast<uint32_t*>(stage.map) + block;
  const OffsetsOf<kPixels> offsets(stage, pixels);
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
    const __mmask16 low = _mm512_cmp_ps_mask(y[p][0], bound[0], kComparison);
    const __mmask16 high = _mm512_cmp_ps_mask(y[p][1], bound[1], kComparison);
    map[offsets.pixel[p]] = _mm512_kunpackw(high, low) & mask.bits;
  }
}

template <StageKind kKind, int kPixels>
[[gnu::always_inline]] inline void RunStage(const Stage& stage, const PixelsOf<kPixels>& pixels,
                                            int block, const ChannelMask& mask,
                                            TileOf<kPixels>& y) {
  __m512 channel[kVectors] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  if constexpr (kKind == StageKind::kMultiply || kKind == StageKind::kAdd ||
                kKind == StageKind::kPrelu || kKind == StageKind::kPackAbove) {
    channel[0] = _mm512_loadu_ps(stage.channel + block * kBlockChannels);
    channel[1] = _mm512_loadu_ps(stage.channel + block * kBlockChannels + kLanes);
  }
  if constexpr (kKind == StageKind::kMultiply) {
    ForEach(y, [&](__m512 x, int, int v) { return _mm512_mul_ps(x, channel[v]); });
  } else if constexpr (kKind == StageKind::kAdd) {
    ForEach(y, [&](__m512 x, int, int v) { return _mm512_add_ps(x, channel[v]); });
  } else if constexpr (kKind == StageKind::kAddMap) {
    AddMap(stage, pixels, block, mask, y);
  } else if constexpr (kKind == StageKind::kAddBorder) {
    AddBorder(stage, pixels, block, mask, y);
  } else if constexpr (kKind == StageKind::kPrelu) {
    ForEach(y, [&](__m512 x, int, int v) {
      const __mmask16 negative = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NGE_UQ);
      return _mm512_mask_mul_ps(x, negative, x, channel[v]);
    });
  } else if constexpr (kKind == StageKind::kClamp) {
    const __m512 low = _mm512_set1_ps(stage.low);
    const __m512 high = _mm512_set1_ps(stage.high);
    ForEach(y, [&](__m512 x, int, int) { return _mm512_min_ps(_mm512_max_ps(x, low), high); });
  } else if constexpr (kKind == StageKind::kStore) {
    StoreFloats(stage, pixels, block, mask, y);
  } else if constexpr (kKind == StageKind::kStoreInt8) {
    StoreInt8(stage, pixels, block, mask, y);
  } else if constexpr (kKind == StageKind::kPackSigns) {
    Pack<_CMP_LT_OQ>(stage, pixels, block, mask, channel, y);
  } else {
    Pack<_CMP_GT_OQ>(stage, pixels, block, mask, channel, y);
  }
}

// Runs the stages if they are just these, without leaving the registers.
template <StageKind... kKinds, int kPixels>
[[gnu::always_inline]] inline bool RunExactly(const Stage* stages, int stage_count,
                                              const PixelsOf<kPixels>& pixels, int block,
                                              const ChannelMask& mask, TileOf<kPixels>& y) {
  if (stage_count != sizeof...(kKinds)) return false;
  int s = 0;
  if (!((stages[s++].kind == kKinds) && ...)) return false;
  s = 0;
  (RunStage<kKinds>(stages[s++], pixels, block, mask, y), ...);
  return true;
}

// Any stages in any order. The tile lives in memory here, since a loop over unknown stages cannot
// keep it in registers.
template <int kPixels>
[[gnu::noinline]] void RunEachStage(const Stage* stages, int stage_count,
                                    const PixelsOf<kPixels>& pixels, int block,
                                    const ChannelMask& mask, TileOf<kPixels>& y) {
  for (int s = 0; s < stage_count; ++s) {
    const Stage& stage = stages[s];
    switch (stage.kind) {
      case StageKind::kMultiply:
        RunStage<StageKind::kMultiply>(stage, pixels, block, mask, y);
        break;
      case StageKind::kAdd:
        RunStage<StageKind::kAdd>(stage, pixels, block, mask, y);
        break;
      case StageKind::kAddMap:
        RunStage<StageKind::kAddMap>(stage, pixels, block, mask, y);
        break;
      case StageKind::kAddBorder:
        RunStage<StageKind::kAddBorder>(stage, pixels, block, mask, y);
        break;
      case StageKind::kPrelu:
        RunStage<StageKind::kPrelu>(stage, pixels, block, mask, y);
        break;
      case StageKind::kClamp:
        RunStage<StageKind::kClamp>(stage, pixels, block, mask, y);
        break;
      case StageKind::kStore:
        RunStage<StageKind::kStore>(stage, pixels, block, mask, y);
        break;
      case StageKind::kStoreInt8:
        RunStage<StageKind::kStoreInt8>(stage, pixels, block, mask, y);
        break;
      case StageKind::kPackSigns:
        RunStage<StageKind::kPackSigns>(stage, pixels, block, mask, y);
        break;
      case StageKind::kPackAbove:
        RunStage<StageKind::kPackAbove>(stage, pixels, block, mask, y);
        break;
    }
  }
}

// The sequences that most networks consist of get code of their own.
template <int kPixels>
[[gnu::always_inline]] inline void RunStages(const Stage* stages, int stage_count,
                                             const PixelsOf<kPixels>& pixels, int block,
                                             const ChannelMask& mask, TileOf<kPixels>& y) {
  using K = StageKind;
  // Zero padding adds a stage in front of any sequence; most tiles have no pixel that it changes.
  if (stage_count > 0 && stages->kind == K::kAddBorder) {
    AddBorder(*stages, pixels, block, mask, y);
    ++stages;
    --stage_count;
  }
  if (RunExactly<K::kStore>(stages, stage_count, pixels, block, mask, y)) return;
  if (RunExactly<K::kClamp, K::kStore>(stages, stage_count, pixels, block, mask, y)) return;
  if (RunExactly<K::kAddMap, K::kStore>(stages, stage_count, pixels, block, mask, y)) return;
  if (RunExactly<K::kAddMap, K::kClamp, K::kStore>(stages, stage_count, pixels, block, mask, y)) {
    return;
  }
  if (RunExactly<K::kAddMap, K::kStore, K::kPackSigns>(stages, stage_count, pixels, block, mask,
                                                       y)) {
    return;
  }
  if (RunExactly<K::kAddMap, K::kPrelu, K::kStore, K::kPackSigns>(stages, stage_count, pixels,
                                                                  block, mask, y)) {
    return;
  }
  if (RunExactly<K::kMultiply, K::kAdd, K::kStore, K::kPackSigns>(stages, stage_count, pixels,
                                                                  block, mask, y)) {
    return;
  }
  // A copy, so that the tile of the other branches need not have an address.
  TileOf<kPixels> copy;
  ForEach(copy, [&](__m512, int p, int v) { return y[p][v]; });
  RunEachStage(stages, stage_count, pixels, block, mask, copy);
}

}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_AVX512_TILE_H_
