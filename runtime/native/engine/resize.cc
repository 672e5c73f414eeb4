#include "engine/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace bireid {
namespace {

constexpr int kColors = 3;
constexpr int32_t kHalf = 1 << (kResizeFractionBits - 1);

// Two parts of 16 bits in a word.
int32_t Pair(int32_t first, int32_t second) { return (first & 0xFFFF) | second * (1 << 16); }

double Triangle(double distance) { return distance < 1.0 ? 1.0 - distance : 0.0; }

// Of Keys' family with a = -0.5, in Pillow's order of operations.
double Cubic(double distance) {
  constexpr double kA = -0.5;
  if (distance < 1.0) return ((kA + 2.0) * distance - (kA + 3.0)) * distance * distance + 1;
  if (distance < 2.0) return (((distance - 5) * distance + 8) * distance - 4) * kA;
  return 0.0;
}

double Weigh(ResizeKernel kernel, double distance) {
  return kernel == ResizeKernel::kBicubic ? Cubic(distance) : Triangle(distance);
}

// How far a kernel reaches, in pixels of the smaller image.
double Reach(ResizeKernel kernel) { return kernel == ResizeKernel::kBicubic ? 2.0 : 1.0; }

// By how much a kernel widens when an axis becomes `scale` times shorter.
double Widening(ResizeKernel kernel, double scale) {
  return kernel == ResizeKernel::kPlainBilinear ? 1.0 : std::max(scale, 1.0);
}

}  // namespace

AxisFilter::AxisFilter(ResizeKernel kernel, int source, int target)
    : kernel_(kernel), source_(source), starts_(target), counts_(target) {
  const double scale = static_cast<double>(source) / target;
  const double widened = Widening(kernel, scale);
  const double support = Reach(kernel) * widened;
  for (int i = 0; i < target; ++i) {
    const double center = (i + 0.5) * scale;
    starts_[i] = std::max(static_cast<int>(center - support + 0.5), 0);
    counts_[i] = std::min(static_cast<int>(center + support + 0.5), source) - starts_[i];
  }
  max_count_ = *std::max_element(counts_.begin(), counts_.end());
  stride_ = (max_count_ + kResizeTapGroup - 1) / kResizeTapGroup * kResizeTapGroup;
  weights_.resize(static_cast<size_t>(target) * stride_);
  std::vector<double> exact(max_count_);
  for (int i = 0; i < target; ++i) {
    const double center = (i + 0.5) * scale;
    double total = 0;
    for (int tap = 0; tap < counts_[i]; ++tap) {
      const double distance = std::abs((tap + starts_[i] - center + 0.5) * (1.0 / widened));
      exact[tap] = Weigh(kernel, distance);
      total += exact[tap];
    }
    int32_t* weights = weights_.data() + static_cast<size_t>(i) * stride_;
    for (int tap = 0; tap < counts_[i]; ++tap) {
      // Halves away from zero.
      const double weight = exact[tap] / total * (1 << kResizeFractionBits);
      weights[tap] = static_cast<int32_t>(weight + std::copysign(0.5, weight));
    }
  }
  constexpr int32_t kLowMask = (1 << kResizeLowBits) - 1;
  for (size_t tap = 0; tap < weights_.size(); tap += 2) {
    const int32_t first = weights_[tap];
    const int32_t second = weights_[tap + 1];
    low_.insert(low_.end(), 4, Pair(first & kLowMask, second & kLowMask));
    high_.insert(high_.end(), 4, Pair(first >> kResizeLowBits, second >> kResizeLowBits));
  }
}

ResizeFilter AxisFilter::view() const {
  return {targets(),       stride_,     starts_.data(), counts_.data(),
          weights_.data(), low_.data(), high_.data()};
}

