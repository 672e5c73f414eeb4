// Building blocks that several paths share: the stages on a tile in the first-level cache, and the
// kernels made of them, in loops that compilers turn into vector code.
//
// Every path compiles this file for itself, with its own instruction set. All of it has internal
// linkage and none of it calls an inline function of another header, of the standard library least
// of all: of an inline function with external linkage the linker keeps one copy, which may be that
// of a path whose instructions this CPU lacks.
#ifndef BIREID_KERNELS_PORTABLE_KERNELS_H_
#define BIREID_KERNELS_PORTABLE_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"

namespace bireid {
namespace {
namespace portable {

using Tile = float[kTilePixels][kBlockChannels];
using SumTile = int32_t[kTilePixels][kBlockChannels];

// The comparisons of the packing stages over 32 floats, bit c for float c. Paths with instructions
// for it pass their own type of this form to the templates below.
struct Comparisons {
  static uint32_t Negative(const float* y) {
    uint32_t word = 0;
    for (int c = 0; c < kBlockChannels; ++c) word |= y[c] < 0.0f ? kBits[c] : 0;
    return word;
  }
  static uint32_t Above(const float* y, const float* bound) {
    uint32_t word = 0;
    for (int c = 0; c < kBlockChannels; ++c) word |= y[c] > bound[c] ? kBits[c] : 0;
    return word;
  }

