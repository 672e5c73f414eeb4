#include "kernels/portable_resize.h"
#include "kernels/resize_kernels.h"

namespace bireid {
namespace {

constexpr int kColors = 3;

void ResizeRgbRow(const ResizeFilter& filter, const uint8_t* row, uint8_t* output) {
  for (int x = 0; x < filter.targets; ++x) {
    const uint8_t* pixel = row + static_cast<ptrdiff_t>(filter.starts[x]) * kColors;
    const int32_t* weights = filter.weights + static_cast<ptrdiff_t>(x) * filter.stride;
    const int count = filter.counts[x];
    int32_t red = portable::kResizeHalf, green = portable::kResizeHalf,
            blue = portable::kResizeHalf;
    for (int tap = 0; tap < count; ++tap, pixel += kColors) {
      red += pixel[0] * weights[tap];
      green += pixel[1] * weights[tap];
      blue += pixel[2] * weights[tap];
    }
    *output++ = portable::RoundResized(red);
    *output++ = portable::RoundResized(green);
    *output++ = portable::RoundResized(blue);
  }
}

void BlendRows(const ResizeFilter& filter, int y, const uint8_t* const* rows, size_t bytes,
               uint8_t* output) {
  portable::BlendPart(filter, y, rows, 0, bytes, output);
}

constexpr ResizeKernels kKernels = {ResizeRgbRow, BlendRows};

}  // namespace

const ResizeKernels* ScalarResizeKernels() { return &kKernels; }

}  // namespace bireid
