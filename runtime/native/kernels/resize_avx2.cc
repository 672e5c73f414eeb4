// AVX2. A product of a pixel and a weight of 22 bits does not fit 16 bits, so weights come in two
// parts; PMADDWD multiplies two taps by each and adds them. The sums are exact modulo 2^32.
#include "kernels/resize_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/portable_resize.h"

namespace bireid {
namespace {

constexpr int kPairs = kResizeTapGroup / 2;

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

// Two words, each to four lanes.
__m256i Spread(const int32_t* words) {
  const __m128i two = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(words));
  return _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(two),
                                     _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1));
}

void ResizeRgbRow(const ResizeFilter& filter, const uint8_t* row, uint8_t* output) {
  // Of four pixels: red, green, blue of the first two beside each other, then of the last two.
  const __m256i beside =
      _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, 6, -1, 9, -1, 7,
                       -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  for (int x = 0; x < filter.targets; ++x) {
    const uint8_t* pixels = row + static_cast<ptrdiff_t>(filter.starts[x]) * 3;
    const ptrdiff_t first = static_cast<ptrdiff_t>(x) * filter.stride / 2;
    const int32_t* low = filter.low + first;
    const int32_t* high = filter.high + first;
    Sums sums;
    for (int tap = 0; tap < filter.counts[x]; tap += kResizeTapGroup) {
      const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels));
      sums.Add(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(four), beside), Spread(low),
               Spread(high));
      pixels += kResizeTapGroup * 3;
      low += kPairs;
      high += kPairs;
    }
    const __m256i total = sums.Total();
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
    sum = _mm_add_epi32(sum, _mm_set1_epi32(portable::kResizeHalf));
    sum = _mm_srli_epi32(sum, kResizeFractionBits);
    sum = _mm_packs_epi32(sum, sum);
    const auto pixel = static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_packus_epi16(sum, sum)));
    *output++ = static_cast<uint8_t>(pixel);
    *output++ = static_cast<uint8_t>(pixel >> 8);
    *output++ = static_cast<uint8_t>(pixel >> 16);
  }
}

// 32 bytes of a row.
void BlendBlock(const ResizeFilter& filter, int y, const uint8_t* const* rows, size_t begin,
                uint8_t* output) {
  const ptrdiff_t first = static_cast<ptrdiff_t>(y) * filter.stride / 2;
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
    const __m256i low = _mm256_set1_epi32(filter.low[first + tap / 2]);
    const __m256i high = _mm256_set1_epi32(filter.high[first + tap / 2]);
    sums[0].Add(_mm256_unpacklo_epi8(below, zero), low, high);
    sums[1].Add(_mm256_unpackhi_epi8(below, zero), low, high);
    sums[2].Add(_mm256_unpacklo_epi8(above, zero), low, high);
    sums[3].Add(_mm256_unpackhi_epi8(above, zero), low, high);
  }
  __m256i rounded[4];
  for (int i = 0; i < 4; ++i) {
    const __m256i total =
        _mm256_add_epi32(sums[i].Total(), _mm256_set1_epi32(portable::kResizeHalf));
    rounded[i] = _mm256_srli_epi32(total, kResizeFractionBits);
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
