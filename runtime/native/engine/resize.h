// Pillow's antialiased bilinear and bicubic resize, bit for bit, and a bilinear one without
// antialiasing, as in bireid_runtime/resize.py.
#ifndef BIREID_ENGINE_RESIZE_H_
#define BIREID_ENGINE_RESIZE_H_

#include <cstdint>
#include <vector>

#include "kernels/resize_kernels.h"

namespace bireid {

// What is resized: `height` rows of `width` pixels, `row_bytes` apart.
struct ResizeSource {
  const uint8_t* pixels;
  int width;
  int height;
  int64_t row_bytes;  // at least width * channels
};

enum class ResizeKernel { kBilinear, kBicubic, kPlainBilinear };

// A kernel along one axis. All but kPlainBilinear widen by the reduction factor when shrinking.
class AxisFilter {
 public:
  AxisFilter(ResizeKernel kernel, int source, int target);

  ResizeFilter view() const;
  bool Fits(ResizeKernel kernel, int source, int target) const {
    return kernel == kernel_ && source == source_ && target == targets();
  }
  int targets() const { return static_cast<int>(starts_.size()); }
  int max_count() const { return max_count_; }

  // Target `i` is made of the sources [start, end).
  int start(int i) const { return starts_[i]; }
  int end(int i) const { return starts_[i] + counts_[i]; }

 private:
  ResizeKernel kernel_;
  int source_;
  std::vector<int32_t> starts_;
  std::vector<int32_t> counts_;
  int max_count_;
  int stride_;
  std::vector<int32_t> weights_;  // as of ResizeFilter
  std::vector<int32_t> low_;
  std::vector<int32_t> high_;
};

// Keeps filters and memory from one image to the next.
class Resizer {
 public:
  explicit Resizer(const ResizeKernels& kernels) : kernels_(&kernels) {}

  // Resizes an image of `channels` bytes a pixel, 1 to 64, to [target_height][target_width]
  // [channels] at `output`. The passes come in the order of Pillow 13. Every side is 1 to 20000.
  // Works in less memory than the larger of the two images takes, and a few rows. Throws
  // std::bad_alloc.
  void Resize(const ResizeSource& source, int channels, ResizeKernel kernel, int target_width,
              int target_height, uint8_t* output);

 private:
  void RowsFirst(const ResizeSource& source, int channels, uint8_t* output);
  void ColumnsFirst(const ResizeSource& source, int channels, uint8_t* output);
  void ResizeRow(int channels, const uint8_t* row, uint8_t* output) const;

  const ResizeKernels* kernels_;
  AxisFilter horizontal_{ResizeKernel::kBilinear, 1, 1};
  AxisFilter vertical_{ResizeKernel::kBilinear, 1, 1};
  std::vector<const uint8_t*> taps_;  // the rows that one target row is made of
  std::vector<uint8_t> row_;          // one source row and kResizeMargin bytes
  std::vector<uint8_t> narrowed_;     // rows of the target's width
};

}  // namespace bireid

#endif  // BIREID_ENGINE_RESIZE_H_
