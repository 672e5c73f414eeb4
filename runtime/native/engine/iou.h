// How far boxes overlap.
#ifndef BIREID_ENGINE_IOU_H_
#define BIREID_ENGINE_IOU_H_

#include <algorithm>

namespace bireid {

// Of a box, in pixels, 0 at the edge of the picture.
struct Corners {
  double left, top, right, bottom;
};

inline double Area(const Corners& box) { return (box.right - box.left) * (box.bottom - box.top); }

// Intersection over union of boxes of positive area, as bireid_runtime/boxes.py has it.
inline double Iou(const Corners& first, const Corners& second) {
  const double width = std::min(first.right, second.right) - std::max(first.left, second.left);
  const double height = std::min(first.bottom, second.bottom) - std::max(first.top, second.top);
  const double shared = std::max(width, 0.0) * std::max(height, 0.0);
  return shared / (Area(first) + Area(second) - shared);
}

}  // namespace bireid

#endif  // BIREID_ENGINE_IOU_H_
