// Sizes of sliding windows, as TensorFlow defines them.
#ifndef BIREID_KERNELS_GEOMETRY_H_
#define BIREID_KERNELS_GEOMETRY_H_

#include <cstdint>
#include <utility>
#include <vector>

namespace bireid {

enum class Padding : uint8_t { kSame, kValid };
enum class Activation : uint8_t { kNone, kRelu, kReluN1To1, kRelu6 };

// One spatial dimension of a window operator.
struct Extent {
  int input = 0;
  int filter = 1;
  int stride = 1;
  int dilation = 1;
  int output = 0;
  int pad_before = 0;
  int pad_after = 0;  // so many elements past the end that the last window stays inside

  // Windows of a map to which `zeros_before` and `zeros_after` belong as well, beyond its ends.
  // Throws std::invalid_argument if a size is not positive or no window fits.
  static Extent Of(int input, int filter, int stride, int dilation, Padding padding,
                   int zeros_before = 0, int zeros_after = 0);

  // Which taps of an output's window fall inside the map, as [first, last).
  std::pair<int, int> TapsInside(int output_index) const;
};

// Output pixels grouped by which taps of their window fall inside the map, since what padding does
// to a pixel depends on nothing else.
struct BorderClasses {
  struct Class {
    std::pair<int, int> rows;     // taps inside, as [first, last)
    std::pair<int, int> columns;  // taps inside, as [first, last)
  };
  std::vector<Class> classes;
  std::vector<int32_t> of_pixel;  // [output pixels]: index of the class

  static BorderClasses Of(const Extent& vertical, const Extent& horizontal);
};

// Elements around a map that windows may read.
struct Border {
  int top = 0;
  int bottom = 0;
  int left = 0;
  int right = 0;

  // To hold what another one holds as well.
  void Extend(const Border& other) {
    top = top > other.top ? top : other.top;
    bottom = bottom > other.bottom ? bottom : other.bottom;
    left = left > other.left ? left : other.left;
    right = right > other.right ? right : other.right;
  }
  bool empty() const { return top == 0 && bottom == 0 && left == 0 && right == 0; }
  bool operator==(const Border& other) const {
    return top == other.top && bottom == other.bottom && left == other.left && right == other.right;
  }
};

// A map of height x width pixels of `elements` each, in memory with a border.
struct MapLayout {
  int height = 0;
  int width = 0;
  int elements = 0;
  Border border;

  int64_t rows() const { return int64_t{border.top} + height + border.bottom; }
  int64_t row_stride() const { return (int64_t{border.left} + width + border.right) * elements; }
  // All elements, the border's too. Only of a layout that fits in some number of them.
  int64_t total() const { return rows() * row_stride(); }
  bool FitsIn(int64_t count) const { return row_stride() > 0 && rows() <= count / row_stride(); }
  // Of pixel (0, 0) from the start of memory.
  int64_t origin() const {
    return border.top * row_stride() + static_cast<int64_t>(border.left) * elements;
  }
  bool operator==(const MapLayout& other) const {
    return height == other.height && width == other.width && elements == other.elements &&
           border == other.border;
  }
};

// Element offset of every pixel of a map from the start of its memory.
std::vector<int32_t> PixelOffsets(const MapLayout& map);

// Offsets for the Windows of kernel_table.h. `channel_elements` is the length of one tap: all
// elements of a pixel, or those of one group.
struct WindowTable {
  std::vector<int32_t> windows;  // [output pixels]
  std::vector<int32_t> runs;
  int run_length = 0;

  static WindowTable Of(const MapLayout& map, const Extent& vertical, const Extent& horizontal,
                        int channel_elements);
};

}  // namespace bireid

#endif  // BIREID_KERNELS_GEOMETRY_H_
