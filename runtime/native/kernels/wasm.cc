// SIMD128 of WebAssembly. Lanes are output channels, so that sums are never added across lanes. Per
// 128 bit-products one XOR, one population count of bytes (one instruction on ARM, eight on x86)
// and one addition of bytes. A fused multiply-add there is not.
#include "kernels/kernel_table.h"

#if defined(__wasm_simd128__)

#include <wasm_simd128.h>

#include "kernels/portable_depthwise.h"
#include "kernels/portable_kernels.h"
#include "kernels/portable_pixels.h"

namespace bireid {
namespace {

constexpr int kLanes = 4;
// Pixels and vectors of channels whose sums are accumulated together: eight sums, two weights and
// one input fit the 16 registers of x86, with what V8 takes for a population count.
constexpr int kGroupPixels = 4;
constexpr int kGroupVectors = 2;

using GroupPixels = const int (&)[kGroupPixels];
using Sums = v128_t[kGroupPixels][kGroupVectors];

struct Comparisons {
  static uint32_t Negative(const float* y) {
    return Compare([=](int c) { return wasm_f32x4_lt(wasm_v128_load(y + c), v128_t{}); });
  }
  static uint32_t Above(const float* y, const float* bound) {
    return Compare(
        [=](int c) { return wasm_f32x4_gt(wasm_v128_load(y + c), wasm_v128_load(bound + c)); });
  }

