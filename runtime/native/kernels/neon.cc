// NEON, as every ARMv8-A CPU has it. Lanes are output channels, so that sums are never added across
// lanes. Per 128 bit-products one XOR, one population count and one widening addition are the
// bound. The two inner loops are assembly, because compilers spill their 16 accumulators.
#include "kernels/kernel_table.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernels/neon_depthwise.h"
#include "kernels/neon_group.h"
#include "kernels/neon_long_products.h"
#include "kernels/neon_stages.h"
#include "kernels/portable_kernels.h"
#include "kernels/portable_pixels.h"

namespace bireid {
namespace {

constexpr int kGroupChannels = 16;  // channels of a float convolution accumulated together

// Bit-products are summed in 16 bits: 2047 words give at most 65504.
constexpr int kMaxWords = 2047;

using Sums = uint16_t[kGroupPixels][kBlockChannels];

// [block][word][half of the word][channel of the block]
void PackBinaryWeights(const WeightShape& shape, const uint32_t* rows, void* packed) {
  uint16_t* out = static_cast<uint16_t*>(packed);
  const int64_t depth = static_cast<int64_t>(shape.run_count) * shape.run_length;
  for (int first = 0; first < Blocks(shape.channels) * kBlockChannels; first += kBlockChannels) {
    for (int64_t half = 0; half < 2 * depth; ++half) {
      for (int channel = first; channel < first + kBlockChannels; ++channel) {
        const uint32_t word = channel < shape.channels ? rows[channel * depth + half / 2] : 0;
        *out++ = static_cast<uint16_t>(half % 2 == 0 ? word : word >> 16);
      }
    }
  }
}

// sums[p][c] = population counts over runs of at most kMaxWords words together.
void CountBits(const Group<uint32_t>& group, const int32_t* runs, int64_t run_count,
               int64_t run_length, const void* weights, Sums& sums) {
  const uint32_t* pixel0;
  const uint32_t* pixel1;
  const uint32_t* pixel2;
  const uint32_t* pixel3;
  int64_t count;
  uint16_t* out = sums[0];
  asm volatile(
      // 16 bits of one pixel by 32 channels.
      ".macro bireid_count bits, sum0, sum1, sum2, sum3\n"
      "eor v28.16b, v24.16b, \\bits\\().16b\n"
      "eor v29.16b, v25.16b, \\bits\\().16b\n"
      "eor v30.16b, v26.16b, \\bits\\().16b\n"
      "eor v31.16b, v27.16b, \\bits\\().16b\n"
      "cnt v28.16b, v28.16b\n"
      "cnt v29.16b, v29.16b\n"
      "cnt v30.16b, v30.16b\n"
      "cnt v31.16b, v31.16b\n"
      "uadalp \\sum0\\().8h, v28.16b\n"
      "uadalp \\sum1\\().8h, v29.16b\n"
      "uadalp \\sum2\\().8h, v30.16b\n"
      "uadalp \\sum3\\().8h, v31.16b\n"
      ".endm\n"
      ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
      "movi v\\sum\\().2d, #0\n"
      ".endr\n"
      "1:\n"
      "ldrsw %[count], [%[runs]], #4\n"
      "add %[pixel0], %[window0], %[count], lsl #2\n"
      "add %[pixel1], %[window1], %[count], lsl #2\n"
      "add %[pixel2], %[window2], %[count], lsl #2\n"
      "add %[pixel3], %[window3], %[count], lsl #2\n"
      "mov %[count], %[run_length]\n"
      "2:\n"
      "ld1 {v24.16b, v25.16b, v26.16b, v27.16b}, [%[weights]], #64\n"
      "ld2r {v16.8h, v17.8h}, [%[pixel0]], #4\n"
      "ld2r {v18.8h, v19.8h}, [%[pixel1]], #4\n"
      "ld2r {v20.8h, v21.8h}, [%[pixel2]], #4\n"
      "ld2r {v22.8h, v23.8h}, [%[pixel3]], #4\n"
      "subs %[count], %[count], #1\n"
      "bireid_count v16, v0, v1, v2, v3\n"
      "bireid_count v18, v4, v5, v6, v7\n"
      "bireid_count v20, v8, v9, v10, v11\n"
      "bireid_count v22, v12, v13, v14, v15\n"
      "ld1 {v24.16b, v25.16b, v26.16b, v27.16b}, [%[weights]], #64\n"
      "bireid_count v17, v0, v1, v2, v3\n"
      "bireid_count v19, v4, v5, v6, v7\n"
      "bireid_count v21, v8, v9, v10, v11\n"
      "bireid_count v23, v12, v13, v14, v15\n"
      "b.ne 2b\n"
      "subs %[run_count], %[run_count], #1\n"
      "b.ne 1b\n"
      "st1 {v0.8h, v1.8h, v2.8h, v3.8h}, [%[out]], #64\n"
      "st1 {v4.8h, v5.8h, v6.8h, v7.8h}, [%[out]], #64\n"
      "st1 {v8.8h, v9.8h, v10.8h, v11.8h}, [%[out]], #64\n"
      "st1 {v12.8h, v13.8h, v14.8h, v15.8h}, [%[out]]\n"
      ".purgem bireid_count\n"
      : [pixel0] "=&r"(pixel0), [pixel1] "=&r"(pixel1), [pixel2] "=&r"(pixel2),
        [pixel3] "=&r"(pixel3), [count] "=&r"(count), [runs] "+&r"(runs),
        [run_count] "+&r"(run_count), [weights] "+&r"(weights), [out] "+&r"(out)
      : [window0] "r"(group.window[0]), [window1] "r"(group.window[1]),
        [window2] "r"(group.window[2]), [window3] "r"(group.window[3]), [run_length] "r"(run_length)
      : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
        "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
        "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

// Sums of any depth, run by run.
void CountManyBits(const Group<uint32_t>& group, const Windows& windows, const uint32_t* weights,
                   portable::SumTile& totals) {
  __builtin_memset(totals, 0, sizeof(totals));
  for (int r = 0; r < windows.run_count; ++r) {
    for (int first = 0; first < windows.run_length; first += kMaxWords) {
      const int32_t run = windows.runs[r] + first;
      const int words = portable::Minimum(windows.run_length - first, kMaxWords);
      Sums sums;
      CountBits(group, &run, 1, words, weights, sums);
      weights += words * kBlockChannels;
      for (int p = 0; p < kGroupPixels; ++p) {
        for (int c = 0; c < kBlockChannels; ++c) totals[p][c] += sums[p][c];
      }
    }
  }
}

// The transform without a clamp, and the usual stages.
void FinishSums(const BinaryConvolutionArguments& a, const Group<uint32_t>& group, int block,
                const Sums& sums) {
  const float* multiplier = a.multiplier + block * kBlockChannels;
  const float* bias = a.bias + block * kBlockChannels;
  for (int first = 0; first < group.count; first += kStagePixels) {
    RegisterTile y;
    ForEach(y, [&](float32x4_t, int p, int v) {
      // Widening shifts for free, which doubles the sum.
      return vcvtq_f32_u32(vshll_n_u16(vld1_u16(sums[first + p] + v * kLanes), 1));
    });
    ForEach(y, [&](float32x4_t x, int, int v) {
      return x * vld1q_f32(multiplier + v * kLanes) + vld1q_f32(bias + v * kLanes);
    });
    RunUsualStages(a.stages, a.stage_count, group.pixel + first, block, y);
  }
}

void BinaryConvolution(const BinaryConvolutionArguments& a) {
  const int64_t words = static_cast<int64_t>(a.windows.run_count) * a.windows.run_length;
  const bool clamps = a.clamp_low > INT32_MIN || a.clamp_high < INT32_MAX;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const uint32_t* weights =
        static_cast<const uint32_t*>(a.weights) + block * words * kBlockChannels;
    const bool usual =
        words <= kMaxWords && !clamps && AreUsual(a.stages, a.stage_count, block, a.channels);
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kGroupPixels) {
      const Group<uint32_t> group(a.input, a.windows, begin, a.range.pixel_end);
      if (usual) {
        Sums sums;
        CountBits(group, a.windows.runs, a.windows.run_count, a.windows.run_length, weights, sums);
        FinishSums(a, group, block, sums);
      } else {
        portable::SumTile totals;
        portable::Tile y;
        CountManyBits(group, a.windows, weights, totals);
        portable::TransformSums(a, block, group.count, totals, y);
        portable::RunStages<Comparisons>(a.stages, a.stage_count, begin, group.count, block,
                                         a.channels, y);
      }
    }
  }
}

// [block][half of the block][k][channel of the half]
void PackFloatWeights(const WeightShape& shape, const float* rows, void* packed) {
  float* out = static_cast<float*>(packed);
  const int64_t depth = static_cast<int64_t>(shape.run_count) * shape.run_length;
  for (int first = 0; first < Blocks(shape.channels) * kBlockChannels; first += kGroupChannels) {
    for (int64_t k = 0; k < depth; ++k) {
      for (int channel = first; channel < first + kGroupChannels; ++channel) {
        *out++ = channel < shape.channels ? rows[channel * depth + k] : 0.0f;
      }
    }
  }
}

// y[p][c] = bias[c] + sum over k, in order, for 16 channels.
void MultiplyAdd(const Group<float>& group, const Windows& windows, const float* weights,
                 const float* bias, float* y) {
  const float* pixel0;
  const float* pixel1;
  const float* pixel2;
  const float* pixel3;
  int64_t count;
  const int32_t* runs = windows.runs;
  int64_t run_count = windows.run_count;
  asm volatile(
      // One k of one pixel by 16 channels.
      ".macro bireid_multiply y0, y1, y2, y3, input, weight0, weight1, weight2, weight3\n"
      "fmla \\y0\\().4s, \\weight0\\().4s, \\input\n"
      "fmla \\y1\\().4s, \\weight1\\().4s, \\input\n"
      "fmla \\y2\\().4s, \\weight2\\().4s, \\input\n"
      "fmla \\y3\\().4s, \\weight3\\().4s, \\input\n"
      ".endm\n"
      ".macro bireid_multiply_all k, weights:vararg\n"
      "bireid_multiply v0, v1, v2, v3, v16.s[\\k], \\weights\n"
      "bireid_multiply v4, v5, v6, v7, v17.s[\\k], \\weights\n"
      "bireid_multiply v8, v9, v10, v11, v18.s[\\k], \\weights\n"
      "bireid_multiply v12, v13, v14, v15, v19.s[\\k], \\weights\n"
      ".endm\n"
      "ld1 {v0.4s, v1.4s, v2.4s, v3.4s}, [%[bias]]\n"
      "ld1 {v4.4s, v5.4s, v6.4s, v7.4s}, [%[bias]]\n"
      "ld1 {v8.4s, v9.4s, v10.4s, v11.4s}, [%[bias]]\n"
      "ld1 {v12.4s, v13.4s, v14.4s, v15.4s}, [%[bias]]\n"
      "1:\n"
      "ldrsw %[count], [%[runs]], #4\n"
      "add %[pixel0], %[window0], %[count], lsl #2\n"
      "add %[pixel1], %[window1], %[count], lsl #2\n"
      "add %[pixel2], %[window2], %[count], lsl #2\n"
      "add %[pixel3], %[window3], %[count], lsl #2\n"
      "subs %[count], %[run_length], #4\n"
      "b.lt 3f\n"
      "2:\n"  // four k
      "ldr q16, [%[pixel0]], #16\n"
      "ldr q17, [%[pixel1]], #16\n"
      "ldr q18, [%[pixel2]], #16\n"
      "ldr q19, [%[pixel3]], #16\n"
      "subs %[count], %[count], #4\n"
      "ld1 {v20.4s, v21.4s, v22.4s, v23.4s}, [%[weights]], #64\n"
      "ld1 {v24.4s, v25.4s, v26.4s, v27.4s}, [%[weights]], #64\n"
      "bireid_multiply_all 0, v20, v21, v22, v23\n"
      "ld1 {v20.4s, v21.4s, v22.4s, v23.4s}, [%[weights]], #64\n"
      "bireid_multiply_all 1, v24, v25, v26, v27\n"
      "ld1 {v24.4s, v25.4s, v26.4s, v27.4s}, [%[weights]], #64\n"
      "bireid_multiply_all 2, v20, v21, v22, v23\n"
      "bireid_multiply_all 3, v24, v25, v26, v27\n"
      "b.ge 2b\n"
      "3:\n"
      "adds %[count], %[count], #4\n"
      "b.eq 5f\n"
      "4:\n"  // the one to three left
      "ldr s16, [%[pixel0]], #4\n"
      "ldr s17, [%[pixel1]], #4\n"
      "ldr s18, [%[pixel2]], #4\n"
      "ldr s19, [%[pixel3]], #4\n"
      "subs %[count], %[count], #1\n"
      "ld1 {v20.4s, v21.4s, v22.4s, v23.4s}, [%[weights]], #64\n"
      "bireid_multiply_all 0, v20, v21, v22, v23\n"
      "b.ne 4b\n"
      "5:\n"
      "subs %[run_count], %[run_count], #1\n"
      "b.ne 1b\n"
      "st1 {v0.4s, v1.4s, v2.4s, v3.4s}, [%[y]], %[stride]\n"
      "st1 {v4.4s, v5.4s, v6.4s, v7.4s}, [%[y]], %[stride]\n"
      "st1 {v8.4s, v9.4s, v10.4s, v11.4s}, [%[y]], %[stride]\n"
      "st1 {v12.4s, v13.4s, v14.4s, v15.4s}, [%[y]]\n"
      ".purgem bireid_multiply\n"
      ".purgem bireid_multiply_all\n"
      : [pixel0] "=&r"(pixel0), [pixel1] "=&r"(pixel1), [pixel2] "=&r"(pixel2),
        [pixel3] "=&r"(pixel3), [count] "=&r"(count), [runs] "+&r"(runs),
        [run_count] "+&r"(run_count), [weights] "+&r"(weights), [y] "+&r"(y)
      : [window0] "r"(group.window[0]), [window1] "r"(group.window[1]),
        [window2] "r"(group.window[2]), [window3] "r"(group.window[3]),
        [run_length] "r"(static_cast<int64_t>(windows.run_length)), [bias] "r"(bias),
        [stride] "r"(kBlockChannels * sizeof(float))
      : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
        "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
        "v25", "v26", "v27");
}

void FinishValues(const FloatConvolutionArguments& a, const Group<float>& group, int block,
                  portable::Tile& values) {
  if (!AreUsual(a.stages, a.stage_count, block, a.channels)) {
    portable::RunStages<Comparisons>(a.stages, a.stage_count, group.pixel[0], group.count, block,
                                     a.channels, values);
    return;
  }
  for (int first = 0; first < group.count; first += kStagePixels) {
    RegisterTile y;
    ForEach(y,
            [&](float32x4_t, int p, int v) { return vld1q_f32(values[first + p] + v * kLanes); });
    RunUsualStages(a.stages, a.stage_count, group.pixel + first, block, y);
  }
}

void FloatConvolution(const FloatConvolutionArguments& a) {
  const int64_t depth = static_cast<int64_t>(a.windows.run_count) * a.windows.run_length;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kGroupPixels) {
      const Group<float> group(a.input, a.windows, begin, a.range.pixel_end);
      portable::Tile y;
      for (int c = 0; c < kBlockChannels; c += kGroupChannels) {
        const int channel = block * kBlockChannels + c;
        MultiplyAdd(group, a.windows, static_cast<const float*>(a.weights) + channel * depth,
                    a.bias + channel, y[0] + c);
      }
      FinishValues(a, group, block, y);
    }
  }
}

constexpr KernelTable kTable = {
    "neon",
    "neon",
    portable::BlockWeightsBytes<uint32_t>,
    PackBinaryWeights,
    [](size_t) -> size_t { return 0; },
    BinaryConvolution,
    portable::BlockWeightsBytes<float>,
    PackFloatWeights,
    FloatConvolution,
    DepthwiseConvolution,
    pixels::WeightsBytes<LongProducts>,
    pixels::PackWeights<LongProducts>,
    pixels::Convolution<LongProducts>,
    portable::FindPixels,
    portable::PoolRow<Comparisons>,
    portable::Apply<Comparisons>,
};

}  // namespace

const KernelTable* NeonKernels() { return &kTable; }

}  // namespace bireid

#else

namespace bireid {
const KernelTable* NeonKernels() { return nullptr; }
}  // namespace bireid

#endif
