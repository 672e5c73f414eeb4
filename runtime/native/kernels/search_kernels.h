// Distances of one query to many rows, per instruction-set path. Every path computes the same bits.
#ifndef BIREID_KERNELS_SEARCH_KERNELS_H_
#define BIREID_KERNELS_SEARCH_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"

namespace bireid {

// Sums of a product of vectors: lane i takes the elements i, i + 16, i + 32 ... in that order, then
// lane i takes lane i + 8, i + 4, i + 2, i + 1. Products are rounded before they are added.
constexpr size_t kDotLanes = 16;

struct SearchKernels {
  // distances[i] = bits in which row i and the query differ; rows of `bytes` bytes behind one
  // another, none of which is read past its end.
  void (*hamming)(const uint8_t* rows, size_t count, size_t bytes, const uint8_t* query,
                  int32_t* distances);

  // scores[i] = the product of row i and the query, both of `dim` numbers.
  void (*dot)(const float* rows, size_t count, size_t dim, const float* query, float* scores);
};

// Those of a path that this CPU can run.
const SearchKernels& SearchKernelsOf(const KernelTable& path);

// Null where this build has no such path.
const SearchKernels* ScalarSearchKernels();
const SearchKernels* Avx2SearchKernels();
const SearchKernels* Avx512SearchKernels();
const SearchKernels* NeonSearchKernels();

}  // namespace bireid

#endif  // BIREID_KERNELS_SEARCH_KERNELS_H_
