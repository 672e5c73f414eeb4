#include "engine/preprocess.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/crc32.h"
#include "tests/preprocess_vectors_generated.h"

namespace bireid {
namespace {

Preprocess Channels(std::vector<float> mean, std::vector<float> std) {
  return {1, 1, std::move(mean), std::move(std)};
}

TEST(Normalizer, EqualsPythonBitForBit) {
  std::vector<uint8_t> levels;
  for (int level = 0; level < 256; ++level) levels.insert(levels.end(), 3, level);
  for (const NormalizeVector& vector : kNormalizeVectors) {
    std::vector<float> values(levels.size());
    Normalizer(Channels({vector.mean, vector.mean + 3}, {vector.std, vector.std + 3}))
        .Apply(levels.data(), static_cast<int64_t>(levels.size()), values.data());
    EXPECT_EQ(Crc32(values.data(), values.size() * sizeof(float)), vector.crc);
  }
}

TEST(Normalizer, EachChannelHasItsOwnMeanAndStd) {
  const uint8_t pixels[] = {255, 0, 51, 0, 255, 102};
  float values[6];
  Normalizer(Channels({0.0f, 1.0f, 0.0f}, {1.0f, 2.0f, 0.5f})).Apply(pixels, 6, values);
  EXPECT_EQ(std::vector<float>(values, values + 6),
            (std::vector<float>{1.0f, -0.5f, 0.4f, 0.0f, 0.0f, 0.8f}));
  Normalizer(Channels({0.0f, 1.0f}, {1.0f, 2.0f})).Apply(pixels, 6, values);
  EXPECT_EQ(std::vector<float>(values, values + 6),
            (std::vector<float>{1.0f, -0.5f, 0.2f, -0.5f, 1.0f, -0.3f}));
}

}  // namespace
}  // namespace bireid
