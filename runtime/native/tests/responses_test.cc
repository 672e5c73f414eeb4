#include "engine/responses.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/exact_functions.h"
#include "engine/search_crops.h"
#include "tests/crc32.h"
#include "tests/noise.h"
#include "tests/responses_vectors_generated.h"

namespace bireid {
namespace {

Matching MatchingOf(const ResponseVector& vector) {
  Matching matching;
  matching.stride = 8;
  matching.exemplar_first = vector.exemplar_first;
  matching.exemplar_cells = vector.exemplar_cells;
  matching.search_first = vector.search_first;
  matching.search_cells = vector.search_cells;
  matching.scales = vector.scales;
  matching.scale_penalty = vector.scale_penalty;
  matching.window_weight = vector.window_weight;
  matching.upsampling = vector.upsampling;
  matching.response_scale = 0.001;
  return matching;
}

std::vector<float> MapsOf(const ResponseVector& vector) {
  const uint32_t count =
      static_cast<uint32_t>(vector.scales) * vector.rows * vector.rows * vector.channels;
  std::vector<float> maps;
  for (uint32_t i = 0; i < count; ++i) {
    const double value = ((Noise(count + i) * 256.0 + Noise(i)) / 65536 - 0.5) * 4;
    maps.push_back(static_cast<float>(vector.whole ? std::floor(value) : value));
  }
  return maps;
}

TEST(Responses, EqualPythonBitForBit) {
  for (const ResponseVector& vector : kResponseVectors) {
    const std::vector<float> maps = MapsOf(vector);
    const Responses responses(MatchingOf(vector), vector.rows, vector.channels);
    const std::vector<float> exemplar = responses.ExemplarOf(maps.data());
    std::vector<double> cells = responses.Correlate(exemplar, maps.data());
    for (double& value : cells) value *= 0.001;
    const std::vector<double> enlarged = responses.Upsample(cells);
    EXPECT_EQ(Crc32(enlarged.data(), enlarged.size() * sizeof(double)), vector.enlarged_crc);
    const std::vector<double>& window = responses.window();
    EXPECT_EQ(Crc32(window.data(), window.size() * sizeof(double)), vector.window_crc);
    const Place place = responses.Locate(exemplar, maps.data());
    EXPECT_EQ(place.scale, vector.scale);
    EXPECT_EQ(place.row, vector.row);
    EXPECT_EQ(place.column, vector.column);
    EXPECT_EQ(place.peak, vector.peak);
  }
}

TEST(Responses, ScoresEqualPythonBitForBit) {
  for (const ScoreVector& vector : kScoreVectors) {
    EXPECT_EQ(ExactSigmoid(vector.value), vector.score);
  }
}

TEST(SearchCrops, EqualPythonByteForByte) {
  for (const CropVector& vector : kCropVectors) {
    // Rows that are further apart than they are long.
    const int row_bytes = vector.width * 3 + 5;
    std::vector<uint8_t> pixels(static_cast<size_t>(row_bytes) * vector.height, 77);
    for (int i = 0; i < vector.width * vector.height * 3; ++i) {
      pixels[i / (vector.width * 3) * row_bytes + i % (vector.width * 3)] = Noise(i);
    }
    const ImageView frame = {pixels.data(), vector.width, vector.height, row_bytes};
    const SquareCrop crop = CutSquare(frame, vector.x, vector.y, vector.side, MeanColor(frame, 3));
    EXPECT_EQ(crop.side, vector.crop_side);
    EXPECT_EQ(Crc32(crop.pixels.data(), crop.pixels.size()), vector.crc);
  }
}

}  // namespace
}  // namespace bireid
