// AVX2. A product of a pixel and a weight of 22 bits does not fit 16 bits, so weights come in two
// parts; PMADDWD multiplies two taps by each and adds them. The sums are exact modulo 2^32.
#include "kernels/resize_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/portable_resize.h"

namespace bireid {
namespace {

constexpr int kColors = 3;
constexpr int kTargetsAtOnce = 4;

__m256i Load(const void* bytes) { return _mm256_loadu_si256(static_cast<const __m256i*>(bytes)); }

// Sums of both parts of the weights.
struct Sums {
  __m256i low = _mm256_setzero_si256();
  __m256i high = _mm256_setzero_si256();

  // Pairs of pixels of 16 bits, and the weights of the two taps.
  void Add(__m256i pixels, __m256i low_weights, __m256i high_weights) {
    low = _mm256_add_epi32(low, _mm256_madd_epi16(pixels, low_weights));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(pixels, high_weights));
  }

  __m256i Total() const { return _mm256_add_epi32(low, _mm256_slli_epi32(high, kResizeLowBits)); }
};

// The sums of red, green and blue of target `x`, in two parts: that of each half of the taps.
__m256i SumTarget(const ResizeFilter& filter, const uint8_t* row, int x) {
  // Of four pixels: red, green, blue of the first two beside each other, then of the last two.
  const __m256i beside =
      _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, 6, -1, 9, -1, 7,
                       -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  const uint8_t* pixels = row + static_cast<ptrdiff_t>(filter.starts[x]) * kColors;
  const ptrdiff_t first = static_cast<ptrdiff_t>(x) * filter.stride * 2;
  const int32_t* low = filter.low + first;
  const int32_t* high = filter.high + first;
  Sums sums;
  for (int tap = 0; tap < filter.counts[x]; tap += kResizeTapGroup) {
    const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels));
    sums.Add(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(four), beside), Load(low), Load(high));
    pixels += kResizeTapGroup * kColors;
    low += 8;
    high += 8;
  }
  return sums.Total();
}

// Adds the halves of two targets: one target in each half.
__m256i AddHalves(__m256i first, __m256i second) {
  const __m256i sum = _mm256_add_epi32(_mm256_permute2x128_si256(first, second, 0x20),
                                       _mm256_permute2x128_si256(first, second, 0x31));
  return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(portable::kResizeHalf)),
                           kResizeFractionBits);
}

void ResizeRgbRow(const ResizeFilter& filter, const uint8_t* row, uint8_t* output) {
  const __m128i without_gaps =
      _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  for (int begin = 0; begin < filter.targets; begin += kTargetsAtOnce) {
    const int last = filter.targets - 1;
    __m256i sums[kTargetsAtOnce];
    for (int i = 0; i < kTargetsAtOnce; ++i) {
      sums[i] = SumTarget(filter, row, portable::Least(begin + i, last));
    }
    const __m256i words =
        _mm256_packs_epi32(AddHalves(sums[0], sums[1]), AddHalves(sums[2], sums[3]));
    // Of each half the targets 0 and 2, 1 and 3.
    const __m256i bytes = _mm256_packus_epi16(words, words);
    const __m128i pixels =
        _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    alignas(16) uint8_t packed[16];
    _mm_store_si128(reinterpret_cast<__m128i*>(packed), _mm_shuffle_epi8(pixels, without_gaps));
    const int count = portable::Least(kTargetsAtOnce, filter.targets - begin);
    if (count == kTargetsAtOnce) {
      __builtin_memcpy(output, packed, kTargetsAtOnce * kColors);
    } else {
      for (int i = 0; i < count * kColors; ++i) output[i] = packed[i];
    }
    output += kTargetsAtOnce * kColors;
  }
}

// 32 bytes of a row.
void BlendBlock(const ResizeFilter& filter, int y, const uint8_t* const* rows, size_t begin,
                uint8_t* output) {
  const ptrdiff_t first = static_cast<ptrdiff_t>(y) * filter.stride * 2;
  const __m256i zero = _mm256_setzero_si256();
  const int count = filter.counts[y];
  Sums sums[4];
  for (int tap = 0; tap < count; tap += 2) {
    const auto* here = reinterpret_cast<const __m256i*>(rows[tap] + begin);
    // The weight past the last tap is 0.
    const auto* next =
        reinterpret_cast<const __m256i*>(rows[tap + 1 < count ? tap + 1 : tap] + begin);
    const __m256i a = _mm256_loadu_si256(here);
    const __m256i b = _mm256_loadu_si256(next);
    const __m256i below = _mm256_unpacklo_epi8(a, b);
    const __m256i above = _mm256_unpackhi_epi8(a, b);
    const __m256i low = _mm256_set1_epi32(filter.low[first + tap * 2]);
    const __m256i high = _mm256_set1_epi32(filter.high[first + tap * 2]);
    sums[0].Add(_mm256_unpacklo_epi8(below, zero), low, high);
    sums[1].Add(_mm256_unpackhi_epi8(below, zero), low, high);
    sums[2].Add(_mm256_unpacklo_epi8(above, zero), low, high);
    sums[3].Add(_mm256_unpackhi_epi8(above, zero), low, high);
  }
  __m256i rounded[4];
  for (int i = 0; i < 4; ++i) {
    const __m256i total =
        _mm256_add_epi32(sums[i].Total(), _mm256_set1_epi32(portable::kResizeHalf));
    rounded[i] = _mm256_srai_epi32(total, kResizeFractionBits);
  }
  const __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(rounded[0], rounded[1]),
                                            _mm256_packs_epi32(rounded[2], rounded[3]));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(output + begin), bytes);
}

void BlendRows(const ResizeFilter& filter, int y, const uint8_t* const* rows, size_t bytes,
               uint8_t* output) {
  constexpr size_t kBlock = 32;
  if (bytes < kBlock) return portable::BlendPart(filter, y, rows, 0, bytes, output);
  for (size_t begin = 0; begin + kBlock <= bytes; begin += kBlock) {
    BlendBlock(filter, y, rows, begin, output);
  }
  // The last block begins inside the one before.
  if (bytes % kBlock != 0) BlendBlock(filter, y, rows, bytes - kBlock, output);
}

constexpr ResizeKernels kKernels = {ResizeRgbRow, BlendRows};

}  // namespace

const ResizeKernels* Avx2ResizeKernels() { return &kKernels; }

}  // namespace bireid

#else

namespace bireid {

const ResizeKernels* Avx2ResizeKernels() { return nullptr; }

}  // namespace bireid

#endif
