// Max-pooling of packed maps: +1 wins, so a bit stays 1 only where the whole window is 1.
#ifndef BIREID_KERNELS_BINARY_MAX_POOL_H_
#define BIREID_KERNELS_BINARY_MAX_POOL_H_

#include <cstdint>

#include "kernels/geometry.h"

namespace bireid {

// Output rows [row_begin, row_end) of one image. `input` and `output` point at the start of their
// memory; taps outside the map do not count.
void BinaryMaxPool(const uint32_t* input, const MapLayout& input_layout, const Extent& vertical,
                   const Extent& horizontal, uint32_t* output, const MapLayout& output_layout,
                   int row_begin, int row_end);

}  // namespace bireid

#endif  // BIREID_KERNELS_BINARY_MAX_POOL_H_
