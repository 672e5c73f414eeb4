#include "engine/preprocess.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/crc32.h"
#include "tests/preprocess_vectors_generated.h"

namespace bireid {
namespace {

TEST(Normalize, EqualsPythonBitForBit) {
  std::vector<uint8_t> levels;
  for (int level = 0; level < 256; ++level) levels.insert(levels.end(), 3, level);
  for (const NormalizeVector& vector : kNormalizeVectors) {
    std::vector<float> values(levels.size());
    Normalize(levels.data(), static_cast<int>(levels.size()), vector.mean, vector.std,
              values.data());
    EXPECT_EQ(Crc32(values.data(), values.size() * sizeof(float)), vector.crc);
  }
}

TEST(Normalize, EachChannelHasItsOwnMeanAndStd) {
  const uint8_t pixels[] = {255, 0, 51, 0, 255, 102};
  const float mean[] = {0.0f, 1.0f, 0.0f};
  const float std[] = {1.0f, 2.0f, 0.5f};
  float values[6];
  Normalize(pixels, 6, mean, std, values);
  EXPECT_EQ(std::vector<float>(values, values + 6),
            (std::vector<float>{1.0f, -0.5f, 0.4f, 0.0f, 0.0f, 0.8f}));
}

}  // namespace
}  // namespace bireid
