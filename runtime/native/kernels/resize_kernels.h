// The two passes of a resize, per instruction-set path. Every path computes the same bytes.
#ifndef BIREID_KERNELS_RESIZE_KERNELS_H_
#define BIREID_KERNELS_RESIZE_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"

namespace bireid {

constexpr int kResizeFractionBits = 22;
// Taps of a filter are stored in groups of so many, weights behind the last tap being 0.
constexpr int kResizeTapGroup = 4;
// Bytes past the last pixel of a row that a kernel may read, without using them.
constexpr size_t kResizeMargin = 16;
// Weights are split here, so that each part times a pixel is a product of 16 bits.
constexpr int kResizeLowBits = 15;

// Targets of one axis: target i is made of the sources from starts[i] on, and is
// (2^21 + sum of source * weight) >> 22, held to 0 and 255. Weights of a target add up to about
// 2^22, their magnitudes to less than 2^23, so that a sum stays within 31 bits and a sign.
struct ResizeFilter {
  int targets;
  int stride;              // a multiple of kResizeTapGroup
  const int32_t* starts;   // [targets]
  const int32_t* counts;   // [targets]
  const int32_t* weights;  // [targets][stride]
  // [targets][stride / 4][8]: per group of four taps the low bits of two weights, 16 bits each,
  // four times, and those of the other two, four times; and likewise the bits above those.
  const int32_t* low;
  const int32_t* high;
};

struct ResizeKernels {
  // A row of pixels of 3 bytes along its width; `row` is readable kResizeMargin bytes past its end.
  void (*resize_rgb_row)(const ResizeFilter& filter, const uint8_t* row, uint8_t* output);

  // Target `y` of a filter over rows of `bytes` bytes; rows[i] is the source starts[y] + i. Neither
  // row is read or written past its end.
  void (*blend_rows)(const ResizeFilter& filter, int y, const uint8_t* const* rows, size_t bytes,
                     uint8_t* output);
};

// Those of a path that this CPU can run.
const ResizeKernels& ResizeKernelsOf(const KernelTable& path);

// Null where this build has no such path.
const ResizeKernels* ScalarResizeKernels();
const ResizeKernels* Avx2ResizeKernels();
const ResizeKernels* NeonResizeKernels();

}  // namespace bireid

#endif  // BIREID_KERNELS_RESIZE_KERNELS_H_
