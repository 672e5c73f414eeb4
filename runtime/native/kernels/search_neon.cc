// NEON counts bits in bytes and adds them up once per row.
#include "kernels/search_kernels.h"

#if defined(__ARM_NEON)

#include <arm_neon.h>

#include "kernels/portable_search.h"

namespace bireid {
namespace {

constexpr size_t kBytes = 16;
// A byte counts to 8 per load; so many loads fit into 8 bits.
constexpr size_t kLoadsAtOnce = 31;

[[gnu::always_inline]] inline int32_t AddBytes(uint8x16_t bytes) {
#if defined(__aarch64__)
  return vaddlvq_u8(bytes);
#else
  const uint64x2_t halves = vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(bytes)));
  return static_cast<int32_t>(vgetq_lane_u64(halves, 0) + vgetq_lane_u64(halves, 1));
#endif
}

void Hamming(const uint8_t* rows, size_t count, size_t bytes, const uint8_t* query,
             int32_t* distances) {
  const size_t whole = bytes - bytes % kBytes;
  for (size_t i = 0; i < count; ++i, rows += bytes) {
    int32_t bits = portable::DifferingBits(rows, query, whole, bytes);
    for (size_t at = 0; at < whole;) {
      const size_t left = (whole - at) / kBytes;
      const size_t end = at + (left < kLoadsAtOnce ? left : kLoadsAtOnce) * kBytes;
      uint8x16_t counts = vdupq_n_u8(0);
      for (; at < end; at += kBytes) {
        counts = vaddq_u8(counts, vcntq_u8(veorq_u8(vld1q_u8(rows + at), vld1q_u8(query + at))));
      }
      bits += AddBytes(counts);
    }
    distances[i] = bits;
  }
}

void Dot(const float* rows, size_t count, size_t dim, const float* query, float* scores) {
  const size_t whole = dim - dim % kDotLanes;
  for (size_t i = 0; i < count; ++i, rows += dim) {
    float32x4_t sums[kDotLanes / 4];
    for (float32x4_t& sum : sums) sum = vdupq_n_f32(0);
    for (size_t at = 0; at < whole; at += kDotLanes) {
      for (size_t quarter = 0; quarter < kDotLanes / 4; ++quarter) {
        const size_t first = at + quarter * 4;
        sums[quarter] =
            vaddq_f32(sums[quarter], vmulq_f32(vld1q_f32(rows + first), vld1q_f32(query + first)));
      }
    }
    float lanes[kDotLanes];
    for (size_t quarter = 0; quarter < kDotLanes / 4; ++quarter) {
      vst1q_f32(lanes + quarter * 4, sums[quarter]);
    }
    scores[i] = portable::FinishDot(lanes, rows, query, whole, dim);
  }
}

constexpr SearchKernels kKernels = {Hamming, Dot};

}  // namespace

const SearchKernels* NeonSearchKernels() { return &kKernels; }

}  // namespace bireid

#else

namespace bireid {
const SearchKernels* NeonSearchKernels() { return nullptr; }
}  // namespace bireid

#endif
