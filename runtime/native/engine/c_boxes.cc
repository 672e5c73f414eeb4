#include "engine/c_boxes.h"

#include <string>

#include "engine/boxes.h"
#include "engine/c_status.h"
#include "engine/errors.h"

namespace bireid {

void DecodeInto(const Manifest& manifest, int output, const float* map, const ImageSize& image,
                double score_threshold, bireid_box* boxes, int32_t capacity, int32_t* count) {
  Require(count != nullptr, "count is NULL");
  *count = 0;
  Require(map != nullptr && boxes != nullptr, "a pointer is NULL");
  Require(image.width > 0 && image.height > 0, "the image has no pixels");
  Require(score_threshold == -1 || (score_threshold >= 0 && score_threshold <= 1),
          "score_threshold must be 0 to 1, or -1");
  const OutputSpec& spec = manifest.outputs[output];
  Decoding decoding = spec.decoding;
  if (capacity < decoding.max_boxes) {
    throw std::invalid_argument("capacity is " + std::to_string(capacity) +
                                "; there may be up to " + std::to_string(decoding.max_boxes) +
                                " boxes");
  }
  const Preprocess& input = manifest.inputs[0].preprocess;
  const int rows = spec.shape[0], columns = spec.shape[1];
  if (int64_t{rows} * decoding.stride != input.height ||
      int64_t{columns} * decoding.stride != input.width) {
    throw UnsupportedError("the map '" + spec.name +
                           "' does not cover the input; convert the network again");
  }
  if (score_threshold >= 0) decoding.score_threshold = score_threshold;
  for (const Box& box : DecodeBoxes(map, rows, columns, static_cast<int>(spec.classes.size()),
                                    decoding, ContentSize(input, image), image)) {
    boxes[(*count)++] = {box.left, box.top, box.right, box.bottom, box.score, box.label};
  }
}

}  // namespace bireid
