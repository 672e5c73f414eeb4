#include "engine/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace bireid {
namespace {

constexpr int kColors = 3;
constexpr int kFractionBits = 22;
constexpr int32_t kHalf = 1 << (kFractionBits - 1);

// A triangle along one axis, as wide as the reduction factor when shrinking. The weights of a
// target add up to about 1, so that sums over 8-bit pixels stay below 2^31.
class TriangleFilter {
 public:
  TriangleFilter(int source, int target) : starts_(target), counts_(target) {
    const double scale = static_cast<double>(source) / target;
    const double support = std::max(scale, 1.0);
    for (int i = 0; i < target; ++i) {
      const double center = (i + 0.5) * scale;
      starts_[i] = std::max(static_cast<int>(center - support + 0.5), 0);
      counts_[i] = std::min(static_cast<int>(center + support + 0.5), source) - starts_[i];
    }
    max_count_ = *std::max_element(counts_.begin(), counts_.end());
    weights_.resize(static_cast<size_t>(target) * max_count_);
    std::vector<double> exact(max_count_);
    for (int i = 0; i < target; ++i) {
      const double center = (i + 0.5) * scale;
      double total = 0;
      for (int tap = 0; tap < counts_[i]; ++tap) {
        const double distance = std::abs((tap + starts_[i] - center + 0.5) * (1.0 / support));
        exact[tap] = distance < 1.0 ? 1.0 - distance : 0.0;
        total += exact[tap];
      }
      int32_t* weights = weights_.data() + static_cast<size_t>(i) * max_count_;
      for (int tap = 0; tap < counts_[i]; ++tap) {
        const double fixed = std::floor(exact[tap] / total * (1 << kFractionBits) + 0.5);
        weights[tap] = static_cast<int32_t>(fixed);
      }
    }
  }

  int targets() const { return static_cast<int>(starts_.size()); }
  int max_count() const { return max_count_; }

  // Target `i` is made of the sources [start, start + count).
  int start(int i) const { return starts_[i]; }
  int count(int i) const { return counts_[i]; }
  const int32_t* weights(int i) const {
    return weights_.data() + static_cast<size_t>(i) * max_count_;
  }

 private:
  std::vector<int> starts_;
  std::vector<int> counts_;
  int max_count_;
  std::vector<int32_t> weights_;  // [target][max_count]
};

// Weights that are rounded up may add up to more than 1.
uint8_t Round(int32_t sum) { return static_cast<uint8_t>(std::min(sum >> kFractionBits, 255)); }

// Resizes a row along its width.
void ResizeRgbRow(const TriangleFilter& filter, const uint8_t* row, uint8_t* output) {
  for (int x = 0; x < filter.targets(); ++x) {
    const uint8_t* pixel = row + static_cast<size_t>(filter.start(x)) * kColors;
    const int32_t* weights = filter.weights(x);
    const int count = filter.count(x);
    int32_t red = kHalf, green = kHalf, blue = kHalf;
    for (int tap = 0; tap < count; ++tap, pixel += kColors) {
      red += pixel[0] * weights[tap];
      green += pixel[1] * weights[tap];
      blue += pixel[2] * weights[tap];
    }
    *output++ = Round(red);
    *output++ = Round(green);
    *output++ = Round(blue);
  }
}

void ResizeRow(const TriangleFilter& filter, int channels, const uint8_t* row, uint8_t* output) {
  if (channels == kColors) return ResizeRgbRow(filter, row, output);
  for (int x = 0; x < filter.targets(); ++x) {
    const uint8_t* pixels = row + static_cast<size_t>(filter.start(x)) * channels;
    const int32_t* weights = filter.weights(x);
    for (int channel = 0; channel < channels; ++channel) {
      int32_t sum = kHalf;
      for (int tap = 0; tap < filter.count(x); ++tap) {
        sum += pixels[tap * channels + channel] * weights[tap];
      }
      *output++ = Round(sum);
    }
  }
}

// Makes row `y` of the image resized along its height, from rows that `row_at` gives by their
// number. `sums` is as long as a row.
template <typename RowAt>
void BlendRows(const TriangleFilter& filter, int y, RowAt row_at, std::vector<int32_t>& sums,
               uint8_t* output) {
  const size_t bytes = sums.size();
  std::fill(sums.begin(), sums.end(), kHalf);
  for (int tap = 0; tap < filter.count(y); ++tap) {
    const uint8_t* row = row_at(filter.start(y) + tap);
    const int32_t weight = filter.weights(y)[tap];
    for (size_t i = 0; i < bytes; ++i) sums[i] += row[i] * weight;
  }
  for (size_t i = 0; i < bytes; ++i) output[i] = Round(sums[i]);
}

}  // namespace

void ResizeBilinear(const ResizeSource& source, int channels, int target_width, int target_height,
                    uint8_t* output) {
  const auto source_row = [&](int y) { return source.pixels + y * source.row_bytes; };
  const size_t target_row_bytes = static_cast<size_t>(target_width) * channels;
  if (source.width == target_width && source.height == target_height) {
    for (int y = 0; y < target_height; ++y, output += target_row_bytes) {
      std::memcpy(output, source_row(y), target_row_bytes);
    }
    return;
  }
  const TriangleFilter horizontal(source.width, target_width);
  const TriangleFilter vertical(source.height, target_height);
  const int rows_saved = source.height - target_height;
  const int columns_saved = source.width - target_width;
  // The rule of Pillow 13: rows first when that shrinks the image clearly more.
  if (rows_saved > 0 && rows_saved > 2 * columns_saved) {
    std::vector<uint8_t> blended(static_cast<size_t>(source.width) * channels);
    std::vector<int32_t> sums(blended.size());
    for (int y = 0; y < target_height; ++y, output += target_row_bytes) {
      BlendRows(vertical, y, source_row, sums, blended.data());
      ResizeRow(horizontal, channels, blended.data(), output);
    }
    return;
  }
  // The rows that one target row is made of; row y lies in the slot y modulo their number.
  const int slots = vertical.max_count();
  std::vector<uint8_t> narrowed(slots * target_row_bytes);
  const auto narrowed_row = [&](int y) { return narrowed.data() + y % slots * target_row_bytes; };
  std::vector<int32_t> sums(target_row_bytes);
  int ready = 0;  // source rows below this one are narrowed
  for (int y = 0; y < target_height; ++y, output += target_row_bytes) {
    for (; ready < vertical.start(y) + vertical.count(y); ++ready) {
      ResizeRow(horizontal, channels, source_row(ready), narrowed_row(ready));
    }
    BlendRows(vertical, y, narrowed_row, sums, output);
  }
}

}  // namespace bireid
