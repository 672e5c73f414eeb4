// NEON, as every ARMv8-A CPU has it. Lanes are output channels, so that sums are never added across
// lanes. Per 128 bit-products one XOR, one population count and one widening addition are the
// bound. The two inner loops are assembly, because compilers spill their 16 accumulators.
#include "kernels/kernel_table.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernels/portable_kernels.h"

namespace bireid {
namespace {

constexpr int kLanes = 4;
constexpr int kVectors = kBlockChannels / kLanes;
constexpr int kGroupPixels = 4;     // pixels whose sums are accumulated together
constexpr int kGroupChannels = 16;  // channels of a float convolution accumulated together
constexpr int kStagePixels = 2;     // pixels whose stages run together: half of the registers

// Bit-products are summed in 16 bits: 2047 words give at most 65504.
constexpr int kMaxWords = 2047;

using Sums = uint16_t[kGroupPixels][kBlockChannels];

// Pixels of a group and their windows. Past the end of the range the last pixel repeats: the same
// value is computed and stored again.
template <typename Element>
struct Group {
  int pixel[kGroupPixels];
  const Element* window[kGroupPixels];

  Group(const Element* input, const Windows& windows, int begin, int end) {
    for (int p = 0; p < kGroupPixels; ++p) {
      pixel[p] = portable::Minimum(begin + p, end - 1);
      window[p] = input + windows.windows[pixel[p]];
    }
  }
};

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
    return Pack([&](int v) {
      return vcgtq_f32(vld1q_f32(y + v * kLanes), vld1q_f32(bound + v * kLanes));
    });
  }
};

// The usual stages in registers, for blocks of 32 channels that all exist.
class RegisterStages {
 public:
  using Tile = float32x4_t[kStagePixels][kVectors];

  RegisterStages(const Stage* stages, int stage_count)
      : stages_(stages), stage_count_(stage_count) {}

  static bool Handle(const Stage* stages, int stage_count) {
    for (int s = 0; s < stage_count; ++s) {
      if (stages[s].kind == StageKind::kStoreInt8 || stages[s].kind == StageKind::kPackAbove) {
        return false;
      }
    }
    return true;
  }

 private:
  const Stage* stages_;
  int stage_count_;
};
}}
#endif
