#include "kernels/geometry.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace bireid {

Extent Extent::Of(int input, int filter, int stride, int dilation, Padding padding,
                  int zeros_before, int zeros_after) {
  if (zeros_before != 0 || zeros_after != 0) {
    Extent extent = Of(input + zeros_before + zeros_after, filter, stride, dilation, padding);
    extent.input = input;
    extent.pad_before += zeros_before;
    extent.pad_after += zeros_after;
    return extent;
  }
  if (input < 1 || filter < 1 || stride < 1 || dilation < 1) {
    throw std::invalid_argument("sizes, strides and dilations must be at least 1");
  }
  const int64_t window = (int64_t{filter} - 1) * dilation + 1;
  Extent extent{input, filter, stride, dilation, 0, 0, 0};
  if (padding == Padding::kValid) {
    if (window > input) throw std::invalid_argument("the window is larger than the map");
    extent.output = static_cast<int>((input - window) / stride) + 1;
    return extent;
  }
  extent.output = (input - 1) / stride + 1;
  const int64_t needed = static_cast<int64_t>(extent.output - 1) * stride + window - input;
  // A window this much larger than its map is no real network, and would overflow offsets.
  if (needed > (1 << 16)) throw std::invalid_argument("the window is far larger than the map");
  const int total = std::max(0, static_cast<int>(needed));
  extent.pad_before = total / 2;
  extent.pad_after = total - extent.pad_before;
  return extent;
}

std::pair<int, int> Extent::TapsInside(int output_index) const {
  const int64_t start = int64_t{output_index} * stride - pad_before;
  const auto position = [&](int tap) { return start + int64_t{tap} * dilation; };
  int first = 0;
  while (first < filter && position(first) < 0) ++first;
  int last = first;
  while (last < filter && position(last) < input) ++last;
  return {first, last};
}

BorderClasses BorderClasses::Of(const Extent& vertical, const Extent& horizontal) {
  BorderClasses result;
  std::map<std::pair<std::pair<int, int>, std::pair<int, int>>, int32_t> known;
  for (int y = 0; y < vertical.output; ++y) {
    const std::pair<int, int> rows = vertical.TapsInside(y);
    for (int x = 0; x < horizontal.output; ++x) {
      const std::pair<int, int> columns = horizontal.TapsInside(x);
      const auto [entry, is_new] =
          known.emplace(std::make_pair(rows, columns), static_cast<int32_t>(result.classes.size()));
      if (is_new) result.classes.push_back({rows, columns});
      result.of_pixel.push_back(entry->second);
    }
  }
  return result;
}

std::vector<int32_t> PixelOffsets(const MapLayout& map) {
  std::vector<int32_t> offsets;
  offsets.reserve(static_cast<size_t>(map.height) * map.width);
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      offsets.push_back(static_cast<int32_t>(map.origin() + y * map.row_stride() +
                                             static_cast<int64_t>(x) * map.elements));
    }
  }
  return offsets;
}

WindowTable WindowTable::Of(const MapLayout& map, const Extent& vertical, const Extent& horizontal,
                            int channel_elements) {
  WindowTable table;
  const int64_t row = map.row_stride();
  for (int y = 0; y < vertical.output; ++y) {
    for (int x = 0; x < horizontal.output; ++x) {
      const int64_t top = int64_t{y} * vertical.stride - vertical.pad_before;
      const int64_t left = int64_t{x} * horizontal.stride - horizontal.pad_before;
      table.windows.push_back(static_cast<int32_t>(map.origin() + top * row + left * map.elements));
    }
  }
  // Neighbouring taps are one run where they lie one after the other in memory.
  const bool contiguous = horizontal.dilation == 1 && channel_elements == map.elements;
  const int taps_per_run = contiguous ? horizontal.filter : 1;
  table.run_length = taps_per_run * channel_elements;
  for (int ky = 0; ky < vertical.filter; ++ky) {
    for (int kx = 0; kx < horizontal.filter; kx += taps_per_run) {
      table.runs.push_back(static_cast<int32_t>(int64_t{ky} * vertical.dilation * row +
                                                int64_t{kx} * horizontal.dilation * map.elements));
    }
  }
  return table;
}

}  // namespace bireid