 private:
  template <typename Mask>
  static uint32_t Compare(Mask mask) {
    uint32_t word = 0;
    for (int c = 0; c < kBlockChannels; c += kLanes) {
      word |= static_cast<uint32_t>(wasm_i32x4_bitmask(mask(c))) << c;
    }
    return word;
  }
};

// Of lambdas that are called more than once: sums stay in registers only where all is inlined, and
// where loops over them are written out.
#define BIREID_INLINE __attribute__((always_inline))

template <typename Function>
[[gnu::always_inline]] inline void ForEach(Sums& sums, Function function) {
  sums[0][0] = function(sums[0][0], 0, 0);
  sums[0][1] = function(sums[0][1], 0, 1);
  sums[1][0] = function(sums[1][0], 1, 0);
  sums[1][1] = function(sums[1][1], 1, 1);
  sums[2][0] = function(sums[2][0], 2, 0);
  sums[2][1] = function(sums[2][1], 2, 1);
  sums[3][0] = function(sums[3][0], 3, 0);
  sums[3][1] = function(sums[3][1], 3, 1);
}

template <typename Element>
using Inputs = const Element* const (&)[kGroupPixels];

// sums[p][v] = function(sum, the four bytes at inputs[p][k] in every lane, vector v at `weights`).
template <typename Element, typename Weight, typename Function>
[[gnu::always_inline]] inline void Accumulate(Sums& sums, Inputs<Element> inputs, int k,
                                              const Weight* weights, Function function) {
  constexpr int kStep = sizeof(v128_t) / sizeof(Weight);
  const v128_t weight[] = {wasm_v128_load(weights), wasm_v128_load(weights + kStep)};
  const v128_t input[] = {
      wasm_v128_load32_splat(inputs[0] + k), wasm_v128_load32_splat(inputs[1] + k),
      wasm_v128_load32_splat(inputs[2] + k), wasm_v128_load32_splat(inputs[3] + k)};
  ForEach(sums, [&](v128_t sum, int p, int v)
                    BIREID_INLINE { return function(sum, input[p], weight[v]); });
}

[[gnu::always_inline]] inline void Store(Sums& y, int channel, int first_row,
                                         portable::Tile& tile) {
  ForEach(y, [&](v128_t values, int p, int v) BIREID_INLINE {
    wasm_v128_store(tile[first_row + p] + channel % kBlockChannels + v * kLanes, values);
    return values;
  });
}

// Calls function(elements of each pixel, how many, weights) for every run, in parts of at most
// `limit` elements.
template <typename Element, typename Weight, typename Arguments, typename Function>
[[gnu::always_inline]] inline void ForEachRun(const Arguments& a, const Weight* weights,
                                              int weights_per_element, GroupPixels pixels,
                                              int limit, Function function) {
  for (int r = 0; r < a.windows.run_count; ++r) {
    for (int done = 0; done < a.windows.run_length;) {
      const int length = portable::Minimum(a.windows.run_length - done, limit);
      const Element* run = a.input + a.windows.runs[r] + done;
      const Element* const inputs[] = {
          run + a.windows.windows[pixels[0]], run + a.windows.windows[pixels[1]],
          run + a.windows.windows[pixels[2]], run + a.windows.windows[pixels[3]]};
      function(inputs, length, weights);
      weights += static_cast<int64_t>(length) * weights_per_element;
      done += length;
    }
  }
}

// The counts of so many words fit a byte: 31 * 8 <= 255.
constexpr int kMaxByteWords = 31;

// 16 bytes of counts as the sums of four each, added to 32 bits.
[[gnu::always_inline]] inline v128_t AddBytes(v128_t sum, v128_t bytes) {
  const v128_t pairs = wasm_u16x8_extadd_pairwise_u8x16(bytes);
  return wasm_i32x4_add(sum, wasm_u32x4_extadd_pairwise_u16x8(pairs));
}

void CountBits(const BinaryConvolutionArguments& a, const uint32_t* weights, GroupPixels pixels,
               int channel, int first_row, portable::Tile& tile) {
  Sums y = {};
  ForEachRun<uint32_t>(
      a, weights, kBlockChannels, pixels, kMaxByteWords,
      [&](Inputs<uint32_t> inputs, int words, const uint32_t* weight) BIREID_INLINE {
        Sums bytes = {};
        for (int k = 0; k < words; ++k, weight += kBlockChannels) {
          Accumulate<uint32_t>(bytes, inputs, k, weight,
                               [](v128_t sum, v128_t x, v128_t w) BIREID_INLINE {
                                 return wasm_i8x16_add(sum, wasm_i8x16_popcnt(wasm_v128_xor(x, w)));
                               });
        }
        ForEach(y,
                [&](v128_t sum, int p, int v) BIREID_INLINE { return AddBytes(sum, bytes[p][v]); });
      });
  // y = float(clamp(2 * sum)) * multiplier + bias
  const v128_t least = wasm_i32x4_splat(a.clamp_low);
  const v128_t most = wasm_i32x4_splat(a.clamp_high);
  ForEach(y, [&](v128_t sum, int, int v) BIREID_INLINE {
    const v128_t bounded = wasm_i32x4_min(wasm_i32x4_max(wasm_i32x4_add(sum, sum), least), most);
    const v128_t product = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(bounded),
                                          wasm_v128_load(a.multiplier + channel + v * kLanes));
    return wasm_f32x4_add(product, wasm_v128_load(a.bias + channel + v * kLanes));
  });
  Store(y, channel, first_row, tile);
}

// y = bias; for every k in order: y = y + input * weight, rounded twice.
void MultiplyAdd(const FloatConvolutionArguments& a, const float* weights, GroupPixels pixels,
                 int channel, int first_row, portable::Tile& tile) {
  Sums y;
  ForEach(y, [&](v128_t, int, int v)
                 BIREID_INLINE { return wasm_v128_load(a.bias + channel + v * kLanes); });
  ForEachRun<float>(a, weights, kBlockChannels, pixels, a.windows.run_length,
                    [&](Inputs<float> inputs, int length, const float* weight) BIREID_INLINE {
                      for (int k = 0; k < length; ++k, weight += kBlockChannels) {
                        Accumulate<float>(y, inputs, k, weight,
                                          [](v128_t sum, v128_t x, v128_t w) BIREID_INLINE {
                                            return wasm_f32x4_add(sum, wasm_f32x4_mul(x, w));
                                          });
                      }
                    });
  Store(y, channel, first_row, tile);
}

// As MultiplyAdd, on pairs of int16, whose products are summed in 32 bits.
void MultiplyPairs(const PixelConvolutionArguments& a, const int16_t* weights, GroupPixels pixels,
                   int channel, int first_row, portable::Tile& tile) {
  Sums y = {};
  ForEachRun<int16_t>(a, weights, kBlockChannels, pixels, a.windows.run_length,
                      [&](Inputs<int16_t> inputs, int length, const int16_t* weight) BIREID_INLINE {
                        for (int k = 0; k < length; k += 2, weight += 2 * kBlockChannels) {
                          Accumulate<int16_t>(y, inputs, k, weight,
                                              [](v128_t sum, v128_t x, v128_t w) BIREID_INLINE {
                                                return wasm_i32x4_add(sum,
                                                                      wasm_i32x4_dot_i16x8(x, w));
                                              });
                        }
                      });
  ForEach(y, [&](v128_t sum, int, int v) BIREID_INLINE {
    return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sum),
                          wasm_v128_load(a.scale + channel + v * kLanes));
  });
  Store(y, channel, first_row, tile);
}

