// Exact search: the rows nearest to a query, of all rows that lie in memory behind one another.
#ifndef BIREID_ENGINE_SEARCH_H_
#define BIREID_ENGINE_SEARCH_H_

#include <cstddef>
#include <cstdint>

#include "kernels/search_kernels.h"

namespace bireid {

constexpr int64_t kMaxSearchRows = int64_t{1} << 40;
constexpr int kMaxSearchDim = 1 << 16;
constexpr int kMaxSearchTop = 1 << 16;

constexpr size_t CodeBytes(size_t dim) { return (dim + 7) / 8; }

// Bit i of a code is set if number i is 0 or more; the first is the highest of the first byte, and
// those past the last are 0, as numpy.packbits has them.
void SignCode(const float* vector, size_t dim, uint8_t* code);

// What is searched. `allowed` has one byte per row, 0 for a row that is left out, or is null.
struct SearchSpace {
  int64_t count;
  size_t dim;
  const uint8_t* allowed;
};

// The `top` nearest rows, the nearest first, of equal ones the lower row first; fewer where there
// are fewer. Returns how many. Up to `threads` threads share the rows: the result is the same.
// Throws std::bad_alloc.
int64_t NearestCodes(const SearchKernels& kernels, const SearchSpace& space, const uint8_t* codes,
                     const uint8_t* query, int64_t top, int threads, int64_t* rows,
                     int32_t* distances);
int64_t NearestVectors(const SearchKernels& kernels, const SearchSpace& space, const float* vectors,
                       const float* query, int64_t top, int threads, int64_t* rows, float* scores);

}  // namespace bireid

#endif  // BIREID_ENGINE_SEARCH_H_
