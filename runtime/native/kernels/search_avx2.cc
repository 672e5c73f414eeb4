// AVX2. The scan waits for memory, so counting words of 64 bits is as fast as wider tables; this
// file counts them by POPCNT, which the scalar path cannot rely on.
#include "kernels/search_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/portable_search.h"

namespace bireid {
namespace {

void Dot(const float* rows, size_t count, size_t dim, const float* query, float* scores) {
  const size_t whole = dim - dim % kDotLanes;
  for (size_t i = 0; i < count; ++i, rows += dim) {
    __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
    for (size_t at = 0; at < whole; at += kDotLanes) {
      low = _mm256_add_ps(low,
                          _mm256_mul_ps(_mm256_loadu_ps(rows + at), _mm256_loadu_ps(query + at)));
      high = _mm256_add_ps(
          high, _mm256_mul_ps(_mm256_loadu_ps(rows + at + 8), _mm256_loadu_ps(query + at + 8)));
    }
    float lanes[kDotLanes];
    _mm256_storeu_ps(lanes, low);
    _mm256_storeu_ps(lanes + 8, high);
    scores[i] = portable::FinishDot(lanes, rows, query, whole, dim);
  }
}

constexpr SearchKernels kKernels = {portable::HammingByWords, Dot};

}  // namespace

const SearchKernels* Avx2SearchKernels() { return &kKernels; }

}  // namespace bireid

#else

namespace bireid {
const SearchKernels* Avx2SearchKernels() { return nullptr; }
}  // namespace bireid

#endif