// Along the width. The row is readable kResizeMargin bytes past its end.
void Resizer::ResizeRow(int channels, const uint8_t* row, uint8_t* output) const {
  const ResizeFilter filter = horizontal_.view();
  if (channels == kColors) return kernels_->resize_rgb_row(filter, row, output);
  for (int x = 0; x < filter.targets; ++x) {
    const uint8_t* pixels = row + static_cast<size_t>(filter.starts[x]) * channels;
    const int32_t* weights = filter.weights + static_cast<size_t>(x) * filter.stride;
    for (int channel = 0; channel < channels; ++channel) {
      int32_t sum = kHalf;
      for (int tap = 0; tap < filter.counts[x]; ++tap) {
        sum += pixels[tap * channels + channel] * weights[tap];
      }
      // Weights that are rounded up may add up to more than 1, and cubic ones overshoot.
      *output++ = static_cast<uint8_t>(std::clamp(sum >> kResizeFractionBits, 0, 255));
    }
  }
}

void Resizer::RowsFirst(const ResizeSource& source, int channels, uint8_t* output) {
  const size_t row_bytes = static_cast<size_t>(source.width) * channels;
  row_.resize(row_bytes + kResizeMargin);
  for (int y = 0; y < vertical_.targets(); ++y) {
    for (int i = vertical_.start(y); i < vertical_.end(y); ++i) {
      taps_[i - vertical_.start(y)] = source.pixels + i * source.row_bytes;
    }
    kernels_->blend_rows(vertical_.view(), y, taps_.data(), row_bytes, row_.data());
    ResizeRow(channels, row_.data(), output);
    output += static_cast<size_t>(horizontal_.targets()) * channels;
  }
}

void Resizer::ColumnsFirst(const ResizeSource& source, int channels, uint8_t* output) {
  const size_t row_bytes = static_cast<size_t>(source.width) * channels;
  const size_t target_row_bytes = static_cast<size_t>(horizontal_.targets()) * channels;
  // Row y lies in the slot y modulo their number.
  const int slots = vertical_.max_count();
  row_.resize(row_bytes + kResizeMargin);
  narrowed_.resize(slots * target_row_bytes);
  const auto narrowed_row = [&](int y) { return narrowed_.data() + y % slots * target_row_bytes; };
  int ready = 0;  // source rows below this one are narrowed
  for (int y = 0; y < vertical_.targets(); ++y, output += target_row_bytes) {
    for (; ready < vertical_.end(y); ++ready) {
      // A copy: what lies behind a row of the caller's may not be read.
      std::memcpy(row_.data(), source.pixels + ready * source.row_bytes, row_bytes);
      ResizeRow(channels, row_.data(), narrowed_row(ready));
    }
    for (int i = vertical_.start(y); i < vertical_.end(y); ++i) {
      taps_[i - vertical_.start(y)] = narrowed_row(i);
    }
    kernels_->blend_rows(vertical_.view(), y, taps_.data(), target_row_bytes, output);
  }
}

void Resizer::Resize(const ResizeSource& source, int channels, ResizeKernel kernel,
                     int target_width, int target_height, uint8_t* output) {
  if (source.width == target_width && source.height == target_height) {
    const size_t row_bytes = static_cast<size_t>(target_width) * channels;
    for (int y = 0; y < target_height; ++y, output += row_bytes) {
      std::memcpy(output, source.pixels + y * source.row_bytes, row_bytes);
    }
    return;
  }
  if (!horizontal_.Fits(kernel, source.width, target_width)) {
    horizontal_ = AxisFilter(kernel, source.width, target_width);
  }
  if (!vertical_.Fits(kernel, source.height, target_height)) {
    vertical_ = AxisFilter(kernel, source.height, target_height);
  }
  taps_.resize(vertical_.max_count());
  const int rows_saved = source.height - target_height;
  const int columns_saved = source.width - target_width;
  // The rule of Pillow 13: rows first when that shrinks the image clearly more.
  if (rows_saved > 0 && rows_saved > 2 * columns_saved) {
    RowsFirst(source, channels, output);
  } else {
    ColumnsFirst(source, channels, output);
  }
}

}  // namespace bireid