 private:
  // Not a shift, which differs between lanes: old vector units shift all lanes alike.
  static constexpr uint32_t kBits[kBlockChannels] = {
      1u << 0,  1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,  1u << 7,
      1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
      1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
      1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31};
};

// As MINPS and MAXPS choose: the second where the two are equal or one is NaN.
inline float Minimum(float a, float b) { return a < b ? a : b; }
inline float Maximum(float a, float b) { return a > b ? a : b; }
inline int32_t Minimum(int32_t a, int32_t b) { return a < b ? a : b; }
inline int32_t Maximum(int32_t a, int32_t b) { return a > b ? a : b; }

// How many channels of a block exist, 1 to 32.
inline int ChannelCount(int block, int channels) {
  return Minimum(channels - block * kBlockChannels, kBlockChannels);
}

inline int64_t PixelOffset(const int32_t* offsets, int64_t stride, int pixel) {
  return offsets != nullptr ? offsets[pixel] : pixel * stride;
}

inline int64_t PixelOffset(const Stage& stage, int pixel) {
  return PixelOffset(stage.offsets, stage.stride, pixel);
}

// `count` values of a map as a full block: maps are not readable past their last channel.
inline const float* FullBlock(const float* map, int count, float (&buffer)[kBlockChannels]) {
  if (count == kBlockChannels) return map;
  for (int c = 0; c < kBlockChannels; ++c) buffer[c] = c < count ? map[c] : 0.0f;
  return buffer;
}

template <typename Value>
inline void StoreBlock(const Value* block, int count, Value* map) {
  if (count == kBlockChannels) {
    __builtin_memcpy(map, block, kBlockChannels * sizeof(Value));
  } else {
    for (int c = 0; c < count; ++c) map[c] = block[c];
  }
}

template <typename Function>
inline void Combine(float* __restrict y, const float* __restrict x, Function function) {
  for (int c = 0; c < kBlockChannels; ++c) y[c] = function(y[c], x[c]);
}

template <typename Function>
inline void CombineChannel(const Stage& stage, int block, int pixels, Tile& tile,
                           Function function) {
  const float* channel = stage.channel + block * kBlockChannels;
  for (int p = 0; p < pixels; ++p) Combine(tile[p], channel, function);
}

// In two loops: compilers branch around the product, in one loop, and then do not vectorise it.
inline void Prelu(float* __restrict y, const float* __restrict slope) {
  alignas(64) float scaled[kBlockChannels];
  for (int c = 0; c < kBlockChannels; ++c) scaled[c] = y[c] * slope[c];
  for (int c = 0; c < kBlockChannels; ++c) y[c] = y[c] >= 0.0f ? y[c] : scaled[c];
}

inline void Clamp(float low, float high, int pixels, Tile& tile) {
  for (int p = 0; p < pixels; ++p) {
    for (float& y : tile[p]) y = Minimum(Maximum(y, low), high);
  }
}

inline void AddMap(const Stage& stage, int first_pixel, int pixels, int block, int count,
                   Tile& tile) {
  const float* map = static_cast<const float*>(stage.map) + block * kBlockChannels;
  alignas(64) float buffer[kBlockChannels];
  for (int p = 0; p < pixels; ++p) {
    const int64_t offset = PixelOffset(stage, first_pixel + p);
    if (stage.kind == StageKind::kAddBorder && offset < 0) continue;
    Combine(tile[p], FullBlock(map + offset, count, buffer),
            [](float y, float x) { return y + x; });
  }
}

// Rounds half away from zero. The clamp comes first, so that the conversion cannot overflow; it
// takes NaN to -128.
inline int8_t RoundToInt8(float y) {
  const float bounded = Minimum(Maximum(y, -128.0f), 127.0f);
  const int32_t whole = static_cast<int32_t>(bounded);
  const float rest = bounded - static_cast<float>(whole);
  return static_cast<int8_t>(whole + (rest >= 0.5f) - (rest <= -0.5f));
}

inline void StoreInt8(const Stage& stage, int first_pixel, int pixels, int block, int count,
                      const Tile& tile) {
  int8_t* map = static_cast<int8_t*>(stage.map) + block * kBlockChannels;
  for (int p = 0; p < pixels; ++p) {
    alignas(64) int8_t rounded[kBlockChannels];
    for (int c = 0; c < kBlockChannels; ++c) rounded[c] = RoundToInt8(tile[p][c]);
    StoreBlock(rounded, count, map + PixelOffset(stage, first_pixel + p));
  }
}

// Bits past the last channel are cleared, whatever the tile holds there.
template <typename Compare>
inline void Pack(const Stage& stage, int first_pixel, int pixels, int block, int count,
                 const Tile& tile, Compare compare) {
  const uint32_t mask = ~0u >> (kBlockChannels - count);
  uint32_t* map = static_cast<uint32_t*>(stage.map) + block;
  for (int p = 0; p < pixels; ++p) {
    map[PixelOffset(stage, first_pixel + p)] = compare(tile[p]) & mask;
  }
}

// Calls function(block, first pixel, pixels) for the tiles of a range. As long
// as all weights stay in the second-level cache, tiles of all blocks come before the next pixels:
// what a pixel's channels are read from and written to lies together. `block_weights` floats are
// those of a block.
template <typename Function>
[[gnu::always_inline]] inline void ForEachTile(const Range& range, int64_t block_weights,
                                               Function function) {
  constexpr int64_t kCachedFloats = 1 << 16;
  const int all = range.block_end - range.block_begin;
  const int blocks = block_weights * all <= kCachedFloats ? all : 1;
  for (int first = range.block_begin; first < range.block_end; first += blocks) {
    for (int begin = range.pixel_begin; begin < range.pixel_end; begin += kTilePixels) {
      const int pixels = Minimum(kTilePixels, range.pixel_end - begin);
      for (int block = first; block < first + blocks; ++block) function(block, begin, pixels);
    }
  }
}

// Runs the stages on rows [0, pixels) of the tile, which are output pixels from `first_pixel` on.
template <typename Compare>
void RunStages(const Stage* stages, int stage_count, int first_pixel, int pixels, int block,
               int channels, Tile& tile) {
  const int count = ChannelCount(block, channels);
  for (int s = 0; s < stage_count; ++s) {
    const Stage& stage = stages[s];
    switch (stage.kind) {
      case StageKind::kMultiply:
        CombineChannel(stage, block, pixels, tile, [](float y, float x) { return y * x; });
        break;
      case StageKind::kAdd:
        CombineChannel(stage, block, pixels, tile, [](float y, float x) { return y + x; });
        break;
      case StageKind::kAddMap:
      case StageKind::kAddBorder:
        AddMap(stage, first_pixel, pixels, block, count, tile);
        break;
      case StageKind::kPrelu:
        for (int p = 0; p < pixels; ++p) Prelu(tile[p], stage.channel + block * kBlockChannels);
        break;
      case StageKind::kClamp:
        Clamp(stage.low, stage.high, pixels, tile);
        break;
      case StageKind::kStore:
        for (int p = 0; p < pixels; ++p) {
          float* map = static_cast<float*>(stage.map) + PixelOffset(stage, first_pixel + p);
          StoreBlock(tile[p], count, map + block * kBlockChannels);
        }
        break;
      case StageKind::kStoreInt8:
        StoreInt8(stage, first_pixel, pixels, block, count, tile);
        break;
      case StageKind::kPackSigns:
        Pack(stage, first_pixel, pixels, block, count, tile,
             [](const float* y) { return Compare::Negative(y); });
        break;
      case StageKind::kPackAbove:
        Pack(stage, first_pixel, pixels, block, count, tile, [&](const float* y) {
          return Compare::Above(y, stage.channel + block * kBlockChannels);
        });
        break;
    }
  }
}

inline void TransformRow(const int32_t* __restrict sums, const float* __restrict multiplier,
                         const float* __restrict bias, int32_t low, int32_t high,
                         float* __restrict y) {
  for (int c = 0; c < kBlockChannels; ++c) {
    const int32_t doubled = Minimum(Maximum(2 * sums[c], low), high);
    y[c] = static_cast<float>(doubled) * multiplier[c] + bias[c];
  }
}

// y = float(clamp(2 * sum)) * multiplier + bias
inline void TransformSums(const BinaryConvolutionArguments& a, int block, int pixels,
                          const SumTile& sums, Tile& tile) {
  for (int p = 0; p < pixels; ++p) {
    TransformRow(sums[p], a.multiplier + block * kBlockChannels, a.bias + block * kBlockChannels,
                 a.clamp_low, a.clamp_high, tile[p]);
  }
}

// Weights as [block][k][channel of the block]; channels past the last are zero.
template <typename Element>
size_t BlockWeightsBytes(const WeightShape& shape) {
  return static_cast<size_t>(Blocks(shape.channels)) * shape.run_count * shape.run_length *
         kBlockChannels * sizeof(Element);
}

template <typename Element>
void PackBlockWeights(const WeightShape& shape, const Element* rows, void* packed) {
  Element* out = static_cast<Element*>(packed);
  const int64_t depth = static_cast<int64_t>(shape.run_count) * shape.run_length;
  for (int block = 0; block < Blocks(shape.channels); ++block) {
    for (int64_t k = 0; k < depth; ++k) {
      for (int c = 0; c < kBlockChannels; ++c) {
        const int channel = block * kBlockChannels + c;
        *out++ = channel < shape.channels ? rows[channel * depth + k] : 0;
      }
    }
  }
}

// One output pixel of a pooling. Taps are taken row by row, as in every other path: the order
// decides the last bit of a sum, and which of +0 and -0 is the maximum.
template <PoolKind kKind>
void PoolPixel(const PoolArguments& a, int output_x, int block, float (&y)[kBlockChannels]) {
  const int count = ChannelCount(block, a.channels);
  for (float& value : y) value = kKind == PoolKind::kMax ? -__FLT_MAX__ : 0.0f;
  alignas(64) float buffer[kBlockChannels];
  int taps = 0;
  for (int ky = 0; ky < a.filter_height; ++ky) {
    if (a.rows[ky] == nullptr) continue;
    for (int kx = 0; kx < a.filter_width; ++kx) {
      const int x = output_x * a.stride_width - a.pad_left + kx;
      if (x < 0 || x >= a.input_width) continue;
      const float* tap = a.rows[ky] + x * a.pixel_stride + block * kBlockChannels;
      Combine(y, FullBlock(tap, count, buffer), [](float so_far, float value) {
        return kKind == PoolKind::kMax ? Maximum(so_far, value) : so_far + value;
      });
      ++taps;
    }
  }
  if (kKind == PoolKind::kAverage) {
    for (float& value : y) value /= static_cast<float>(taps);
  }
}

template <typename Compare>
void PoolRow(const PoolArguments& a) {
  alignas(64) Tile tile;
  for (int block = 0; block < Blocks(a.channels); ++block) {
    for (int begin = 0; begin < a.output_width; begin += kTilePixels) {
      const int pixels = Minimum(kTilePixels, a.output_width - begin);
      for (int p = 0; p < pixels; ++p) {
        if (a.kind == PoolKind::kMax) {
          PoolPixel<PoolKind::kMax>(a, begin + p, block, tile[p]);
        } else {
          PoolPixel<PoolKind::kAverage>(a, begin + p, block, tile[p]);
        }
      }
      RunStages<Compare>(a.stages, a.stage_count, a.output_row * a.output_width + begin, pixels,
                         block, a.channels, tile);
    }
  }
}

template <typename Compare>
void Apply(const MapArguments& a) {
  alignas(64) Tile tile;
  alignas(64) float buffer[kBlockChannels];
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const int count = ChannelCount(block, a.channels);
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const int pixels = Minimum(kTilePixels, a.range.pixel_end - begin);
      for (int p = 0; p < pixels; ++p) {
        const float* pixel = a.input + PixelOffset(a.offsets, a.stride, begin + p);
        StoreBlock(FullBlock(pixel + block * kBlockChannels, count, buffer), kBlockChannels,
                   tile[p]);
      }
      RunStages<Compare>(a.stages, a.stage_count, begin, pixels, block, a.channels, tile);
    }
  }
}

}  // namespace portable
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_PORTABLE_KERNELS_H_
