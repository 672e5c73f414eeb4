// What NEON adds to the portable stages: signs packed without a scalar loop, and the usual stages
// on a tile that stays in registers. The C++ operators of vectors are avoided: for 32-bit ARM gcc
// splits them into scalars, unless told that numbers below 2^-126 do not matter.
#ifndef BIREID_KERNELS_NEON_STAGES_H_
#define BIREID_KERNELS_NEON_STAGES_H_

#include <arm_neon.h>

#include "kernels/portable_kernels.h"

namespace bireid {
namespace {

constexpr int kLanes = 4;
constexpr int kVectors = kBlockChannels / kLanes;
// So many pixels take half of the registers.
#if defined(__aarch64__)
constexpr int kStagePixels = 2;
#else
constexpr int kStagePixels = 1;
#endif

// What 32-bit ARM lacks.
[[gnu::always_inline]] inline uint32_t AddLanes(uint32x4_t lanes) {
#if defined(__aarch64__)
  return vaddvq_u32(lanes);
#else
  const uint32x2_t halves = vadd_u32(vget_low_u32(lanes), vget_high_u32(lanes));
  return vget_lane_u32(vpadd_u32(halves, halves), 0);
#endif
}

[[gnu::always_inline]] inline float32x4_t Clamp(float32x4_t x, float low, float high) {
  const float32x4_t least = vdupq_n_f32(low);
  const float32x4_t most = vdupq_n_f32(high);
#if defined(__aarch64__)
  return vminnmq_f32(vmaxnmq_f32(x, least), most);
#else
  // As portable::Maximum and portable::Minimum choose.
  const float32x4_t above = vbslq_f32(vcgtq_f32(x, least), x, least);
  return vbslq_f32(vcltq_f32(above, most), above, most);
#endif
}

// Nibble v of lane c repeats the comparison of channel 4 * v + c; of each, bit c is kept.
template <typename Compare>
[[gnu::always_inline]] inline uint32_t Pack(Compare compare) {
  const uint32x4_t bits = {0x11111111, 0x22222222, 0x44444444, 0x88888888};
  uint32x4_t nibbles = compare(0);
  nibbles = vsliq_n_u32(nibbles, compare(1), 4);
  nibbles = vsliq_n_u32(nibbles, compare(2), 8);
  nibbles = vsliq_n_u32(nibbles, compare(3), 12);
  nibbles = vsliq_n_u32(nibbles, compare(4), 16);
  nibbles = vsliq_n_u32(nibbles, compare(5), 20);
  nibbles = vsliq_n_u32(nibbles, compare(6), 24);
  nibbles = vsliq_n_u32(nibbles, compare(7), 28);
  return AddLanes(vandq_u32(nibbles, bits));
}

// For the portable stages.
struct Comparisons {
  static uint32_t Negative(const float* y) {
    return Pack([&](int v) { return vcltq_f32(vld1q_f32(y + v * kLanes), vdupq_n_f32(0.0f)); });
  }
  static uint32_t Above(const float* y, const float* bound) {
    return Pack(
        [&](int v) { return vcgtq_f32(vld1q_f32(y + v * kLanes), vld1q_f32(bound + v * kLanes)); });
  }
};

// Whether RunUsualStages knows all of the stages, for a block that is full.
bool AreUsual(const Stage* stages, int stage_count, int block, int channels) {
  for (int s = 0; s < stage_count; ++s) {
    if (stages[s].kind == StageKind::kStoreInt8 || stages[s].kind == StageKind::kPackAbove) {
      return false;
    }
  }
  return portable::ChannelCount(block, channels) == kBlockChannels;
}

using RegisterTile = float32x4_t[kStagePixels][kVectors];

template <typename Function>
[[gnu::always_inline]] inline void ForEach(RegisterTile& y, Function function) {
#pragma GCC unroll 2
  for (int p = 0; p < kStagePixels; ++p) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) y[p][v] = function(y[p][v], p, v);
  }
}

// portable::RunStages with the tile in registers. A second pixel may be the first again: every
// stage reads both before it writes either.
[[gnu::always_inline]] inline void RunUsualStages(const Stage* stages, int stage_count,
                                                  const int* pixels, int block, RegisterTile& y) {
  const int first = block * kBlockChannels;
  for (int s = 0; s < stage_count; ++s) {
    const Stage& stage = stages[s];
    const auto channel = [&](int v) { return vld1q_f32(stage.channel + first + v * kLanes); };
    switch (stage.kind) {
      case StageKind::kMultiply:
        ForEach(y, [&](float32x4_t x, int, int v) { return vmulq_f32(x, channel(v)); });
        break;
      case StageKind::kAdd:
        ForEach(y, [&](float32x4_t x, int, int v) { return vaddq_f32(x, channel(v)); });
        break;
      case StageKind::kAddMap:
      case StageKind::kAddBorder:
#pragma GCC unroll 2
        for (int p = 0; p < kStagePixels; ++p) {
          const int64_t offset = portable::PixelOffset(stage, pixels[p]);
          if (stage.kind == StageKind::kAddBorder && offset < 0) continue;
          const float* map = static_cast<const float*>(stage.map) + offset + first;
#pragma GCC unroll 8
          for (int v = 0; v < kVectors; ++v) {
            y[p][v] = vaddq_f32(y[p][v], vld1q_f32(map + v * kLanes));
          }
        }
        break;
      case StageKind::kPrelu:
        ForEach(y, [&](float32x4_t x, int, int v) {
          return vbslq_f32(vcgeq_f32(x, vdupq_n_f32(0.0f)), x, vmulq_f32(x, channel(v)));
        });
        break;
      case StageKind::kClamp:
        ForEach(y, [&](float32x4_t x, int, int) { return Clamp(x, stage.low, stage.high); });
        break;
      case StageKind::kStore:
#pragma GCC unroll 2
        for (int p = 0; p < kStagePixels; ++p) {
          const int64_t offset = portable::PixelOffset(stage, pixels[p]);
          float* map = static_cast<float*>(stage.map) + offset + first;
#pragma GCC unroll 8
          for (int v = 0; v < kVectors; ++v) vst1q_f32(map + v * kLanes, y[p][v]);
        }
        break;
      case StageKind::kPackSigns:
#pragma GCC unroll 2
        for (int p = 0; p < kStagePixels; ++p) {
          const int64_t offset = portable::PixelOffset(stage, pixels[p]);
          static_cast<uint32_t*>(stage.map)[offset + block] =
              Pack([&](int v) { return vcltq_f32(y[p][v], vdupq_n_f32(0.0f)); });
        }
        break;
      default:
        break;  // AreUsual excludes them
    }
  }
}

}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_NEON_STAGES_H_
