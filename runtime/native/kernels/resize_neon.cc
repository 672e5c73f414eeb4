// NEON multiplies 32 bits: weights need no parts.
#include "kernels/resize_kernels.h"

#if defined(__ARM_NEON)

#include <arm_neon.h>

#include "kernels/portable_resize.h"

namespace bireid {
namespace {

// The eight bytes of four sums and of the four behind them, twice. Sums are signed, their bits
// those of unsigned ones, which may wrap around.
uint8x8_t Round(uint32x4_t first, uint32x4_t second) {
  const auto value = [](uint32x4_t sum) {
    return vmovn_s32(vshrq_n_s32(vreinterpretq_s32_u32(sum), kResizeFractionBits));
  };
  // Ten bits are left, which the last narrowing saturates.
  return vqmovun_s16(vcombine_s16(value(first), value(second)));
}

void ResizeRgbRow(const ResizeFilter& filter, const uint8_t* row, uint8_t* output) {
  const uint32x4_t half = vdupq_n_u32(portable::kResizeHalf);
  for (int x = 0; x < filter.targets; ++x) {
    const uint8_t* pixel = row + static_cast<ptrdiff_t>(filter.starts[x]) * 3;
    const int32_t* weights = filter.weights + static_cast<ptrdiff_t>(x) * filter.stride;
    // Two chains of sums, so that one multiplication does not wait for the one before.
    uint32x4_t even = half;
    uint32x4_t odd = vdupq_n_u32(0);
    // The weight past an odd last tap is 0.
    for (int tap = 0; tap < filter.counts[x]; tap += 2, pixel += 6) {
      const uint16x8_t two = vmovl_u8(vld1_u8(pixel));
      const uint16x8_t next = vextq_u16(two, two, 3);
      even = vmlaq_n_u32(even, vmovl_u16(vget_low_u16(two)), static_cast<uint32_t>(weights[tap]));
      odd =
          vmlaq_n_u32(odd, vmovl_u16(vget_low_u16(next)), static_cast<uint32_t>(weights[tap + 1]));
    }
    const uint32x4_t sum = vaddq_u32(even, odd);
    const uint8x8_t bytes = Round(sum, sum);
    *output++ = vget_lane_u8(bytes, 0);
    *output++ = vget_lane_u8(bytes, 1);
    *output++ = vget_lane_u8(bytes, 2);
  }
}

// 16 bytes of a row.
void BlendBlock(const ResizeFilter& filter, int y, const uint8_t* const* rows, size_t begin,
                uint8_t* output) {
  const int32_t* weights = filter.weights + static_cast<ptrdiff_t>(y) * filter.stride;
  uint32x4_t sums[4];
  for (uint32x4_t& sum : sums) sum = vdupq_n_u32(portable::kResizeHalf);
  for (int tap = 0; tap < filter.counts[y]; ++tap) {
    const uint8x16_t bytes = vld1q_u8(rows[tap] + begin);
    const auto weight = static_cast<uint32_t>(weights[tap]);
    const uint16x8_t below = vmovl_u8(vget_low_u8(bytes));
    const uint16x8_t above = vmovl_u8(vget_high_u8(bytes));
    sums[0] = vmlaq_n_u32(sums[0], vmovl_u16(vget_low_u16(below)), weight);
    sums[1] = vmlaq_n_u32(sums[1], vmovl_u16(vget_high_u16(below)), weight);
    sums[2] = vmlaq_n_u32(sums[2], vmovl_u16(vget_low_u16(above)), weight);
    sums[3] = vmlaq_n_u32(sums[3], vmovl_u16(vget_high_u16(above)), weight);
  }
  vst1q_u8(output + begin, vcombine_u8(Round(sums[0], sums[1]), Round(sums[2], sums[3])));
}

void BlendRows(const ResizeFilter& filter, int y, const uint8_t* const* rows, size_t bytes,
               uint8_t* output) {
  constexpr size_t kBlock = 16;
  if (bytes < kBlock) return portable::BlendPart(filter, y, rows, 0, bytes, output);
  for (size_t begin = 0; begin + kBlock <= bytes; begin += kBlock) {
    BlendBlock(filter, y, rows, begin, output);
  }
  // The last block begins inside the one before.
  if (bytes % kBlock != 0) BlendBlock(filter, y, rows, bytes - kBlock, output);
}

constexpr ResizeKernels kKernels = {ResizeRgbRow, BlendRows};

}  // namespace

const ResizeKernels* NeonResizeKernels() { return &kKernels; }

}  // namespace bireid

#else

namespace bireid {

const ResizeKernels* NeonResizeKernels() { return nullptr; }

}  // namespace bireid

#endif
