#include "engine/manifest.h"

#include <gtest/gtest.h>
#include <locale.h>

#include <string>
#include <vector>

#include "engine/errors.h"
#include "tests/change_bytes.h"
#include "tests/expect_error.h"
#include "tests/manifest_text.h"

namespace bireid {
namespace {

Manifest Parse(const std::string& text) {
  return ParseManifest(std::vector<uint8_t>(text.begin(), text.end()), "dir/manifest.json");
}

TEST(Manifest, IsRead) {
  const Manifest manifest = Parse(kManifestText);
  EXPECT_EQ(manifest.name, "a network");
  EXPECT_EQ(manifest.fingerprint,
            "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
  EXPECT_EQ(manifest.height, 16);
  EXPECT_EQ(manifest.width, 8);
  EXPECT_EQ(manifest.mean[0], 0.485f);
  EXPECT_EQ(manifest.mean[2], 0.406f);
  EXPECT_EQ(manifest.std[1], 0.224f);
  EXPECT_EQ(manifest.std[2], 0.25f);
  EXPECT_EQ(manifest.embedding_dim, 2);
  EXPECT_EQ(manifest.input_name, "image");
  EXPECT_EQ(manifest.output_name, "embedding");
  ASSERT_EQ(manifest.files.size(), 2u);
  EXPECT_EQ(manifest.files[0].name, "model.lce.tflite");
  EXPECT_EQ(manifest.files[0].format, "lce");
  EXPECT_EQ(manifest.files[0].bytes, 5);
  EXPECT_EQ(manifest.files[1].sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Manifest, MayHoldMoreThanTheEngineKnows) {
  EXPECT_EQ(Parse(Replace(kManifestText, "\"golden\"", "\"later\": [{}, 1], \"golden\"")).width, 8);
  EXPECT_EQ(Parse(Replace(kManifestText, "a network", "r\xc3\xa9seau \\u00e9")).name,
            "r\xc3\xa9seau \xc3\xa9");
}

TEST(Manifest, IsReadInCountriesWithADecimalComma) {
  const std::string before = setlocale(LC_ALL, nullptr);
  const char* comma = nullptr;
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "pl_PL.UTF-8"}) {
    if (comma == nullptr) comma = setlocale(LC_ALL, name);
  }
  if (comma == nullptr) GTEST_SKIP() << "no locale with a decimal comma is installed";
  EXPECT_EQ(Parse(kManifestText).mean[0], 0.485f);
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
      {"\"name\": \"a network\"", "name"},
      {"\"fingerprint\"", "fingerprint"},
      {"\"io\"", "io"},
      {"\"input\"", "io.input"},
      {"\"name\": \"image\"", "io.input.name"},
      {"\"layout\"", "io.input.layout"},
      {"\"output\"", "io.output"},
      {"\"name\": \"embedding\"", "io.output.name"},
      {"\"preprocess\"", "preprocess"},
      {"\"embedding\": {", "embedding"},
      {"\"dim\"", "embedding.dim"},
      {"\"normalized\"", "embedding.normalized"},
      {"\"metric\"", "embedding.metric"},
      {"\"files\"", "files"},
      {"\"format\": \"lce\"", "files.model.lce.tflite.format"},
      {"\"bytes\": 0", "files.model.onnx.bytes"},
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
                             [&] { Parse(Replace(kManifestText, item.text, renamed)); });
  }
}

struct Change {
  const char* old;
  const char* with;
  const char* message;
};

