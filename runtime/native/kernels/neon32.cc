// NEON of 32-bit ARM: ARMv7 with fused multiply-add (VFPv4), a Cortex-A7 or later. Its vector unit
// takes numbers below 2^-126 for zero; all else is as on the other paths, to the last bit.
//
// Lanes are output channels. A vector holds one packed word of four channels: per 128 bit-products
// one XOR, one population count of bytes and one widening addition. Eight of 16 registers hold the
// sums of two pixels by 16 channels. The two inner loops are assembly, because compilers copy sums
// back and forth.
#include "kernels/kernel_table.h"

#if defined(__arm__) && defined(__ARM_NEON) && defined(__ARM_FEATURE_FMA)

#include <arm_neon.h>

#include "kernels/neon_depthwise.h"
#include "kernels/neon_stages.h"
#include "kernels/portable_kernels.h"
#include "kernels/portable_pixels.h"

namespace bireid {
namespace {

constexpr int kGroupPixels = 2;
constexpr int kGroupVectors = 4;  // whose channels are accumulated together
constexpr int kGroupChannels = kGroupVectors * kLanes;
// From the second half of such a row of weights to the first half of the next.
constexpr int kNextRow = (kBlockChannels - kGroupChannels / 2) * 4;

// Each half of a word adds at most 16 to its sum of 16 bits.
constexpr int kMaxWords = 4095;

template <typename Vector>
using Sums = Vector[kGroupPixels][kGroupVectors];

// Output pixels of a group and their windows. Past the end of the range the last pixel repeats.
template <typename Element>
struct Group {
  int count;  // without the repeated ones
  int pixel[kGroupPixels];
  const Element* window[kGroupPixels];

  Group(const Element* input, const Windows& windows, int begin, int end)
      : count(portable::Minimum(end - begin, kGroupPixels)) {
    for (int p = 0; p < kGroupPixels; ++p) {
      pixel[p] = portable::Minimum(begin + p, end - 1);
      window[p] = input + windows.windows[pixel[p]];
    }
  }
};

template <typename Vector, typename Function>
[[gnu::always_inline]] inline void ForEachSum(Sums<Vector>& sums, Function function) {
#pragma GCC unroll 2
  for (int p = 0; p < kGroupPixels; ++p) {
#pragma GCC unroll 4
    for (int v = 0; v < kGroupVectors; ++v) sums[p][v] = function(sums[p][v], p, v);
  }
}

// Adds the population counts of `words` words, at least one, of two pixels by 16 channels. Weights
// are [word][channel of the block]; a channel has two sums.
[[gnu::always_inline]] inline void CountWords(const uint32_t* pixel0, const uint32_t* pixel1,
                                              int words, const uint32_t* weights,
                                              Sums<uint16x8_t>& sums) {
  asm volatile(
      "1:\n"
      "vld1.32 {d16-d19}, [%[weights]]!\n"
      "vld1.32 {d24[], d25[]}, [%[pixel0]]!\n"
      "vld1.32 {d26[], d27[]}, [%[pixel1]]!\n"
      "vld1.32 {d20-d23}, [%[weights]], %[next]\n"
      "veor q14, q8, q12\n"
      "veor q15, q9, q12\n"
      "veor q8, q8, q13\n"
      "veor q9, q9, q13\n"
      "vcnt.8 q14, q14\n"
      "vcnt.8 q15, q15\n"
      "vcnt.8 q8, q8\n"
      "vcnt.8 q9, q9\n"
      "vpadal.u8 %q[sum00], q14\n"
      "vpadal.u8 %q[sum01], q15\n"
      "vpadal.u8 %q[sum10], q8\n"
      "vpadal.u8 %q[sum11], q9\n"
      "veor q14, q10, q12\n"
      "veor q15, q11, q12\n"
      "veor q10, q10, q13\n"
      "veor q11, q11, q13\n"
      "vcnt.8 q14, q14\n"
      "vcnt.8 q15, q15\n"
      "vcnt.8 q10, q10\n"
      "vcnt.8 q11, q11\n"
      "subs %[words], %[words], #1\n"
      "vpadal.u8 %q[sum02], q14\n"
      "vpadal.u8 %q[sum03], q15\n"
      "vpadal.u8 %q[sum12], q10\n"
      "vpadal.u8 %q[sum13], q11\n"
      "bne 1b\n"
      : [sum00] "+w"(sums[0][0]), [sum01] "+w"(sums[0][1]), [sum02] "+w"(sums[0][2]),
        [sum03] "+w"(sums[0][3]), [sum10] "+w"(sums[1][0]), [sum11] "+w"(sums[1][1]),
        [sum12] "+w"(sums[1][2]), [sum13] "+w"(sums[1][3]), [pixel0] "+r"(pixel0),
        [pixel1] "+r"(pixel1), [words] "+r"(words), [weights] "+r"(weights)
      : [next] "r"(kNextRow)
      : "cc", "memory", "q8", "q9", "q10", "q11", "q12", "q13", "q14", "q15");
}

// Where the windows of a group and their runs begin, in variables that assembly cannot change, as
// far as a compiler knows.
template <typename Element>
struct Runs {
  const Element* window0;
  const Element* window1;
  const int32_t* run;
  const int32_t* end;
  int length;

