#include "engine/boxes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "engine/exact_functions.h"
#include "engine/iou.h"

namespace bireid {
namespace {

// As in boxes.py, which says why.
constexpr double kLargestSide = 5.0;

// Where a side lies, `sign` strides' powers from the middle of the cell, in pixels of the image.
float Side(float value, double middle, double sign, int stride, double scale, int limit) {
  const double within = std::clamp(static_cast<double>(value), -kLargestExponent, kLargestSide);
  const double reach = stride * ExactExp(within);
  return static_cast<float>(
      std::clamp((middle + sign * reach) * scale, 0.0, static_cast<double>(limit)));
}

double Iou(const Box& first, const Box& second) {
  return Iou(Corners{first.left, first.top, first.right, first.bottom},
             Corners{second.left, second.top, second.right, second.bottom});
}

std::vector<Box> Suppress(std::vector<Box> boxes, const Decoding& decoding) {
  std::stable_sort(boxes.begin(), boxes.end(),
                   [](const Box& a, const Box& b) { return a.score > b.score; });
  std::vector<Box> kept;
  std::vector<char> dropped(boxes.size(), 0);
  for (size_t i = 0; i < boxes.size(); ++i) {
    if (dropped[i]) continue;
    kept.push_back(boxes[i]);
    if (kept.size() == static_cast<size_t>(decoding.max_boxes)) break;
    for (size_t j = i + 1; j < boxes.size(); ++j) {
      if (boxes[j].label == boxes[i].label && !(Iou(boxes[i], boxes[j]) <= decoding.iou_threshold))
        dropped[j] = 1;
    }
  }
  return kept;
}

}  // namespace

std::vector<Box> DecodeBoxes(const float* map, int rows, int columns, int classes,
                             const Decoding& decoding, const ImageSize& content,
                             const ImageSize& image) {
  const double across = static_cast<double>(image.width) / content.width;
  const double down = static_cast<double>(image.height) / content.height;
  std::vector<Box> boxes;
  for (int cell = 0; cell < rows * columns; ++cell) {
    const float* values = map + static_cast<int64_t>(cell) * (classes + kBoxSides);
    const float* sides = values + classes;
    const double x = (cell % columns + 0.5) * decoding.stride;
    const double y = (cell / columns + 0.5) * decoding.stride;
    for (int label = 0; label < classes; ++label) {
      const float score = static_cast<float>(ExactSigmoid(values[label]));
      if (!(score > decoding.score_threshold)) continue;
      const Box box = {Side(sides[0], x, -1, decoding.stride, across, image.width),
                       Side(sides[1], y, -1, decoding.stride, down, image.height),
                       Side(sides[2], x, 1, decoding.stride, across, image.width),
                       Side(sides[3], y, 1, decoding.stride, down, image.height),
                       score,
                       label};
      if (box.right > box.left && box.bottom > box.top) boxes.push_back(box);
    }
  }
  return Suppress(std::move(boxes), decoding);
}

}  // namespace bireid