TEST(Manifest, MalformedKeyIsNamed) {
  const Change changes[] = {
      {"\"schema_version\": 1", "\"schema_version\": \"1\"",
       "'schema_version' must be a whole number, not a string"},
      {"\"schema_version\": 1", "\"schema_version\": true", "not true or false"},
      {"\"schema_version\": 1", "\"schema_version\": 1.0", "'schema_version' must be a whole numb"},
      {"\"schema_version\": 1", "\"schema_version\": 1e0", "without fraction or exponent"},
      {"\"schema_version\": 1", "\"schema_version\": -1", "'schema_version' must lie in 0..2147"},
      {"a network", "", "'name' must be one line of printable text"},
      {"a network", "a\\u001b[2J", "'name' must be one line of printable text"},
      {"a network", "a\\nb", "'name' must be one line of printable text"},
      {"a network", "a\\u202eb", "'name' must be one line of printable text"},
      {"a network", "a\xc2\xa0z", "'name' must be one line of printable text"},
      {"\"a network\"", "null", "'name' must be a string, not null"},
      {"sha256:00", "sha256:0", "'fingerprint' must be 'sha256:' and 64 hex"},
      {"sha256:00", "sha256:A0", "'fingerprint' must be"},
      {"sha256:00", "SHA256:00", "'fingerprint' must be"},
      {"[null, 16, 8, 3]", "[null, 8, 16, 3]", "'io.input.shape' must be [null, 16, 8, 3]"},
      {"[null, 16, 8, 3]", "[null, 16, 8]", "io.input.shape'"},
      {"[null, 16, 8, 3]", "[null, 16, 8, 3, 1]", "io.input.shape'"},
      {"[null, 16, 8, 3]", "[1, 16, 8, 3]", "io.input.shape'"},
      {"[null, 16, 8, 3]", "{}", "'io.input.shape' must be a JSON array, not an object"},
      {"\"shape\": [null, 2]", "\"shape\": [null, 3]", "'io.output.shape' must be [null, 2]"},
      {"\"dim\": 2", "\"dim\": 0", "'embedding.dim' must lie in 1..65536"},
      {"\"dim\": 2", "\"dim\": 65537", "'embedding.dim' must lie in 1..65536"},
      {"\"normalized\": true", "\"normalized\": 1", "'embedding.normalized' must be true or false"},
      {"\"height\": 16", "\"height\": 0", "'preprocess.height' must lie in 1..4096"},
      {"\"width\": 8", "\"width\": 4097", "'preprocess.width' must lie in 1..4096"},
      {"\"width\": 8", "\"width\": 8, \"gamma\": 1", "'preprocess.gamma' is unknown to this ver"},
      {"\"width\": 8", "\"width\": 8, \"a\\nb\": 1", "'preprocess.a?b' is unknown to this version"},
      {"\"antialias\": true", "\"antialias\": null", "'preprocess.antialias' must be true or fal"},
      {"0.406", "\"0.4\"", "'preprocess.mean' must be 3 finite numbers"},
      {"0.406", "true", "'preprocess.mean' must be 3 finite numbers"},
      {"0.406", "1000001", "'preprocess.mean' must be 3 finite numbers"},
      {"0.406", "0.4, 0.4", "'preprocess.mean' must be 3 finite numbers"},
      {"[0.229, 0.224, 2.5e-1]", "[]", "'preprocess.std' must be 3 finite numbers"},
      {"2.5e-1", "0", "'preprocess.std' must be positive"},
      {"2.5e-1", "-1", "'preprocess.std' must be positive"},
      {"2.5e-1", "1e-60", "'preprocess.std' must be positive"},
      {"\"bytes\": 5", "\"bytes\": -1", "'files.model.lce.tflite.bytes' must lie in 0..1073741824"},
      {"\"bytes\": 5", "\"bytes\": 1073741825", "bytes' must lie in"},
      {"\"bytes\": 5", "\"bytes\": 5.0", "bytes' must be a whole number"},
      {"e3b0", "E3b0", "'files.model.onnx.sha256' must be 64 lower-case hexadecimal digits"},
      {"e3b0", "e3b", "'files.model.onnx.sha256' must be 64 lower-case hexadecimal digits"},
      {"\"format\": \"onnx\"", "\"format\": \"lce\"",
       "'files.model.onnx.format' is 'lce', like that of model.lce.tflite"},
      {"\"training\": {", "\"training\": 1, \"ignored\": {", "'training' must be a JSON object"},
      {"\"metrics\": []", "\"metrics\": {}", "'metrics' must be a JSON array"},
  };
  for (const Change& change : changes) {
    SCOPED_TRACE(change.with);
    ExpectError<BundleError>(change.message,
                             [&] { Parse(Replace(kManifestText, change.old, change.with)); });
  }
}

TEST(Manifest, WhatTheEngineCannotDoIsUnsupported) {
  const Change changes[] = {
      {"\"schema_version\": 1", "\"schema_version\": 2",
       "dir/manifest.json: key 'schema_version' is 2; this engine reads 1: install"},
      {"bilinear", "nearest", "dir/manifest.json: preprocess.resize is 'nearest'; this version"},
      {"\"antialias\": true", "\"antialias\": false", "preprocess.antialias is 'false'"},
      {"RGB", "BGR", "preprocess.color_order is 'BGR'"},
      {"cosine", "euclidean", "embedding.metric is 'euclidean'"},
      {"\"normalized\": true", "\"normalized\": false", "embedding.normalized is 'false'"},
      {"NHWC", "NCHW", "io.input.layout is 'NCHW'"},
      {"\"name\": \"image\", \"dtype\": \"float32\"", "\"name\": \"image\", \"dtype\": \"uint8\"",
       "io.input.dtype is 'uint8'"},
      {"\"name\": \"embedding\", \"dtype\": \"float32\"",
       "\"name\": \"embedding\", \"dtype\": \"int8\"", "io.output.dtype is 'int8'"},
  };
  for (const Change& change : changes) {
    SCOPED_TRACE(change.with);
    ExpectError<UnsupportedError>(change.message,
                                  [&] { Parse(Replace(kManifestText, change.old, change.with)); });
  }
}