  Runs(const Group<Element>& group, const Windows& windows)
      : window0(group.window[0]),
        window1(group.window[1]),
        run(windows.runs),
        end(windows.runs + windows.run_count),
        length(windows.run_length) {}
};

// Sums of a depth that 16 bits hold.
[[gnu::always_inline]] inline void CountBits(const Group<uint32_t>& group, const Windows& windows,
                                             const uint32_t* weights, Sums<uint32x4_t>& totals) {
  Sums<uint16x8_t> sums;
  ForEachSum<uint16x8_t>(sums, [](uint16x8_t, int, int) { return vdupq_n_u16(0); });
  for (Runs runs(group, windows); runs.run != runs.end; ++runs.run) {
    const int32_t run = *runs.run;
    CountWords(runs.window0 + run, runs.window1 + run, runs.length, weights, sums);
    weights += runs.length * kBlockChannels;
  }
  ForEachSum<uint32x4_t>(totals, [&](uint32x4_t, int p, int v) { return vpaddlq_u16(sums[p][v]); });
}

// Sums of any depth, run by run.
[[gnu::noinline]] void CountManyBits(const Group<uint32_t>& group, const Windows& windows,
                                     const uint32_t* weights, Sums<uint32x4_t>& totals) {
  ForEachSum<uint32x4_t>(totals, [](uint32x4_t, int, int) { return vdupq_n_u32(0); });
  for (Runs runs(group, windows); runs.run != runs.end; ++runs.run) {
    for (int first = 0; first < runs.length; first += kMaxWords) {
      const int32_t run = *runs.run + first;
      const int words = portable::Minimum(runs.length - first, kMaxWords);
      Sums<uint16x8_t> sums;
      ForEachSum<uint16x8_t>(sums, [](uint16x8_t, int, int) { return vdupq_n_u16(0); });
      CountWords(runs.window0 + run, runs.window1 + run, words, weights, sums);
      weights += words * kBlockChannels;
      ForEachSum<uint32x4_t>(
          totals, [&](uint32x4_t total, int p, int v) { return vpadalq_u16(total, sums[p][v]); });
    }
  }
}

// The stages on a tile whose first rows hold the values of a group.
template <typename Arguments, typename Element>
void Finish(const Arguments& a, const Group<Element>& group, int block, bool usual,
            portable::Tile& tile) {
  if (!usual) {
    portable::RunStages<Comparisons>(a.stages, a.stage_count, group.pixel[0], group.count, block,
                                     a.channels, tile);
    return;
  }
  for (int p = 0; p < group.count; ++p) {
    RegisterTile y;
    ForEach(y, [&](float32x4_t, int, int v) { return vld1q_f32(tile[p] + v * kLanes); });
    RunUsualStages(a.stages, a.stage_count, group.pixel + p, block, y);
  }
}

void BinaryConvolution(const BinaryConvolutionArguments& a) {
  const int words = a.windows.run_count * a.windows.run_length;
  const int32x4_t least = vdupq_n_s32(a.clamp_low);
  const int32x4_t most = vdupq_n_s32(a.clamp_high);
  portable::Tile tile;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const uint32_t* weights =
        static_cast<const uint32_t*>(a.weights) + block * words * kBlockChannels;
    const bool usual = AreUsual(a.stages, a.stage_count, block, a.channels);
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kGroupPixels) {
      const Group<uint32_t> group(a.input, a.windows, begin, a.range.pixel_end);
      for (int c = 0; c < kBlockChannels; c += kGroupChannels) {
        Sums<uint32x4_t> totals;
        if (words <= kMaxWords) {
          CountBits(group, a.windows, weights + c, totals);
        } else {
          CountManyBits(group, a.windows, weights + c, totals);
        }
        // y = float(clamp(2 * sum)) * multiplier + bias
        ForEachSum<uint32x4_t>(totals, [&](uint32x4_t sum, int p, int v) {
          const int channel = block * kBlockChannels + c + v * kLanes;
          const int32x4_t doubled = vreinterpretq_s32_u32(vshlq_n_u32(sum, 1));
          const int32x4_t bounded = vminq_s32(vmaxq_s32(doubled, least), most);
          const float32x4_t product =
              vmulq_f32(vcvtq_f32_s32(bounded), vld1q_f32(a.multiplier + channel));
          vst1q_f32(tile[p] + c + v * kLanes, vaddq_f32(product, vld1q_f32(a.bias + channel)));
          return sum;
        });
      }
      Finish(a, group, block, usual, tile);
    }
  }
}

