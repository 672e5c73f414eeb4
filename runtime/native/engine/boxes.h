// From the map of a detector to boxes, as in bireid_runtime/boxes.py, to the last bit.
#ifndef BIREID_ENGINE_BOXES_H_
#define BIREID_ENGINE_BOXES_H_

#include <cstdint>
#include <vector>

#include "engine/preprocess.h"

namespace bireid {

constexpr int kBoxSides = 4;  // channels of a map behind the classes
constexpr int kMaxStride = 1024;
constexpr int kMaxBoxes = 10000;

// How a map becomes boxes.
struct Decoding {
  int stride = 0;              // pixels of the network's input from one cell to the next
  double score_threshold = 0;  // only higher scores make a box
  double iou_threshold = 0;    // a box that overlaps a better one of its class by more is dropped
  int max_boxes = 0;           // kept at most
};

struct Box {
  float left, top, right, bottom;  // in pixels of the image
  float score;                     // 0 to 1
  int32_t label;
};

// A map [rows][columns][classes + 4] of finite numbers, of an image that takes `content` of the
// network's input. From the highest score on.
std::vector<Box> DecodeBoxes(const float* map, int rows, int columns, int classes,
                             const Decoding& decoding, const ImageSize& content,
                             const ImageSize& image);

}  // namespace bireid

#endif  // BIREID_ENGINE_BOXES_H_
