// What a bundle knows of cameras: read with bounds, and applied to files and embeddings.
#include "engine/adaptation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "engine/camera_statistics.h"
#include "engine/centring.h"
#include "engine/errors.h"
#include "engine/manifest.h"
#include "tests/adaptation_text.h"
#include "tests/change_bytes.h"
#include "tests/expect_error.h"

namespace bireid {
namespace {

constexpr int kDim = 2;

Manifest Parse(const std::string& text) {
  return ParseManifest({text.begin(), text.end()}, "manifest.json");
}

CameraNumbers Read(const WrittenTensors& tensors, int camera) {
  return ParseAdaptation(Safetensors(tensors), *Parse(AdaptedManifestText()).adaptation, kDim,
                         camera, "numbers");
}

TEST(Adaptation, TheManifestIsRead) {
  const Manifest manifest = Parse(AdaptedManifestText());
  ASSERT_TRUE(manifest.adaptation.has_value());
  const AdaptationSpec& spec = *manifest.adaptation;
  EXPECT_EQ(spec.name, "adaptation.safetensors");
  EXPECT_EQ(spec.cameras, (std::vector<std::string>{"entrance", "yard.2"}));
  EXPECT_EQ(spec.crops, (std::vector<int64_t>{5, 7}));
  EXPECT_TRUE(spec.has_mean && spec.has_deviation);
  EXPECT_EQ(spec.FindCamera("yard.2"), 1);
  EXPECT_EQ(spec.FindCamera("yard"), -1);
  EXPECT_EQ(manifest.golden.cameras, (std::vector<int>{1, 0}));
  const std::vector<Patch>& patches = spec.patches.at("model.lce.tflite");
  ASSERT_EQ(patches.size(), 2u);
  EXPECT_EQ(patches[1].end(), 11 + 24);
  EXPECT_EQ(patches[1].numbers(), 2);
  EXPECT_FALSE(Parse(ManifestText()).adaptation.has_value());
}

TEST(Adaptation, DishonestManifestsAreRefused) {
  struct Case {
    const char* old;
    const char* with;
    const char* message;
  };
  const Case cases[] = {
      {"\"file\": \"adaptation.safetensors\"", "\"file\": \"../x\"", "not a plain file name"},
      {"\"file\": \"adaptation.safetensors\"", "\"file\": \"model.onnx\"", "of another purpose"},
      {"\"file\": \"adaptation.safetensors\"", "\"file\": \"golden.safetensors\"", "purpose"},
      {"\"crops\": 7", "\"crops\": 0", "cameras[1].crops' must lie in 1"},
      {"\"crops\": 7", "\"crops\": 7, \"x\": 1", "cameras[1].x'"},
      {"\"name\": \"yard.2\"", "\"name\": \"entrance\"", "is 'entrance' once more"},
      {"\"name\": \"yard.2\"", "\"name\": \"-yard\"", "must be a letter or digit"},
      {"\"mean_and_deviation\"", "\"median\"", "must be one of none, mean, mean_and_deviation"},
      {"\"patches\": {\"model.lce.tflite\"", "\"patches\": {\"card.md\"", "is no model file"},
      {"\"patches\": {\"model.lce.tflite\"", "\"patches\": {\"model.onnx\"", "must lie in 0..0"},
      {"\"offset\": 3", "\"offset\": 4", "is 11, before the end of the last patch"},
      {"\"offset\": 3", "\"offset\": -1", "must lie in 0..100"},
      {"\"offset\": 3", "\"offset\": 101", "must lie in 0..100"},
      {"\"kind\": \"scale\"", "\"kind\": \"add\"", "must be 'replace' or 'scale'"},
      {"\"rows\": 2, \"row\": 3", "\"rows\": 0, \"row\": 3", "must lie in 1..100"},
      {"\"rows\": 2, \"row\": 3", "\"rows\": 23, \"row\": 1", "leads behind the file"},
      {"\"rows\": 2, \"row\": 3", "\"rows\": 100, \"row\": 100", "leads behind the file"},
      {"\"rows\": 2, \"row\": 3", "\"rows\": 1, \"row\": 3, \"step\": 2", "step'"},
      {"\"note\": {\"how\": 1}", "\"level\": 2", "adaptation.level'"},
      {"\"cameras\": [\"yard.2\", \"entrance\"]", "\"cameras\": [\"yard.2\"]", "must be 2 names"},
      {"[\"yard.2\", \"entrance\"]", "[\"yard.2\", \"street\"]", "must be 2 names of cameras"},
      {"[\"yard.2\", \"entrance\"]", "[\"yard.2\", \"yard.2\"]", "leaves out a camera"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.with);
    const std::string text = Replace(AdaptedManifestText(), each.old, each.with);
    ExpectError<BundleError>(each.message, [&] { Parse(text); });
  }
  const std::string without =
      Replace(ManifestText(), "\"items\": 2,", "\"items\": 2, \"cameras\": [\"a\", \"b\"],");
  ExpectError<BundleError>("goes with the key 'adaptation' alone", [&] { Parse(without); });
}

TEST(Adaptation, TheNumbersOfACameraAreRead) {
  const CameraNumbers numbers = Read(AdaptationTensors(), 1);
  EXPECT_EQ(numbers.mean, (std::vector<float>{0, -0.5f}));
  EXPECT_EQ(numbers.deviation, (std::vector<float>{2, 1e-6f}));
  EXPECT_EQ(numbers.patches.at("model.lce.tflite"), (std::vector<float>{5, 6, 0.5f, -1}));
}

TEST(Adaptation, DishonestNumbersAreRefused) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  struct Case {
    size_t tensor;
    WrittenTensor with;
    const char* message;
  };
  const Case cases[] = {
      {0, {"mean/0", "F32", "[3]", BytesOf<float>({0, 0, 0})}, "mean/0: expected F32 [2], got"},
      {0, {"mean/0", "U8", "[2]", "ab"}, "mean/0: expected F32 [2], got U8 [2]"},
      {0, {"mean/2", "F32", "[2]", BytesOf<float>({0, 0})}, "mean/0: it is missing"},
      {1, {"mean/1", "F32", "[2]", BytesOf<float>({0, kNan})}, "mean/1: not all numbers"},
      {3, {"deviation/1", "F32", "[2]", BytesOf<float>({1, 9e-7f})}, "below 1e-06"},
      {3, {"deviation/1", "F32", "[2]", BytesOf<float>({1, -1})}, "below 1e-06"},
      {5,
       {"patch/1/model.lce.tflite", "F32", "[3]", BytesOf<float>({1, 2, 3})},
       "patch/1/model.lce.tflite: expected F32 [4], got F32 [3]"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.message);
    WrittenTensors tensors = AdaptationTensors();
    tensors[each.tensor] = each.with;
    // Whichever camera is asked for.
    for (const int camera : {0, 1}) {
      ExpectError<BundleError>(each.message, [&] { Read(tensors, camera); });
    }
  }
  WrittenTensors more = AdaptationTensors();
  more.push_back({"mean/2", "F32", "[2]", BytesOf<float>({0, 0})});
  ExpectError<BundleError>("7 tensors, the manifest gives 6", [&] { Read(more, 0); });
}

TEST(Adaptation, DamagedFilesAreRefusedOrRead) {
  const AdaptationSpec spec = *Parse(AdaptedManifestText()).adaptation;
  ExpectMostCopiesRefused(Safetensors(AdaptationTensors()), [&](const std::vector<uint8_t>& copy) {
    const CameraNumbers numbers = ParseAdaptation(copy, spec, kDim, 1, "file");
    EXPECT_EQ(numbers.patches.at("model.lce.tflite").size(), 4u);
  });
}

TEST(Adaptation, PatchesChangeWhatTheySay) {
  const Manifest manifest = Parse(AdaptedManifestText());
  const std::vector<Patch>& patches = manifest.adaptation->patches.at("model.lce.tflite");
  std::vector<uint8_t> file(100, 7);
  const std::vector<float> before = {1, 2, 3, 4, 5, 6};
  std::memcpy(file.data() + 11, before.data(), 24);
  ApplyPatches(patches, {5, 6, 0.5f, -1}, "file", file.data());
  std::vector<float> found(8);
  std::memcpy(found.data(), file.data() + 3, 32);
  EXPECT_EQ(found, (std::vector<float>{5, 6, 0.5f, 1, 1.5f, -4, -5, -6}));
  EXPECT_EQ(file[2], 7);
  EXPECT_EQ(file[35], 7);
  ExpectError<BundleError>("file: the patch at 11 gives a number that is not finite", [&] {
    ApplyPatches(patches, {5, 6, 3e38f, 3e38f}, "file", file.data());
  });
}

TEST(Centring, LeavesUnitLength) {
  const float mean[] = {1, 0};
  const float deviation[] = {2, 0.5f};
  float row[] = {7, 2};
  Centre(mean, deviation, 2, row);
  EXPECT_FLOAT_EQ(row[0], 0.6f);
  EXPECT_FLOAT_EQ(row[1], 0.8f);
  float plain[] = {4, 4};
  Centre(mean, nullptr, 2, plain);
  EXPECT_FLOAT_EQ(plain[0], 0.6f);
  float nothing[] = {1, 0};
  Centre(mean, nullptr, 2, nothing);
  EXPECT_EQ(nothing[0], 0);
  EXPECT_EQ(nothing[1], 0);
}

TEST(CameraStatistics, Run) {
  CameraStatistics statistics(2);
  float row[] = {3, 4};
  statistics.Apply(true, row, 1);
  EXPECT_EQ(row[0], 3);
  const float rows[] = {1, 2, 3, 2, 5, 2};
  statistics.Add(rows, 1);
  statistics.Add(rows + 2, 2);
  float mean[2], deviation[2];
  statistics.Get(mean, deviation);
  EXPECT_EQ(statistics.count(), 3);
  EXPECT_FLOAT_EQ(mean[0], 3);
  EXPECT_FLOAT_EQ(deviation[0], std::sqrt(8.0f / 3));
  EXPECT_EQ(deviation[1], kMinDeviation);
  CameraStatistics again(3, {mean[0], mean[1]}, {deviation[0], deviation[1]});
  float known[2];
  again.Get(nullptr, known);
  EXPECT_FLOAT_EQ(known[0], deviation[0]);
  const float infinite[] = {1, std::numeric_limits<float>::infinity()};
  ExpectError<std::invalid_argument>("not finite", [&] { statistics.Add(infinite, 1); });
  ExpectError<std::invalid_argument>("less than none", [&] { statistics.Add(rows, -1); });
  ExpectError<std::invalid_argument>("dim is 0", [] { CameraStatistics(0); });
  EXPECT_EQ(statistics.count(), 3);
}

}  // namespace
}  // namespace bireid
