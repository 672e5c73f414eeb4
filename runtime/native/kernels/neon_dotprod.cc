// Products of pixels where NEON has dot products (FEAT_DotProd: Cortex-A55 and A76 and later): UDOT
// and SDOT multiply bytes and add four products to each of four sums, 16 an instruction.
//
// A weight of int16 is 256 * high + low, its upper byte with a sign and its lower one without, as
// in amx_pixels.h. UDOT multiplies pixels by the lower bytes. SDOT takes no pixel above 127, so the
// upper bytes are multiplied by pixel - 128, and their sums begin with what that leaves out:
//
//   sum weight * pixel = 256 * (128 * sum high + sum high * (pixel - 128)) + sum low * pixel
//
// Sums wrap around in 32 bits, which hold their total: it is exact.
#include "kernels/kernel_table.h"

#if defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)

#include "kernels/neon_pixels.h"

namespace bireid {
namespace {

constexpr int kFour = 4;           // products that are added to one sum
constexpr int kPixelOffset = 128;  // flips the upper bit of a byte

// A unit of neon_pixels.h.
struct DotProducts {
  using Element = uint8_t;
  static constexpr int kCopies = 2;  // pixels, and pixels - 128
  static constexpr int kDepth = kFour;
  static constexpr int kChannels = 8;
  static constexpr size_t kBeginBytes = kChannels * sizeof(int32_t);

  static size_t PartBytes(int depth) {
    return kBeginBytes + static_cast<size_t>(depth) * kChannels * sizeof(int16_t);
  }

  // What the sums of upper bytes begin with, [channel of the part]; then for every four k the lower
  // and the upper bytes, [channel of the part][k].
  template <typename Weight>
  static void Pack(Weight weight, int depth, void* packed) {
    int32_t* begin = static_cast<int32_t*>(packed);
    uint8_t* out = static_cast<uint8_t*>(packed) + kBeginBytes;
    for (int c = 0; c < kChannels; ++c) begin[c] = 0;
    for (int first = 0; first < depth; first += kFour, out += 2 * kChannels * kFour) {
      for (int i = 0; i < kChannels * kFour; ++i) {
        const int w = weight(i / kFour, first + i % kFour);
        const int low = w & 0xff;
        const int high = (w - low) / 256;
        begin[i / kFour] += kPixelOffset * high;
        out[i] = static_cast<uint8_t>(low);
        out[kChannels * kFour + i] = static_cast<uint8_t>(high);
      }
    }
  }

  static void Copy(const int16_t* pixels, uint8_t* to) {
    const uint8x8_t bytes = vmovn_u16(vreinterpretq_u16_s16(vld1q_s16(pixels)));
    vst1_u8(to, bytes);
    vst1_u8(to + pixels::kMaxDepth, veor_u8(bytes, vdup_n_u8(kPixelOffset)));
  }
  static void CopyOne(const int16_t* pixel, uint8_t* to) {
    to[0] = static_cast<uint8_t>(*pixel);
    to[pixels::kMaxDepth] = static_cast<uint8_t>(*pixel ^ kPixelOffset);
  }

