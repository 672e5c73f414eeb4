// What a manifest says of an output of kind correlation.
#include "engine/matching.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/errors.h"
#include "engine/manifest.h"
#include "tests/expect_error.h"
#include "tests/manifest_text.h"

namespace bireid {
namespace {

Manifest Parse(const std::string& text) {
  return ParseManifest(std::vector<uint8_t>(text.begin(), text.end()), "dir/manifest.json");
}

std::string WithCorrelation(const std::string& shape, const std::string& decode) {
  return Replace(Replace(ManifestText(), "\"kind\": \"logits\"",
                         "\"kind\": \"correlation\", \"decode\": " + decode),
                 "\"shape\": [null, 3]", "\"shape\": " + shape);
}

TEST(Matching, ACorrelationSaysHowATargetIsSought) {
  const std::string decode =
      R"({"stride": 8, "exemplar_first": 14, "exemplar_cells": 3, "search_first": 6,)"
      R"( "search_cells": 19, "search_scale": 2, "context": 0.5, "scales": 5,)"
      R"( "scale_step": 1.0375, "scale_penalty": 0.9745, "scale_rate": 0.59,)"
      R"( "window_weight": 0.176, "upsampling": 16, "response_scale": 0.001,)"
      R"( "response_bias": -2.5})";
  const Matching read = Parse(WithCorrelation("[null, 32, 32, 4]", decode)).outputs[1].matching;
  EXPECT_EQ(read.stride, 8);
  EXPECT_EQ(read.exemplar_first, 14);
  EXPECT_EQ(read.exemplar_cells, 3);
  EXPECT_EQ(read.search_first, 6);
  EXPECT_EQ(read.search_cells, 19);
  EXPECT_EQ(read.search_scale, 2);
  EXPECT_EQ(read.context, 0.5);
  EXPECT_EQ(read.scales, 5);
  EXPECT_EQ(read.scale_step, 1.0375);
  EXPECT_EQ(read.scale_penalty, 0.9745);
  EXPECT_EQ(read.scale_rate, 0.59);
  EXPECT_EQ(read.window_weight, 0.176);
  EXPECT_EQ(read.upsampling, 16);
  EXPECT_EQ(read.response_scale, 0.001);
  EXPECT_EQ(read.response_bias, -2.5);
  EXPECT_EQ(read.response_side(), 17 * 16);
  for (const char* shape : {"[null, 32]", "[null, 32, 16, 4]", "[null, 32, 32, 4, 1]"}) {
    ExpectError<BundleError>("outputs[1].shape", [&] { Parse(WithCorrelation(shape, decode)); });
  }
  const std::pair<const char*, const char*> wrong[] = {
      {"\"stride\": 8", "\"stride\": 0"},
      {"\"scales\": 5", "\"scales\": 4"},
      {"\"exemplar_first\": 14", "\"exemplar_first\": 13"},
      {"\"exemplar_first\": 14", "\"exemplar_first\": 30"},
      {"\"search_cells\": 19", "\"search_cells\": 27"},
      {"\"search_cells\": 19", "\"search_cells\": 2"},
      {"1.0375", "0.9"},
      {"0.9745", "1.5"},
      {"\"upsampling\": 16", "\"upsampling\": 33"},
      {"0.001", "0"},
      {"-2.5", "-1001"},
      {"\"context\"", "\"colour\""}};
  for (const auto& [old, replacement] : wrong) {
    SCOPED_TRACE(replacement);
    const std::string text =
        WithCorrelation("[null, 32, 32, 4]", Replace(decode, old, replacement));
    ExpectError<BundleError>("outputs[1].decode.", [&] { Parse(text); });
  }
}

}  // namespace
}  // namespace bireid
