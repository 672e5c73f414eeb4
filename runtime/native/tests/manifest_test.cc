#include "engine/manifest.h"

#include <gtest/gtest.h>
#include <locale.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/errors.h"
#include "engine/kinds.h"
#include "tests/expect_error.h"
#include "tests/manifest_text.h"

namespace bireid {
namespace {

Manifest Parse(const std::string& text) {
  return ParseManifest(std::vector<uint8_t>(text.begin(), text.end()), "dir/manifest.json");
}

std::string With(const std::string& old, const std::string& with) {
  return Replace(ManifestText(), old, with);
}

TEST(Manifest, IsRead) {
  const Manifest manifest = Parse(ManifestText());
  EXPECT_EQ(manifest.name, "a network");
  EXPECT_EQ(manifest.task, "reid");
  EXPECT_EQ(manifest.fingerprint,
            "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
  ASSERT_EQ(manifest.inputs.size(), 2u);
  const InputSpec& image = manifest.inputs[0];
  EXPECT_EQ(image.name, "image");
  EXPECT_STREQ(image.kind->name, "image");
  EXPECT_EQ(image.shape, (std::vector<int>{16, 8, 3}));
  EXPECT_EQ(image.elements, 16 * 8 * 3);
  EXPECT_EQ(image.preprocess.height, 16);
  EXPECT_EQ(image.preprocess.width, 8);
  EXPECT_EQ(image.preprocess.mean, (std::vector<float>{0.485f, 0.456f, 0.406f}));
  EXPECT_EQ(image.preprocess.std, (std::vector<float>{0.229f, 0.224f, 0.25f}));
  EXPECT_STREQ(manifest.inputs[1].kind->name, "tensor");
  ASSERT_EQ(manifest.outputs.size(), 3u);
  EXPECT_STREQ(manifest.outputs[0].kind->name, "embedding");
  EXPECT_EQ(manifest.outputs[0].elements, 2);
  EXPECT_EQ(manifest.outputs[1].classes, (std::vector<std::string>{"cat", "Übergröße", "d o g"}));
  EXPECT_EQ(manifest.outputs[2].shape, (std::vector<int>{2, 1, 1, 1, 1, 1}));
  ASSERT_EQ(manifest.files.size(), 2u);
  EXPECT_EQ(manifest.files[0].name, "model.lce.tflite");
  EXPECT_EQ(manifest.files[0].format, "lce");
  EXPECT_EQ(manifest.files[0].bytes, 5);
  EXPECT_EQ(manifest.files[1].sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(manifest.golden.name, "golden.safetensors");
  EXPECT_EQ(manifest.golden.items, 2);
  ASSERT_EQ(manifest.golden.tolerances.size(), 3u);
  EXPECT_EQ(manifest.golden.tolerances[0].max_abs, 0.001);
  EXPECT_EQ(manifest.golden.tolerances[0].min_cosine, 0.98);
  EXPECT_EQ(manifest.golden.tolerances[2].max_abs, 7);
  EXPECT_EQ(manifest.golden.tolerances[2].min_cosine, -1);
}

TEST(Manifest, MayHoldMoreThanTheEngineKnows) {
  EXPECT_EQ(Parse(With("\"metrics\"", "\"later\": [{}, 1], \"metrics\"")).task, "reid");
  EXPECT_EQ(Parse(With("a network", "r\xc3\xa9seau \\u00e9")).name, "r\xc3\xa9seau \xc3\xa9");
}

TEST(Manifest, ImagesHaveAnyNumberOfChannels) {
  const std::string gray =
      Replace(With("[null, 16, 8, 3]", "[null, 16, 8, 1]"),
              "\"mean\": [0.485, 0.456, 0.406], \"std\": [0.229, 0.224, 2.5e-1]",
              "\"mean\": [0.5], \"std\": [1]");
  EXPECT_EQ(Parse(Replace(gray, "RGB", "channels")).inputs[0].preprocess.channels(), 1);
  ExpectError<UnsupportedError>("preprocess.color_order is 'RGB'; this version supports 'channels'",
                                [&] { Parse(gray); });
}

std::string WithBoxes(const std::string& shape, const std::string& decode) {
  return Replace(With("\"kind\": \"logits\"", "\"kind\": \"boxes\", \"decode\": " + decode),
                 "\"shape\": [null, 3]", "\"shape\": " + shape);
}

TEST(Manifest, BoxesSayHowTheyAreDecoded) {
  const std::string decode =
      R"({"stride": 16, "score_threshold": 0.25, "iou_threshold": 1, "max_boxes": 9})";
  const OutputSpec output = Parse(WithBoxes("[null, 2, 3, 7]", decode)).outputs[1];
  EXPECT_EQ(output.classes.size(), 3u);
  EXPECT_EQ(output.decoding.stride, 16);
  EXPECT_EQ(output.decoding.score_threshold, 0.25);
  EXPECT_EQ(output.decoding.iou_threshold, 1);
  EXPECT_EQ(output.decoding.max_boxes, 9);
  for (const char* shape : {"[null, 42]", "[null, 2, 3, 4]"}) {
    ExpectError<BundleError>("outputs[1].shape", [&] { Parse(WithBoxes(shape, decode)); });
  }
  ExpectError<BundleError>("must hold 2 names",
                           [&] { Parse(WithBoxes("[null, 2, 3, 6]", decode)); });
  const std::pair<const char*, const char*> wrong[] = {
      {"16", "0"},       {"16", "1025"}, {"0.25", "1.5"},
      {": 1,", ": -1,"}, {"9", "10001"}, {"\"max_boxes\"", "\"anchors\""}};
  for (const auto& [old, replacement] : wrong) {
    const std::string text = WithBoxes("[null, 2, 3, 7]", Replace(decode, old, replacement));
    ExpectError<BundleError>("outputs[1].decode.", [&] { Parse(text); });
  }
}

TEST(Manifest, AnImageMayBeFittedInsteadOfStretched) {
  const auto fitted = [](const std::string& fit) {
    return With("\"antialias\": true", "\"antialias\": true, \"fit\": \"" + fit + "\"");
  };
  EXPECT_FALSE(Parse(ManifestText()).inputs[0].preprocess.letterbox);
  EXPECT_FALSE(Parse(fitted("stretch")).inputs[0].preprocess.letterbox);
  EXPECT_TRUE(Parse(fitted("letterbox")).inputs[0].preprocess.letterbox);
  ExpectError<UnsupportedError>("preprocess.fit is 'crop'; this version supports",
                                [&] { Parse(fitted("crop")); });
}

TEST(Manifest, IsReadInCountriesWithADecimalComma) {
  const std::string before = setlocale(LC_ALL, nullptr);
  const char* comma = nullptr;
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "pl_PL.UTF-8"}) {
    if (comma == nullptr) comma = setlocale(LC_ALL, name);
  }
  if (comma == nullptr) GTEST_SKIP() << "no locale with a decimal comma is installed";
  EXPECT_EQ(Parse(ManifestText()).inputs[0].preprocess.mean[0], 0.485f);
  EXPECT_STREQ(localeconv()->decimal_point, ",");
  setlocale(LC_ALL, before.c_str());
}

TEST(Manifest, MissingKeyIsNamed) {
  struct Case {
    const char* text;  // its key gets another name
    const char* dotted;
  };
  const Case cases[] = {
      {"\"schema_version\"", "schema_version"},
      {"\"task\"", "task"},
      {"\"name\": \"a network\"", "name"},
      {"\"fingerprint\"", "fingerprint"},
      {"\"inputs\"", "inputs"},
      {"\"name\": \"image\"", "inputs[0].name"},
      {"\"kind\": \"image\"", "inputs[0].kind"},
      {"\"layout\"", "inputs[0].layout"},
      {"\"shape\": [null, 4]", "inputs[1].shape"},
      {"\"preprocess\"", "inputs[0].preprocess"},
      {"\"outputs\"", "outputs"},
      {"\"name\": \"embedding\"", "outputs[0].name"},
      {"\"metric\"", "outputs[0].metric"},
      {"\"normalized\"", "outputs[0].normalized"},
      {"\"classes\"", "outputs[1].classes"},
      {"\"files\"", "files"},
      {"\"format\": \"lce\"", "files.model.lce.tflite.format"},
      {"\"bytes\": 0", "files.model.onnx.bytes"},
      {"\"golden\": ", "golden"},
      {"\"file\": ", "golden.file"},
      {"\"items\"", "golden.items"},
      {"\"tolerances\"", "golden.tolerances"},
      {"\"class\": {", "golden.tolerances.class"},
      {"\"min_cosine\"", "golden.tolerances.embedding.min_cosine"},
      {"\"max_abs\": 7", "golden.tolerances.map.max_abs"},
      {"\"training\"", "training"},
      {"\"metrics\"", "metrics"},
      {"\"parity\"", "parity"},
      {"\"binarisation\"", "binarisation"},
      {"\"toolchain\"", "toolchain"},
      {"\"licences\"", "licences"},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(item.dotted);
    const std::string renamed =
        Replace(item.text, item.text, std::string("\"x_") + (item.text + 1));
    ExpectError<BundleError>(std::string("dir/manifest.json: key '") + item.dotted + "' is missing",
                             [&] { Parse(With(item.text, renamed)); });
  }
}

struct Change {
  const char* old;
  const char* with;
  const char* message;
};

TEST(Manifest, MalformedKeyIsNamed) {
  const Change changes[] = {
      {"\"schema_version\": 2", "\"schema_version\": \"2\"",
       "'schema_version' must be a whole number, not a string"},
      {"\"schema_version\": 2", "\"schema_version\": true", "not true or false"},
      {"\"schema_version\": 2", "\"schema_version\": 2.0", "'schema_version' must be a whole numb"},
      {"\"schema_version\": 2", "\"schema_version\": 2e0", "without fraction or exponent"},
      {"\"schema_version\": 2", "\"schema_version\": -1", "'schema_version' must lie in 0..2147"},
      {"\"schema_version\": 2", "\"schema_version\": 99999999999999999999999",
       "'schema_version' must lie in 0..2147"},
      {"a network", "", "'name' must be one line of printable text"},
      {"a network", "a\\u001b[2J", "'name' must be one line of printable text"},
      {"a network", "a\\u0000b", "'name' must be one line of printable text"},
      {"a network", "a\\nb", "'name' must be one line of printable text"},
      {"a network", "a\\u202eb", "'name' must be one line of printable text"},
      {"\"a network\"", "null", "'name' must be a string, not null"},
      {"\"reid\"", "7", "'task' must be a string, not a number"},
      {"sha256:00", "sha256:0", "'fingerprint' must be 'sha256:' and 64 hex"},
      {"sha256:00", "sha256:A0", "'fingerprint' must be"},
      {"sha256:00", "SHA256:00", "'fingerprint' must be"},
      {"\"name\": \"where\"", "\"name\": \"image\"", "'inputs[1].name' is 'image' once more"},
      {"\"name\": \"where\"", "\"name\": \"_w\"",
       "'inputs[1].name' must be a letter or digit, then"},
      {"\"name\": \"where\"", "\"name\": \"a/b\"",
       "'inputs[1].name' must be a letter or digit, then"},
      {"\"name\": \"where\"",
       "\"name\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
       "'inputs[1].name' must be a letter or digit, then"},
      {"\"name\": \"class\"", "\"name\": \"embedding\"",
       "'outputs[1].name' is 'embedding' once more"},
      {"[null, 16, 8, 3]", "[null, 8, 16, 3]",
       "'inputs[0].shape' must be [null, 16, 8, 3] to agree"},
      {"[null, 16, 8, 3]", "[null, 16, 8]", "inputs[0].shape' must be [null, 16, 8, 3]"},
      {"[null, 16, 8, 3]", "[1, 16, 8, 3]",
       "'inputs[0].shape' must be null, for the batch, and 1 to 7"},
      {"[null, 16, 8, 3]", "{}", "'inputs[0].shape' must be a JSON array, not an object"},
      {"[null, 4]", "[null]", "'inputs[1].shape' must be null, for the batch, and 1 to 7"},
      {"[null, 4]", "[null, 1, 1, 1, 1, 1, 1, 1, 1]",
       "'inputs[1].shape' must have at most 8 elements"},
      {"[null, 4]", "[null, 0]", "'inputs[1].shape' must be positive"},
      {"[null, 4]", "[null, null]", "'inputs[1].shape' must be positive"},
      {"[null, 4]", "[null, -1]", "'inputs[1].shape' must hold whole numbers"},
      {"[null, 4]", "[null, 4.0]", "'inputs[1].shape' must hold whole numbers"},
      {"[null, 4]", "[null, 65536, 65536]",
       "'inputs[1].shape' gives an item more than 2^28 elements"},
      {"[null, 4]", "[null, 4], \"preprocess\": {}",
       "'inputs[1].preprocess' goes with kinds 'image' and 'points' only"},
      {"\"shape\": [null, 2],", "\"shape\": [null, 2, 1],",
       "'outputs[0].shape' must be [null, N] for kind 'embedding'"},
      {"\"normalized\": true", "\"normalized\": 1",
       "'outputs[0].normalized' must be true or false"},
      {"\"cat\", ", "", "'outputs[1].classes' must hold 3 names to agree with shape, not 2"},
      {"\"cat\"", "\"d o g\"", "'outputs[1].classes' holds 'd o g' twice"},
      {"\"cat\"", "\"\"", "'outputs[1].classes[0]' must be one line of printable text"},
      {"\"cat\"", "3", "'outputs[1].classes[0]' must be one line of printable text"},
      {"\"cat\"",
       "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
       "aaaaaaaaaaaaaaaaaaaaa\"",
       "'outputs[1].classes' holds a name of more than 200 characters"},
      {"\"height\": 16", "\"height\": 0", "'inputs[0].preprocess.height' must lie in 1..4096"},
      {"\"width\": 8", "\"width\": 4097", "'inputs[0].preprocess.width' must lie in 1..4096"},
      {"\"width\": 8", "\"width\": 8, \"gamma\": 1",
       "'inputs[0].preprocess.gamma' is unknown to this ver"},
      {"\"width\": 8", "\"width\": 8, \"a\\nb\": 1",
       "'inputs[0].preprocess.a?b' is unknown to this version"},
      {"\"antialias\": true", "\"antialias\": null",
       "'inputs[0].preprocess.antialias' must be true or fal"},
      {"0.406", "\"0.4\"", "'inputs[0].preprocess.mean' must hold finite numbers"},
      {"0.406", "true", "'inputs[0].preprocess.mean' must hold finite numbers"},
      {"0.406", "1000001",
       "'inputs[0].preprocess.mean' must hold finite numbers, none beyond a million"},
      {"0.406", "0.4, 0.4", "'inputs[0].preprocess.std' must hold as many numbers as mean"},
      {"[0.229, 0.224, 2.5e-1]", "[]", "'inputs[0].preprocess.std' must hold 1 to 64 numbers"},
      {"2.5e-1", "0", "'inputs[0].preprocess.std' must be positive"},
      {"2.5e-1", "-1", "'inputs[0].preprocess.std' must be positive"},
      {"2.5e-1", "1e-60", "'inputs[0].preprocess.std' must be positive"},
      {"\"bytes\": 5", "\"bytes\": -1", "'files.model.lce.tflite.bytes' must lie in 0..1073741824"},
      {"\"bytes\": 5", "\"bytes\": 1073741825", "bytes' must lie in"},
      {"\"bytes\": 5", "\"bytes\": 5.0", "bytes' must be a whole number"},
      {"e3b0", "E3b0", "'files.model.onnx.sha256' must be 64 lower-case hexadecimal digits"},
      {"e3b0", "e3b", "'files.model.onnx.sha256' must be 64 lower-case hexadecimal digits"},
      {"\"format\": \"onnx\"", "\"format\": \"lce\"",
       "'files.model.onnx.format' is 'lce', like that of model.lce.tflite"},
      {"\"golden.safetensors\"", "\"../golden\"", "'golden.file' is not a plain file name"},
      {"\"items\": 2", "\"items\": 0", "'golden.items' must lie in 1..64"},
      {"\"items\": 2", "\"items\": 65", "'golden.items' must lie in 1..64"},
      {"\"max_abs\": 7", "\"max_abs\": 0", "'golden.tolerances.map.max_abs' must be positive"},
      {"\"max_abs\": 7", "\"max_abs\": -1", "'golden.tolerances.map.max_abs' must lie in"},
      {"\"max_abs\": 7", "\"max_abs\": \"7\"",
       "'golden.tolerances.map.max_abs' must be a number, not a string"},
      {"\"min_cosine\": 0.98", "\"min_cosine\": 1.5",
       "'golden.tolerances.embedding.min_cosine' must lie in"},
      {"\"inputs\": [", "\"inputs\": [], \"i\": [", "'inputs' must have 1 to 16 elements"},
      {"\"inputs\": [", "\"inputs\": {}, \"i\": [", "'inputs' must be a JSON array, not an object"},
      {"\"inputs\": [", "\"inputs\": [1, ", "'inputs[0]' must be a JSON object, not a number"},
      {"\"outputs\": [",
       "\"outputs\": [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, ",
       "'outputs' must have 1 to 16 elements"},
      {"\"training\": {", "\"training\": 1, \"ignored\": {", "'training' must be a JSON object"},
      {"\"metrics\": []", "\"metrics\": {}", "'metrics' must be a JSON array"},
  };
  for (const Change& change : changes) {
    SCOPED_TRACE(change.with);
    ExpectError<BundleError>(change.message, [&] { Parse(With(change.old, change.with)); });
  }
}

TEST(Manifest, WhatTheEngineCannotDoIsUnsupported) {
  const Change changes[] = {
      {"\"schema_version\": 2", "\"schema_version\": 1",
       "dir/manifest.json: schema_version is 1; this runtime reads 2: convert the run again"},
      {"\"schema_version\": 2", "\"schema_version\": 3",
       "dir/manifest.json: schema_version is 3; this runtime reads 2: install the version"},
      {"bilinear", "nearest",
       "dir/manifest.json: inputs[0].preprocess.resize is 'nearest'; this version"},
      {"\"bilinear\", \"antialias\": true", "\"bicubic\", \"antialias\": false",
       "preprocess.antialias is 'false'"},
      {"RGB", "BGR", "preprocess.color_order is 'BGR'; this version supports 'RGB' only"},
      {"\"cosine\"", "\"euclidean\"", "outputs[0].metric is 'euclidean'"},
      {"\"normalized\": true", "\"normalized\": false", "outputs[0].normalized is 'false'"},
      {"NHWC", "NCHW", "inputs[0].layout is 'NCHW'"},
      {"\"kind\": \"image\"", "\"kind\": \"graph\"",
       "inputs[0].kind is 'graph'; this version knows image, points, tensor"},
      {"\"kind\": \"logits\"", "\"kind\": \"faces\"",
       "outputs[1].kind is 'faces'; this version knows embedding, logits, boxes, correlation, "
       "tensor"},
      {"\"kind\": \"image\", \"dtype\": \"float32\"", "\"kind\": \"image\", \"dtype\": \"uint8\"",
       "inputs[0].dtype is 'uint8'"},
      {"\"kind\": \"embedding\", \"dtype\": \"float32\"",
       "\"kind\": \"embedding\", \"dtype\": \"int8\"", "outputs[0].dtype is 'int8'"},
  };
  for (const Change& change : changes) {
    SCOPED_TRACE(change.with);
    ExpectError<UnsupportedError>(change.message, [&] { Parse(With(change.old, change.with)); });
  }
}

TEST(Manifest, FileNamesCannotLeaveTheBundle) {
  for (const std::string& name :
       {std::string("../secret"), std::string("/etc/passwd"), std::string("a/b"),
        std::string("a\\\\b"), std::string(".."), std::string("."), std::string(),
        std::string(".hidden"), std::string("a\\n"), std::string("a b"), std::string(129, 'a'),
        std::string("\xc3\xa9")}) {
    SCOPED_TRACE(name);
    ExpectError<BundleError>("is not a plain file name",
                             [&] { Parse(With("\"model.onnx\"", "\"" + name + "\"")); });
  }
  const std::string longest(128, 'a');
  EXPECT_EQ(Parse(With("model.onnx", longest)).files[1].name, longest);
}

TEST(Manifest, HoldsFewFiles) {
  std::string files;
  for (int i = 0; i < 256; ++i) files += "\"f" + std::to_string(i) + "\": {}, ";
  ExpectError<BundleError>("more than 256 files",
                           [&] { Parse(With("\"model.onnx\"", files + "\"model.onnx\"")); });
}

}  // namespace
}  // namespace bireid
