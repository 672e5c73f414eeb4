#include "kernels/binary_max_pool.h"

#include <algorithm>

namespace bireid {

void BinaryMaxPool(const uint32_t* input, const MapLayout& input_layout, const Extent& vertical,
                   const Extent& horizontal, uint32_t* output, const MapLayout& output_layout,
                   int row_begin, int row_end) {
  const int words = input_layout.elements;
  for (int oy = row_begin; oy < row_end; ++oy) {
    const int top = oy * vertical.stride - vertical.pad_before;
    const int y_begin = std::max(0, top);
    const int y_end = std::min(vertical.input, top + vertical.filter);
    for (int ox = 0; ox < horizontal.output; ++ox) {
      const int left = ox * horizontal.stride - horizontal.pad_before;
      const int x_begin = std::max(0, left);
      const int x_end = std::min(horizontal.input, left + horizontal.filter);
      uint32_t* pixel = output + output_layout.origin() + oy * output_layout.row_stride() +
                        static_cast<int64_t>(ox) * words;
      std::fill_n(pixel, words, ~0u);
      for (int y = y_begin; y < y_end; ++y) {
        const uint32_t* tap = input + input_layout.origin() + y * input_layout.row_stride() +
                              static_cast<int64_t>(x_begin) * words;
        for (int x = x_begin; x < x_end; ++x, tap += words) {
          for (int w = 0; w < words; ++w) pixel[w] &= tap[w];
        }
      }
    }
  }
}

}  // namespace bireid