TEST(Manifest, FileNamesCannotLeaveTheBundle) {
  for (const std::string& name :
       {std::string("../secret"), std::string("/etc/passwd"), std::string("a/b"),
        std::string("a\\\\b"), std::string(".."), std::string("."), std::string(),
        std::string(".hidden"), std::string("a\\n"), std::string("a b"), std::string(129, 'a'),
        std::string("\xc3\xa9")}) {
    SCOPED_TRACE(name);
    ExpectError<BundleError>("is not a plain file name", [&] {
      Parse(Replace(kManifestText, "\"model.onnx\"", "\"" + name + "\""));
    });
  }
  const std::string longest(128, 'a');
  EXPECT_EQ(Parse(Replace(kManifestText, "model.onnx", longest)).files[1].name, longest);
}

TEST(Manifest, HoldsFewFiles) {
  std::string files;
  for (int i = 0; i < 256; ++i) files += "\"f" + std::to_string(i) + "\": {}, ";
  ExpectError<BundleError>("more than 256 files", [&] {
    Parse(Replace(kManifestText, "\"model.onnx\"", files + "\"model.onnx\""));
  });
}

TEST(Manifest, TextThatIsNoManifest) {
  struct Case {
    std::string text;
    const char* message;
  };
  const std::string open = "{\"schema_version\": ";
  const Case cases[] = {
      {"", "not a valid manifest"},
      {"{", "not a valid manifest: something is missing or too much (line 1)"},
      {"[]", "the document must be a JSON object"},
      {"1", "the document must be a JSON object"},
      {open + "1}\n}", "something is missing or too much (line 2)"},
      {open + "1,}", "something is missing or too much"},
      {open + "[1 2]}", "something is missing or too much"},
      {open + "nulltrue}", "something is missing or too much"},
      {std::string("\xff\xfe"), "bytes that are not UTF-8 (line 1)"},
      {open + "\"\xc0\xaf\"}", "bytes that are not UTF-8"},
      {open + "\"\xed\xa0\x80\"}", "bytes that are not UTF-8"},
      {open + "\"\xf4\x90\x80\x80\"}", "bytes that are not UTF-8"},
      {open + "\"\xe2\x82\"}", "bytes that are not UTF-8"},
      {std::string("\xef\xbb\xbf") + kManifestText, "a character that has no place in JSON"},
      {kManifestText + std::string(1, '\0'), "a character that has no place in JSON"},
      {std::string("\v") + kManifestText, "a character that has no place in JSON"},
      {open + "NaN}", "NaN is not a finite number (line 1)"},
      {open + "1,\n\"a\": -Infinity}", "Infinity is not a finite number (line 2)"},
      {open + "1e999}", "a number is too large"},
      {open + std::string(10000, '9') + "}", "a number is too large"},
      {open + "01}", "a number with a leading zero"},
      {open + "1.}", "a number without digits where they belong"},
      {open + "-}", "a number without digits where they belong"},
      {open + "1e+}", "a number without digits where they belong"},
      {open + "+1}", "a character that has no place in JSON"},
      {open + ".5}", "a character that has no place in JSON"},
      {open + "'1'}", "a character that has no place in JSON"},
      {open + "1} // comment", "a character that has no place in JSON"},
      {open + "1", "something is missing or too much"},
      {open + "\"a", "a string without an end"},
      {open + "\"a\\\"", "a string without an end"},
      {open + "\"a\\", "an escape that JSON does not have"},
      {open + "\"a\nb\"}", "a control character in a string"},
      {open + "\"\\x41\"}", "an escape that JSON does not have"},
      {open + "\"\\u00g0\"}", "an escape that is not \\uXXXX"},
      {open + "\"\\u00", "an escape that is not \\uXXXX"},
      {open + "\"\\ud800\"}", "something is missing or too much"},
      {"{\"schema_version\\u0000x\": 1}", "the character \\u0000"},
      {open + "1, \"schema_version\": 1}", "key 'schema_version' occurs twice"},
      {open + "1, \"schema\\u005fversion\": 1}", "key 'schema_version' occurs twice"},
      {open + "[{\"a\": {\"b\": 1, \"b\": 2}}]}", "key 'b' occurs twice"},
      {open + std::string(100000, '['), "nested too deeply for a manifest"},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(item.text.substr(0, 80));
    ExpectError<BundleError>(item.message, [&] { Parse(item.text); });
  }
}

// Damage is refused or, inside a text or a number, not noticed; it is never undefined.
TEST(Manifest, DamagedIsReadOrRefused) {
  const std::string text = kManifestText;
  const std::vector<uint8_t> bytes(text.begin(), text.end());
  int refused = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    try {
      const Manifest manifest = ParseManifest(ChangeBytes(bytes, seed), "manifest.json");
      EXPECT_TRUE(manifest.height >= 1 && manifest.height <= 4096) << seed;
      EXPECT_TRUE(manifest.embedding_dim >= 1 && manifest.embedding_dim <= 65536) << seed;
    } catch (const BundleError&) {
      ++refused;
    } catch (const UnsupportedError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 2000);
  EXPECT_LT(refused, 3000);
}

}  // namespace
}  // namespace bireid
