#include "engine/clouds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/errors.h"
#include "engine/golden.h"
#include "engine/manifest.h"
#include "tests/clouds_vectors_generated.h"
#include "tests/crc32.h"
#include "tests/expect_error.h"
#include "tests/manifest_text.h"
#include "tests/noise.h"
#include "tests/safetensors_writer.h"

namespace bireid {
namespace {

std::vector<float> Cloud(const CloudsVector& vector) {
  const auto count = static_cast<uint32_t>(vector.size * kAxes);
  std::vector<float> points;
  for (uint32_t i = 0; i < count; ++i) {
    const double place = (Noise(count + i) * 256.0 + Noise(i)) / 65536 - 0.5;
    points.push_back(static_cast<float>(place * vector.range + vector.middle));
  }
  return points;
}

TEST(Clouds, EqualPythonBitForBit) {
  for (const CloudsVector& vector : kCloudsVectors) {
    const std::vector<float> points = Cloud(vector);
    const CloudView cloud = {points.data(), vector.size};
    CheckCloud(cloud, vector.count);
    std::vector<float> prepared(static_cast<size_t>(vector.count) * kAxes);
    PrepareCloud(cloud, vector.count, prepared.data());
    EXPECT_EQ(Crc32(prepared.data(), prepared.size() * sizeof(float)), vector.crc)
        << vector.size << " points for " << vector.count;
  }
}

TEST(Clouds, ImpossiblePointsAreRefused) {
  std::vector<float> points = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0};
  CheckCloud({points.data(), 4}, 4);
  ExpectError<std::invalid_argument>("2 points; a cloud has 3 to 16777216", [&] {
    CheckCloud({points.data(), 2}, 4);
  });
  ExpectError<std::invalid_argument>("-1 points", [&] { CheckCloud({points.data(), -1}, 4); });
  ExpectError<std::invalid_argument>("16777217 points", [&] {
    CheckCloud({points.data(), kMaxPoints + 1}, 4);
  });
  ExpectError<std::invalid_argument>("are NULL", [&] { CheckCloud({nullptr, 4}, 4); });
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    points[11] = bad;
    ExpectError<std::invalid_argument>("not all coordinates of a cloud are finite", [&] {
      CheckCloud({points.data(), 4}, 4);
    });
  }
}

TEST(Clouds, WhatIsSampledMustNotLieAtOnePlace) {
  std::vector<float> points(300, 2.5f);
  ExpectError<std::invalid_argument>("lie at one place", [&] {
    CheckCloud({points.data(), 100}, 50);
  });
  points[3] = 0;  // of point 1, which is not sampled: every second one is
  ExpectError<std::invalid_argument>("lie at one place", [&] {
    CheckCloud({points.data(), 100}, 50);
  });
  points[6] = 0;
  CheckCloud({points.data(), 100}, 50);
}

std::string PointsManifest() {
  std::string text = ManifestText();
  const size_t begin = text.find("\"kind\": \"image\"");
  const std::string end = "}}";
  const size_t stop = text.find(end, begin);
  return text.replace(
      begin, stop + end.size() - begin,
      "\"kind\": \"points\", \"dtype\": \"float32\", \"layout\": \"NHWC\", \"shape\": [null, 8, 1, "
      "3], \"preprocess\": {\"points\": 8, \"sample\": \"even\", \"normalize\": \"unit_sphere\", "
      "\"up_axis\": \"y\"}}");
}

Manifest Parse(const std::string& text) {
  return ParseManifest({text.begin(), text.end()}, "manifest.json");
}

std::string With(std::string text, const std::string& old, const std::string& replacement) {
  const size_t place = text.find(old);
  EXPECT_NE(place, std::string::npos) << old;
  return text.replace(place, old.size(), replacement);
}

TEST(Clouds, TheManifestSaysHowTheyArePrepared) {
  const std::string text = PointsManifest();
  EXPECT_EQ(Parse(text).inputs[0].points, 8);
  struct Change {
    const char *old, *with, *message;
  };
  for (const Change& change : {
           Change{"\"points\": 8", "\"points\": 2", "must lie in 3..65536"},
           Change{"\"points\": 8", "\"points\": 65537", "must lie in 3..65536"},
           Change{"\"points\": 8", "\"points\": 9", "'inputs[0].shape' must be [null, 9, 1, 3]"},
           Change{"\"up_axis\": \"y\"", "\"up_axis\": \"w\"", "must be x, y or z"},
           Change{"\"up_axis\": \"y\"", "\"up_axis\": \"y\", \"more\": 1", "more"},
       }) {
    SCOPED_TRACE(change.with);
    ExpectError<BundleError>(change.message, [&] { Parse(With(text, change.old, change.with)); });
  }
  for (const Change& change : {
           Change{"\"even\"", "\"random\"", "inputs[0].preprocess.sample is 'random'"},
           Change{"unit_sphere", "unit_cube", "preprocess.normalize is 'unit_cube'"},
           Change{"NHWC", "NCHW", "inputs[0].layout is 'NCHW'"},
       }) {
    SCOPED_TRACE(change.with);
    ExpectError<UnsupportedError>(change.message,
                                  [&] { Parse(With(text, change.old, change.with)); });
  }
}

TEST(Clouds, GoldenOnesHaveAnySizeAndAreChecked) {
  const Manifest manifest = Parse(PointsManifest());
  const auto read = [&](const std::string& type, const std::string& shape,
                        const std::string& bytes) {
    WrittenTensors tensors = GoldenTensors();
    for (WrittenTensor& tensor : tensors) {
      if (tensor.name == "input/image/1") {
        tensor = {tensor.name, "F32", "[3, 3]", BytesOf<float>({0, 0, 0, 1, 0, 0, 0, 1, 0})};
      }
      if (tensor.name == "input/image/0") tensor = {tensor.name, type, shape, bytes};
    }
    return ParseGolden(Safetensors(tensors), manifest, "golden");
  };
  const std::vector<float> points = {0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Golden golden = read("F32", "[4, 3]", BytesOf(points));
  EXPECT_EQ(golden.inputs[0][0].values, points);
  EXPECT_EQ(golden.inputs[0][1].values.size(), 9u);
  ExpectError<BundleError>("golden input/image/0: expected F32 [points, 3], got F32 [3, 4]",
                           [&] { read("F32", "[3, 4]", BytesOf(points)); });
  ExpectError<BundleError>("expected F32 [points, 3], got U8 [1, 3]",
                           [&] { read("U8", "[1, 3]", "abc"); });
  ExpectError<BundleError>("golden input/image/0: 1 points; a cloud has 3", [&] {
    read("F32", "[1, 3]", BytesOf<float>({1, 2, 3}));
  });
  ExpectError<BundleError>("lie at one place",
                           [&] { read("F32", "[3, 3]", BytesOf(std::vector<float>(9, 1.0f))); });
}

}  // namespace
}  // namespace bireid
