// What the search kernels of all paths share; portable_kernels.h says what holds for such files.
#ifndef BIREID_KERNELS_PORTABLE_SEARCH_H_
#define BIREID_KERNELS_PORTABLE_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/search_kernels.h"

namespace bireid {
namespace {
namespace portable {

// Bits that differ in the bytes [begin, end), by words of 8 bytes.
[[maybe_unused]] int32_t DifferingBits(const uint8_t* row, const uint8_t* query, size_t begin,
                                       size_t end) {
  int32_t bits = 0;
  for (; begin + 8 <= end; begin += 8) {
    uint64_t one, other;
    std::memcpy(&one, row + begin, 8);
    std::memcpy(&other, query + begin, 8);
    bits += __builtin_popcountll(one ^ other);
  }
  for (; begin < end; ++begin) bits += __builtin_popcount(row[begin] ^ query[begin]);
  return bits;
}

// Distances by such words, for paths that gain nothing from wider ones.
[[maybe_unused]] void HammingByWords(const uint8_t* rows, size_t count, size_t bytes,
                                     const uint8_t* query, int32_t* distances) {
  for (size_t i = 0; i < count; ++i, rows += bytes) {
    distances[i] = DifferingBits(rows, query, 0, bytes);
  }
}

// Adds the elements from `begin` on, fewer than kDotLanes, to their lanes, and the lanes up.
float FinishDot(float* lanes, const float* row, const float* query, size_t begin, size_t dim) {
  for (size_t i = 0; begin + i < dim; ++i) lanes[i] += row[begin + i] * query[begin + i];
  for (size_t half = kDotLanes / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

}  // namespace portable
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_PORTABLE_SEARCH_H_
