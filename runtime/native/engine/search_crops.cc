#include "engine/search_crops.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace bireid {
namespace {

const uint8_t* RowOf(const ImageView& frame, int channels, int row) {
  const int64_t bytes = frame.row_bytes != 0 ? frame.row_bytes : int64_t{frame.width} * channels;
  return frame.pixels + row * bytes;
}

int Corner(double middle, int side) {
  return static_cast<int>(std::floor(middle - (side - 1) / 2.0 + 0.5));
}

}  // namespace

std::vector<uint8_t> MeanColor(const ImageView& frame, int channels) {
  // A frame has at most 20000 x 20000 pixels: sums stay below 2^38.
  std::vector<int64_t> sums(static_cast<size_t>(channels), 0);
  for (int row = 0; row < frame.height; ++row) {
    const uint8_t* pixels = RowOf(frame, channels, row);
    for (int column = 0; column < frame.width; ++column) {
      for (int channel = 0; channel < channels; ++channel) sums[channel] += *pixels++;
    }
  }
  const int64_t count = int64_t{frame.width} * frame.height;
  std::vector<uint8_t> mean;
  for (const int64_t sum : sums) {
    mean.push_back(static_cast<uint8_t>((2 * sum + count) / (2 * count)));
  }
  return mean;
}

SquareCrop CutSquare(const ImageView& frame, double x, double y, double side,
                     const std::vector<uint8_t>& fill) {
  const size_t channels = fill.size();
  SquareCrop crop;
  crop.side = std::max(1, static_cast<int>(std::floor(side + 0.5)));
  const int left = Corner(x, crop.side), top = Corner(y, crop.side);
  const size_t row_bytes = static_cast<size_t>(crop.side) * channels;
  crop.pixels.resize(row_bytes * crop.side);
  for (size_t i = 0; i < crop.pixels.size(); i += channels) {
    std::memcpy(crop.pixels.data() + i, fill.data(), channels);
  }
  const int first = std::max(0, left), last = std::min(frame.width, left + crop.side);
  if (first >= last) return crop;
  for (int row = std::max(0, top); row < std::min(frame.height, top + crop.side); ++row) {
    std::memcpy(
        crop.pixels.data() + static_cast<size_t>(row - top) * row_bytes +
            static_cast<size_t>(first - left) * channels,
        RowOf(frame, static_cast<int>(channels), row) + static_cast<size_t>(first) * channels,
        static_cast<size_t>(last - first) * channels);
  }
  return crop;
}

}  // namespace bireid
