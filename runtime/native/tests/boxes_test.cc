#include "engine/boxes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/preprocess.h"
#include "kernels/dispatch.h"
#include "tests/boxes_vectors_generated.h"
#include "tests/crc32.h"
#include "tests/noise.h"

namespace bireid {
namespace {

Preprocess Letterbox(int width, int height, bool letterbox) {
  Preprocess preprocess{height, width, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
  preprocess.letterbox = letterbox;
  return preprocess;
}

TEST(Boxes, EqualPythonBitForBit) {
  static_assert(sizeof(Box) == 24, "the vectors are of six numbers of 4 bytes");
  for (const BoxesVector& vector : kBoxesVectors) {
    const uint32_t count = static_cast<uint32_t>(vector.rows) * vector.columns *
                           static_cast<uint32_t>(vector.classes + kBoxSides);
    std::vector<float> map;
    for (uint32_t i = 0; i < count; ++i) {
      const double value = ((Noise(count + i) * 256.0 + Noise(i)) / 65536 - 0.5) * 2 * vector.range;
      map.push_back(static_cast<float>(vector.whole ? std::floor(value) : value));
    }
    const ImageSize image = {vector.width, vector.height};
    const ImageSize content = ContentSize(
        Letterbox(vector.columns * vector.stride, vector.rows * vector.stride, vector.letterbox),
        image);
    const Decoding decoding = {vector.stride, vector.score_threshold, vector.iou_threshold,
                               vector.max_boxes};
    const std::vector<Box> boxes = DecodeBoxes(map.data(), vector.rows, vector.columns,
                                               vector.classes, decoding, content, image);
    EXPECT_EQ(static_cast<int>(boxes.size()), vector.count);
    EXPECT_EQ(Crc32(boxes.data(), boxes.size() * sizeof(Box)), vector.crc);
  }
}

TEST(Letterbox, EqualsPythonBitForBit) {
  for (const LetterboxVector& vector : kLetterboxVectors) {
    std::vector<uint8_t> pixels;
    for (int i = 0; i < vector.width * vector.height * 3; ++i) pixels.push_back(Noise(i));
    std::vector<float> prepared(static_cast<size_t>(vector.target_width) * vector.target_height *
                                3);
    ImageWorkspace workspace(ResizeKernelsOf(*FindKernels("auto")));
    ImagePreparer(Letterbox(vector.target_width, vector.target_height, true))
        .Prepare({pixels.data(), vector.width, vector.height, 0}, &workspace, prepared.data());
    EXPECT_EQ(Crc32(prepared.data(), prepared.size() * sizeof(float)), vector.crc);
  }
}

}  // namespace
}  // namespace bireid
