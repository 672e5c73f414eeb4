// Products of pixels as every ARMv8-A CPU has them: SMLAL and SMLAL2 multiply int16 and add to
// int32, four products each, as many as those of floats.
#ifndef BIREID_KERNELS_NEON_LONG_PRODUCTS_H_
#define BIREID_KERNELS_NEON_LONG_PRODUCTS_H_

#include "kernels/neon_pixels.h"

namespace bireid {
namespace {

// A unit of neon_pixels.h.
struct LongProducts {
  using Element = int16_t;
  static constexpr int kCopies = 1;
  static constexpr int kDepth = 4;
  static constexpr int kChannels = 16;

  static size_t PartBytes(int depth) {
    return static_cast<size_t>(depth) * kChannels * sizeof(int16_t);
  }

  // [k][channel of the part]
  template <typename Weight>
  static void Pack(Weight weight, int depth, void* packed) {
    int16_t* out = static_cast<int16_t*>(packed);
    for (int k = 0; k < depth; ++k) {
      for (int c = 0; c < kChannels; ++c) *out++ = static_cast<int16_t>(weight(c, k));
    }
  }

  static void Copy(const int16_t* pixels, int16_t* to) { vst1q_s16(to, vld1q_s16(pixels)); }
  static void CopyOne(const int16_t* pixel, int16_t* to) { *to = *pixel; }

  static void Multiply(const pixels::WindowCopies<LongProducts>& windows, int64_t depth,
                       const void* weights, int32_t* sums) {
    const int16_t* pixel0 = windows[0][0];
    const int16_t* pixel1 = windows[1][0];
    const int16_t* pixel2 = windows[2][0];
    const int16_t* pixel3 = windows[3][0];
    asm volatile(
        // One k of one pixel by 16 channels.
        ".macro bireid_multiply sum0, sum1, sum2, sum3, input, weights0, weights1\n"
        "smlal \\sum0\\().4s, \\weights0\\().4h, \\input\n"
        "smlal2 \\sum1\\().4s, \\weights0\\().8h, \\input\n"
        "smlal \\sum2\\().4s, \\weights1\\().4h, \\input\n"
        "smlal2 \\sum3\\().4s, \\weights1\\().8h, \\input\n"
        ".endm\n"
        ".macro bireid_multiply_all k, weights:vararg\n"
        "bireid_multiply v16, v17, v18, v19, v0.h[\\k], \\weights\n"
        "bireid_multiply v20, v21, v22, v23, v1.h[\\k], \\weights\n"
        "bireid_multiply v24, v25, v26, v27, v2.h[\\k], \\weights\n"
        "bireid_multiply v28, v29, v30, v31, v3.h[\\k], \\weights\n"
        ".endm\n"
        ".irp sum, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
        "movi v\\sum\\().2d, #0\n"
        ".endr\n"
        "subs %[depth], %[depth], #8\n"
        "b.lt 2f\n"
        "1:\n"  // eight k
        "ldr q0, [%[pixel0]], #16\n"
        "ldr q1, [%[pixel1]], #16\n"
        "ldr q2, [%[pixel2]], #16\n"
        "ldr q3, [%[pixel3]], #16\n"
        "subs %[depth], %[depth], #8\n"
        "ld1 {v4.8h, v5.8h, v6.8h, v7.8h}, [%[weights]], #64\n"
        "ld1 {v8.8h, v9.8h, v10.8h, v11.8h}, [%[weights]], #64\n"
        "bireid_multiply_all 0, v4, v5\n"
        "bireid_multiply_all 1, v6, v7\n"
        "ld1 {v4.8h, v5.8h, v6.8h, v7.8h}, [%[weights]], #64\n"
        "bireid_multiply_all 2, v8, v9\n"
        "bireid_multiply_all 3, v10, v11\n"
        "ld1 {v8.8h, v9.8h, v10.8h, v11.8h}, [%[weights]], #64\n"
        "bireid_multiply_all 4, v4, v5\n"
        "bireid_multiply_all 5, v6, v7\n"
        "bireid_multiply_all 6, v8, v9\n"
        "bireid_multiply_all 7, v10, v11\n"
        "b.ge 1b\n"
        "2:\n"
        "adds %[depth], %[depth], #8\n"
        "b.eq 3f\n"
        "ldr d0, [%[pixel0]]\n"  // the four left
        "ldr d1, [%[pixel1]]\n"
        "ldr d2, [%[pixel2]]\n"
        "ldr d3, [%[pixel3]]\n"
        "ld1 {v4.8h, v5.8h, v6.8h, v7.8h}, [%[weights]], #64\n"
        "ld1 {v8.8h, v9.8h, v10.8h, v11.8h}, [%[weights]]\n"
        "bireid_multiply_all 0, v4, v5\n"
        "bireid_multiply_all 1, v6, v7\n"
        "bireid_multiply_all 2, v8, v9\n"
        "bireid_multiply_all 3, v10, v11\n"
        "3:\n"
        "st1 {v16.4s, v17.4s, v18.4s, v19.4s}, [%[sums]], %[stride]\n"
        "st1 {v20.4s, v21.4s, v22.4s, v23.4s}, [%[sums]], %[stride]\n"
        "st1 {v24.4s, v25.4s, v26.4s, v27.4s}, [%[sums]], %[stride]\n"
        "st1 {v28.4s, v29.4s, v30.4s, v31.4s}, [%[sums]]\n"
        ".purgem bireid_multiply\n"
        ".purgem bireid_multiply_all\n"
        : [pixel0] "+&r"(pixel0), [pixel1] "+&r"(pixel1), [pixel2] "+&r"(pixel2),
          [pixel3] "+&r"(pixel3), [depth] "+&r"(depth), [weights] "+&r"(weights), [sums] "+&r"(sums)
        : [stride] "r"(kBlockChannels * sizeof(int32_t))
        : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
          "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
          "v29", "v30", "v31");
  }
};

}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_NEON_LONG_PRODUCTS_H_
