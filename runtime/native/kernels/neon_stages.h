// What NEON adds to the portable stages: signs packed without a scalar loop, and the usual stages
// on a tile that stays in registers.
#ifndef BIREID_KERNELS_NEON_STAGES_H_
#define BIREID_KERNELS_NEON_STAGES_H_

#include <arm_neon.h>

#include "kernels/portable_kernels.h"

namespace bireid {
namespace {

constexpr int kLanes = 4;
constexpr int kVectors = kBlockChannels / kLanes;
constexpr int kStagePixels = 2;  // a tile of two pixels takes half of the registers

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
  return vaddvq_u32(vandq_u32(nibbles, bits));
}

// For the portable stages.
struct Comparisons {
  static uint32_t Negative(const float* y) {
    return Pack([&](int v) { return vcltzq_f32(vld1q_f32(y + v * kLanes)); });
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

// portable::RunStages with the tile in registers. The second pixel may be the first again: every
// stage reads both before it writes either.
[[gnu::always_inline]] inline void RunUsualStages(const Stage* stages, int stage_count,
                                                  const int* pixels, int block, RegisterTile& y) {
  const int first = block * kBlockChannels;
  for (int s = 0; s < stage_count; ++s) {
    const Stage& stage = stages[s];
    const auto channel = [&](int v) { return vld1q_f32(stage.channel + first + v * kLanes); };
    switch (stage.kind) {
      case StageKind::kMultiply:
        ForEach(y, [&](float32x4_t x, int, int v) { return x * channel(v); });
        break;
      case StageKind::kAdd:
        ForEach(y, [&](float32x4_t x, int, int v) { return x + channel(v); });
        break;
      case StageKind::kAddMap:
      case StageKind::kAddBorder:
#pragma GCC unroll 2
        for (int p = 0; p < kStagePixels; ++p) {
          const int64_t offset = portable::PixelOffset(stage, pixels[p]);
          if (stage.kind == StageKind::kAddBorder && offset < 0) continue;
          const float* map = static_cast<const float*>(stage.map) + offset + first;
#pragma GCC unroll 8
          for (int v = 0; v < kVectors; ++v) y[p][v] += vld1q_f32(map + v * kLanes);
        }
        break;
      case StageKind::kPrelu:
        ForEach(y, [&](float32x4_t x, int, int v) {
          return vbslq_f32(vcgezq_f32(x), x, x * channel(v));
        });
        break;
      case StageKind::kClamp:
        ForEach(y, [&](float32x4_t x, int, int) {
          return vminnmq_f32(vmaxnmq_f32(x, vdupq_n_f32(stage.low)), vdupq_n_f32(stage.high));
        });
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
              Pack([&](int v) { return vcltzq_f32(y[p][v]); });
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
