// Resizing in loops that compilers turn into vector code; portable_kernels.h says what holds for
// such files.
#ifndef BIREID_KERNELS_PORTABLE_RESIZE_H_
#define BIREID_KERNELS_PORTABLE_RESIZE_H_

#include <cstddef>
#include <cstdint>

#include "kernels/resize_kernels.h"

namespace bireid {
namespace {
namespace portable {

constexpr int32_t kResizeHalf = 1 << (kResizeFractionBits - 1);

constexpr int Least(int a, int b) { return a < b ? a : b; }

// Weights that are rounded up may add up to more than 1, and cubic ones overshoot.
uint8_t RoundResized(int32_t sum) {
  const int32_t value = sum >> kResizeFractionBits;
  return static_cast<uint8_t>(value < 0 ? 0 : value < 255 ? value : 255);
}

// The bytes [begin, end) of a row.
void BlendPart(const ResizeFilter& filter, int y, const uint8_t* const* rows, size_t begin,
               size_t end, uint8_t* output) {
  constexpr size_t kAtOnce = 64;
  const int32_t* weights = filter.weights + static_cast<ptrdiff_t>(y) * filter.stride;
  const int count = filter.counts[y];
  for (; begin < end; begin += kAtOnce) {
    const size_t bytes = end - begin < kAtOnce ? end - begin : kAtOnce;
    int32_t sums[kAtOnce];
    for (size_t i = 0; i < bytes; ++i) sums[i] = kResizeHalf;
    for (int tap = 0; tap < count; ++tap) {
      const uint8_t* row = rows[tap] + begin;
      const int32_t weight = weights[tap];
      for (size_t i = 0; i < bytes; ++i) sums[i] += row[i] * weight;
    }
    for (size_t i = 0; i < bytes; ++i) output[begin + i] = RoundResized(sums[i]);
  }
}

}  // namespace portable
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_PORTABLE_RESIZE_H_