  static void Multiply(const pixels::WindowCopies<DotProducts>& windows, int64_t depth,
                       const void* weights, int32_t* sums) {
    const uint8_t* pixel0 = windows[0][0];
    const uint8_t* pixel1 = windows[1][0];
    const uint8_t* pixel2 = windows[2][0];
    const uint8_t* pixel3 = windows[3][0];
    asm volatile(
        // Four k of one pixel by eight channels.
        ".macro bireid_multiply low0, low1, high0, high1, k, pixel, shifted, w0, w1, w2, w3\n"
        "udot \\low0\\().4s, \\w0\\().16b, \\pixel\\().4b[\\k]\n"
        "udot \\low1\\().4s, \\w1\\().16b, \\pixel\\().4b[\\k]\n"
        "sdot \\high0\\().4s, \\w2\\().16b, \\shifted\\().4b[\\k]\n"
        "sdot \\high1\\().4s, \\w3\\().16b, \\shifted\\().4b[\\k]\n"
        ".endm\n"
        ".macro bireid_multiply_all k, weights:vararg\n"
        "bireid_multiply v0, v1, v2, v3, \\k, v16, v20, \\weights\n"
        "bireid_multiply v4, v5, v6, v7, \\k, v17, v21, \\weights\n"
        "bireid_multiply v8, v9, v10, v11, \\k, v18, v22, \\weights\n"
        "bireid_multiply v12, v13, v14, v15, \\k, v19, v23, \\weights\n"
        ".endm\n"
        ".macro bireid_join low0, low1, high0, high1\n"
        "shl \\high0\\().4s, \\high0\\().4s, #8\n"
        "shl \\high1\\().4s, \\high1\\().4s, #8\n"
        "add \\low0\\().4s, \\low0\\().4s, \\high0\\().4s\n"
        "add \\low1\\().4s, \\low1\\().4s, \\high1\\().4s\n"
        ".endm\n"
        ".irp low, 0, 1, 4, 5, 8, 9, 12, 13\n"
        "movi v\\low\\().2d, #0\n"
        ".endr\n"
        "ld1 {v2.4s, v3.4s}, [%[weights]], #32\n"
        ".irp high, 6, 10, 14\n"
        "mov v\\high\\().16b, v2.16b\n"
        ".endr\n"
        ".irp high, 7, 11, 15\n"
        "mov v\\high\\().16b, v3.16b\n"
        ".endr\n"
        "subs %[depth], %[depth], #16\n"
        "b.lt 2f\n"
        "1:\n"  // sixteen k
        "ldr q20, [%[pixel0], %[shifted]]\n"
        "ldr q21, [%[pixel1], %[shifted]]\n"
        "ldr q22, [%[pixel2], %[shifted]]\n"
        "ldr q23, [%[pixel3], %[shifted]]\n"
        "ldr q16, [%[pixel0]], #16\n"
        "ldr q17, [%[pixel1]], #16\n"
        "ldr q18, [%[pixel2]], #16\n"
        "ldr q19, [%[pixel3]], #16\n"
        "subs %[depth], %[depth], #16\n"
        "ld1 {v24.16b, v25.16b, v26.16b, v27.16b}, [%[weights]], #64\n"
        "ld1 {v28.16b, v29.16b, v30.16b, v31.16b}, [%[weights]], #64\n"
        "bireid_multiply_all 0, v24, v25, v26, v27\n"
        "ld1 {v24.16b, v25.16b, v26.16b, v27.16b}, [%[weights]], #64\n"
        "bireid_multiply_all 1, v28, v29, v30, v31\n"
        "ld1 {v28.16b, v29.16b, v30.16b, v31.16b}, [%[weights]], #64\n"
        "bireid_multiply_all 2, v24, v25, v26, v27\n"
        "bireid_multiply_all 3, v28, v29, v30, v31\n"
        "b.ge 1b\n"
        "2:\n"
        "adds %[depth], %[depth], #16\n"
        "b.eq 4f\n"
        "3:\n"  // the four to twelve left
        "ldr s20, [%[pixel0], %[shifted]]\n"
        "ldr s21, [%[pixel1], %[shifted]]\n"
        "ldr s22, [%[pixel2], %[shifted]]\n"
        "ldr s23, [%[pixel3], %[shifted]]\n"
        "ldr s16, [%[pixel0]], #4\n"
        "ldr s17, [%[pixel1]], #4\n"
        "ldr s18, [%[pixel2]], #4\n"
        "ldr s19, [%[pixel3]], #4\n"
        "subs %[depth], %[depth], #4\n"
        "ld1 {v24.16b, v25.16b, v26.16b, v27.16b}, [%[weights]], #64\n"
        "bireid_multiply_all 0, v24, v25, v26, v27\n"
        "b.ne 3b\n"
        "4:\n"
        "bireid_join v0, v1, v2, v3\n"
        "bireid_join v4, v5, v6, v7\n"
        "bireid_join v8, v9, v10, v11\n"
        "bireid_join v12, v13, v14, v15\n"
        "st1 {v0.4s, v1.4s}, [%[sums]], %[stride]\n"
        "st1 {v4.4s, v5.4s}, [%[sums]], %[stride]\n"
        "st1 {v8.4s, v9.4s}, [%[sums]], %[stride]\n"
        "st1 {v12.4s, v13.4s}, [%[sums]]\n"
        ".purgem bireid_multiply\n"
        ".purgem bireid_multiply_all\n"
        ".purgem bireid_join\n"
        : [pixel0] "+&r"(pixel0), [pixel1] "+&r"(pixel1), [pixel2] "+&r"(pixel2),
          [pixel3] "+&r"(pixel3), [depth] "+&r"(depth), [weights] "+&r"(weights), [sums] "+&r"(sums)
        : [shifted] "i"(pixels::kMaxDepth), [stride] "r"(kBlockChannels * sizeof(int32_t))
        : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
          "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
          "v25", "v26", "v27", "v28", "v29", "v30", "v31");
  }
};

constexpr KernelTable kTable = {
    "neon",
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    pixels::WeightsBytes<DotProducts>,
    pixels::PackWeights<DotProducts>,
    pixels::Convolution<DotProducts>,
    nullptr,
    nullptr,
    nullptr,
};

}  // namespace

const KernelTable* NeonDotProducts() { return &kTable; }

}  // namespace bireid

#else

namespace bireid {
const KernelTable* NeonDotProducts() { return nullptr; }
}  // namespace bireid

#endif