// Adds `count` products, at least one, in order, to the sums of two pixels by 16 channels. Weights
// are [k][channel of the block]. A fused multiply-add takes no lane of a vector here.
[[gnu::always_inline]] inline void MultiplyAdd(const float* pixel0, const float* pixel1, int count,
                                               const float* weights, Sums<float32x4_t>& sums) {
  asm volatile(
      "1:\n"
      "vld1.32 {d24[], d25[]}, [%[pixel0]]!\n"
      "vld1.32 {d26[], d27[]}, [%[pixel1]]!\n"
      "vld1.32 {d16-d19}, [%[weights]]!\n"
      "vld1.32 {d20-d23}, [%[weights]], %[next]\n"
      "subs %[count], %[count], #1\n"
      "vfma.f32 %q[sum00], q8, q12\n"
      "vfma.f32 %q[sum10], q8, q13\n"
      "vfma.f32 %q[sum01], q9, q12\n"
      "vfma.f32 %q[sum11], q9, q13\n"
      "vfma.f32 %q[sum02], q10, q12\n"
      "vfma.f32 %q[sum12], q10, q13\n"
      "vfma.f32 %q[sum03], q11, q12\n"
      "vfma.f32 %q[sum13], q11, q13\n"
      "bne 1b\n"
      : [sum00] "+w"(sums[0][0]), [sum01] "+w"(sums[0][1]), [sum02] "+w"(sums[0][2]),
        [sum03] "+w"(sums[0][3]), [sum10] "+w"(sums[1][0]), [sum11] "+w"(sums[1][1]),
        [sum12] "+w"(sums[1][2]), [sum13] "+w"(sums[1][3]), [pixel0] "+r"(pixel0),
        [pixel1] "+r"(pixel1), [count] "+r"(count), [weights] "+r"(weights)
      : [next] "r"(kNextRow)
      : "cc", "memory", "q8", "q9", "q10", "q11", "q12", "q13");
}

void FloatConvolution(const FloatConvolutionArguments& a) {
  const int run_weights = a.windows.run_length * kBlockChannels;
  portable::Tile tile;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const bool usual = AreUsual(a.stages, a.stage_count, block, a.channels);
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kGroupPixels) {
      const Group<float> group(a.input, a.windows, begin, a.range.pixel_end);
      for (int c = 0; c < kBlockChannels; c += kGroupChannels) {
        const float* bias = a.bias + block * kBlockChannels + c;
        const float* weights =
            static_cast<const float*>(a.weights) + block * a.windows.run_count * run_weights + c;
        Sums<float32x4_t> sums;
        ForEachSum<float32x4_t>(
            sums, [&](float32x4_t, int, int v) { return vld1q_f32(bias + v * kLanes); });
        for (Runs runs(group, a.windows); runs.run != runs.end; ++runs.run) {
          const int32_t run = *runs.run;
          MultiplyAdd(runs.window0 + run, runs.window1 + run, runs.length, weights, sums);
          weights += run_weights;
        }
        ForEachSum<float32x4_t>(sums, [&](float32x4_t sum, int p, int v) {
          vst1q_f32(tile[p] + c + v * kLanes, sum);
          return sum;
        });
      }
      Finish(a, group, block, usual, tile);
    }
  }
}

constexpr KernelTable kTable = {
    "neon",
    "neon",
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
    portable::PixelConvolution<Comparisons>,
    portable::FindPixels,
    portable::PoolRow<Comparisons>,
    portable::Apply<Comparisons>,
};

}  // namespace

const KernelTable* Neon32Kernels() { return &kTable; }

}  // namespace bireid

#else

namespace bireid {
const KernelTable* Neon32Kernels() { return nullptr; }
}  // namespace bireid

#endif
