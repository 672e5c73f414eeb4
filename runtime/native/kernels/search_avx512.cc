// AVX-512 with VPOPCNTDQ: 512 bits are one load, one exclusive or, one count.
#include "kernels/search_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/portable_search.h"

namespace bireid {
namespace {

constexpr size_t kBytes = 64;

// Bytes past the end of a row are masked, and so never read.
__m512i Differing(const uint8_t* row, const uint8_t* query, __mmask64 bytes) {
  return _mm512_popcnt_epi64(
      _mm512_xor_si512(_mm512_maskz_loadu_epi8(bytes, row), _mm512_maskz_loadu_epi8(bytes, query)));
}

void Hamming(const uint8_t* rows, size_t count, size_t bytes, const uint8_t* query,
             int32_t* distances) {
  const size_t whole = bytes - bytes % kBytes;
  const __mmask64 rest = (__mmask64{1} << (bytes - whole)) - 1;
  for (size_t i = 0; i < count; ++i, rows += bytes) {
    __m512i bits = _mm512_setzero_si512();
    for (size_t at = 0; at < whole; at += kBytes) {
      bits = _mm512_add_epi64(bits, Differing(rows + at, query + at, ~__mmask64{0}));
    }
    if (rest != 0) bits = _mm512_add_epi64(bits, Differing(rows + whole, query + whole, rest));
    distances[i] = static_cast<int32_t>(_mm512_reduce_add_epi64(bits));
  }
}

void Dot(const float* rows, size_t count, size_t dim, const float* query, float* scores) {
  const size_t whole = dim - dim % kDotLanes;
  for (size_t i = 0; i < count; ++i, rows += dim) {
    __m512 sums = _mm512_setzero_ps();
    for (size_t at = 0; at < whole; at += kDotLanes) {
      sums = _mm512_add_ps(sums,
                           _mm512_mul_ps(_mm512_loadu_ps(rows + at), _mm512_loadu_ps(query + at)));
    }
    float lanes[kDotLanes];
    _mm512_storeu_ps(lanes, sums);
    scores[i] = portable::FinishDot(lanes, rows, query, whole, dim);
  }
}

constexpr SearchKernels kKernels = {Hamming, Dot};

}  // namespace

const SearchKernels* Avx512SearchKernels() { return &kKernels; }

}  // namespace bireid

#else

namespace bireid {
const SearchKernels* Avx512SearchKernels() { return nullptr; }
}  // namespace bireid

#endif