// The tiles of a convolution whose values `compute` gives, four pixels by 8 channels at a time.
// Weights are [block][k][channel of the block], `weights_per_channel` each time.
template <typename Weight, typename Arguments, typename Computation>
void ConvolveTiles(const Arguments& a, int64_t depth, int weights_per_channel,
                   Computation compute) {
  alignas(64) portable::Tile tile;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const Weight* weights = static_cast<const Weight*>(a.weights) + block * depth * kBlockChannels;
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const int pixels = portable::Minimum(kTilePixels, a.range.pixel_end - begin);
      for (int row = 0; row < pixels; row += kGroupPixels) {
        // Past the end of the range its last pixel repeats.
        int group[kGroupPixels];
        for (int p = 0; p < kGroupPixels; ++p) {
          group[p] = begin + portable::Minimum(row + p, pixels - 1);
        }
        for (int c = 0; c < kBlockChannels; c += kGroupVectors * kLanes) {
          compute(a, weights + c * weights_per_channel, group, block * kBlockChannels + c, row,
                  tile);
        }
      }
      portable::RunStages<Comparisons>(a.stages, a.stage_count, begin, pixels, block, a.channels,
                                       tile);
    }
  }
}

template <typename Arguments>
int64_t DepthOf(const Arguments& a) {
  return static_cast<int64_t>(a.windows.run_count) * a.windows.run_length;
}

void BinaryConvolution(const BinaryConvolutionArguments& a) {
  ConvolveTiles<uint32_t>(a, DepthOf(a), 1, CountBits);
}

void FloatConvolution(const FloatConvolutionArguments& a) {
  ConvolveTiles<float>(a, DepthOf(a), 1, MultiplyAdd);
}

void DepthwiseConvolution(const DepthwiseConvolutionArguments& a) {
  portable::DepthwiseConvolution<Comparisons>(
      a, [](float input, float weight, float y) { return y + input * weight; });
}

void PixelConvolution(const PixelConvolutionArguments& a) {
  ConvolveTiles<int16_t>(a, DepthOf(a), 2, MultiplyPairs);
}

constexpr KernelTable kTable = {
    "wasm",
    "wasm",
    portable::BlockWeightsBytes<uint32_t>,
    portable::PackBlockWeights<uint32_t>,
    [](size_t) -> size_t { return 0; },
    BinaryConvolution,
    portable::BlockWeightsBytes<float>,
    portable::PackBlockWeights<float>,
    FloatConvolution,
    DepthwiseConvolution,
    portable::PixelWeightsBytes,
    portable::PackPixelWeights,
    PixelConvolution,
    portable::FindPixels,
    portable::PoolRow<Comparisons>,
    portable::Apply<Comparisons>,
};

}  // namespace

const KernelTable* WasmKernels() { return &kTable; }

}  // namespace bireid

#else

namespace bireid {
const KernelTable* WasmKernels() { return nullptr; }
}  // namespace bireid

#endif
