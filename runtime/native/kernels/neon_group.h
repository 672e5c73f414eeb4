// What the loops of 64-bit NEON accumulate together.
#ifndef BIREID_KERNELS_NEON_GROUP_H_
#define BIREID_KERNELS_NEON_GROUP_H_

#include "kernels/portable_kernels.h"

namespace bireid {
namespace {

constexpr int kGroupPixels = 4;

// Pixels of a group and their windows. Past the end of the range the last pixel repeats.
template <typename Element>
struct Group {
  int count;  // without the repeated ones
  int pixel[kGroupPixels];
  const Element* window[kGroupPixels];

  Group(const Element* input, const Windows& windows, int begin, int end)
      : count(portable::Minimum(end - begin, kGroupPixels)) {
    for (int p = 0; p < kGroupPixels; ++p) {
      pixel[p] = portable::Minimum(begin + p, end - 1);
      window[p] = input + windows.windows[pixel[p]];
    }
  }
};

}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_NEON_GROUP_H_
