// AVX-512 with VPOPCNTDQ. Lanes are output channels: a weight vector holds one word of 16 filters,
// and an activation word is broadcast to all of them, so sums are never added across lanes. Per 512
// bit-products one XOR, one population count and one add go to two ports: 341 products per cycle is
// the bound.
#include "kernels/kernel_table.h"

#if defined(__x86_64__) && defined(__AVX512VPOPCNTDQ__)

#include "kernels/avx512_float.h"
#include "kernels/avx512_tile.h"
#include "kernels/portable_pixels.h"

namespace bireid {
namespace {

size_t BinaryWeightsBytes(const WeightShape& shape) {
  return static_cast<size_t>(Blocks(shape.channels)) * shape.run_count * shape.run_length *
         kBlockChannels * sizeof(uint32_t);
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
      const TileWindows<uint32_t> tile(a.input, a.windows.windows, pixels);
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

// sums += pair of inputs times pairs of weights. GCC 12 copies every accumulator of the intrinsic
// to another register and back, which costs a third of the speed.
[[gnu::always_inline]] inline void AddPairs(__m512i pair, __m512i weights, __m512i& sums) {
  asm("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(pair), "v"(weights));
}

// Products of int16 pairs are summed in int32 by one instruction, twice as many as floats.
void PixelConvolution(const PixelConvolutionArguments& a) {
  const int pairs = a.windows.run_length / 2;
  const int64_t block_vectors = static_cast<int64_t>(a.windows.run_count) * pairs * kVectors;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const __m512i* block_weights = static_cast<const __m512i*>(a.weights) + block * block_vectors;
    const ChannelMask mask(block, a.channels);
    __m512 scale[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      scale[v] = _mm512_loadu_ps(a.scale + block * kBlockChannels + v * kLanes);
    }
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const TilePixels pixels(begin, a.range.pixel_end);
      const TileWindows<int16_t> tile(a.input, a.windows.windows, pixels);
      __m512i acc[kTilePixels][kVectors] = {};
      const __m512i* weights = block_weights;
      for (int r = 0; r < a.windows.run_count; ++r) {
        const int64_t first = a.windows.runs[r];
        for (int64_t i = first; i < first + a.windows.run_length; i += 2, weights += kVectors) {
          const __m512i low = _mm512_load_si512(weights);
          const __m512i high = _mm512_load_si512(weights + 1);
#pragma GCC unroll 8
          for (int p = 0; p < kTilePixels; ++p) {
            int32_t pair;
            __builtin_memcpy(&pair, tile.window[p] + i, sizeof(pair));
            const __m512i input = _mm512_set1_epi32(pair);
            AddPairs(input, low, acc[p][0]);
            AddPairs(input, high, acc[p][1]);
          }
        }
      }
      Tile y;
      ForEach(y, [&](__m512, int p, int v) {
        return _mm512_mul_ps(_mm512_cvtepi32_ps(acc[p][v]), scale[v]);
      });
      RunStages(a.stages, a.stage_count, pixels, block, mask, y);
    }
  }
}

constexpr KernelTable kTable = {
    "avx512",
    "avx512",
    BinaryWeightsBytes,
    PackWeights<uint32_t>,
    [](size_t) -> size_t { return 0; },
    BinaryConvolution,
    FloatWeightsBytes,
    PackWeights<float>,
    FloatConvolution,
    DepthwiseConvolution,
    portable::PixelWeightsBytes,
    portable::PackPixelWeights,
    PixelConvolution,
    portable::FindPixels,
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
