#include "engine/golden.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "engine/errors.h"
#include "tests/change_bytes.h"
#include "tests/expect_error.h"
#include "tests/manifest_text.h"

namespace bireid {
namespace {

Manifest ParsedManifest() {
  const std::string text = ManifestText();
  return ParseManifest({text.begin(), text.end()}, "manifest.json");
}

Golden Parse(const std::vector<uint8_t>& file) {
  return ParseGolden(file, ParsedManifest(), "golden");
}

TEST(Golden, IsRead) {
  const Golden golden = Parse(Safetensors(GoldenTensors()));
  ASSERT_EQ(golden.inputs.size(), 2u);
  ASSERT_EQ(golden.inputs[0].size(), 2u);
  EXPECT_EQ(golden.inputs[0][0].width, 5);
  EXPECT_EQ(golden.inputs[0][0].height, 2);
  ASSERT_EQ(golden.inputs[0][0].pixels.size(), 30u);
  EXPECT_EQ(golden.inputs[0][0].pixels[29], 229);
  EXPECT_EQ(golden.inputs[0][1].pixels, (std::vector<uint8_t>{'a', 'b', 'c'}));
  EXPECT_EQ(golden.inputs[1][1].values, (std::vector<float>{5, 6, 7, 8}));
  ASSERT_EQ(golden.outputs.size(), 3u);
  EXPECT_EQ(golden.outputs[0], (std::vector<float>{0.6f, 0.8f, -1.0f, 0.0f}));
  EXPECT_EQ(golden.outputs[2], (std::vector<float>{1, 2, 3, 4}));
}

TEST(Golden, TheOrderInTheFileDoesNotMatter) {
  WrittenTensors tensors = GoldenTensors();
  std::reverse(tensors.begin(), tensors.end());
  const Golden golden = Parse(Safetensors(tensors));
  EXPECT_EQ(golden.outputs[1], (std::vector<float>{9, 8, 7, 6, 5, 4}));
}

TEST(Golden, OtherTensorsAreNamed) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  struct Case {
    const char* name;
    WrittenTensor tensor;
    const char* message;
  };
  const Case cases[] = {
      {"input/image/0",
       {"input/image/0", "F32", "[1, 1, 3]", std::string(12, '\0')},
       "golden input/image/0: expected U8 [H, W, 3], got F32 [1, 1, 3]"},
      {"input/image/0", {"input/image/0", "U8", "[3]", "abc"}, "[H, W, 3], got U8 [3]"},
      {"input/image/0", {"input/image/0", "U8", "[1, 3, 1]", "abc"}, "got U8 [1, 3, 1]"},
      {"input/image/0",
       {"input/image/0", "U8", "[0, 4, 3]", ""},
       "height and width must lie in 1..20000, got U8 [0, 4, 3]"},
      {"input/image/0",
       {"input/image/0", "U8", "[1, 20001, 3]", std::string(60003, 'p')},
       "height and width must lie in 1..20000"},
      {"input/image/1",
       {"input/image/2", "U8", "[1, 1, 3]", "abc"},
       "golden input/image/1: it is missing"},
      {"input/where/0",
       {"input/where/0", "U8", "[4]", "abcd"},
       "golden input/where/0: expected F32 [4], got U8 [4]"},
      {"output/embedding/1",
       {"output/embedding/1", "F32", "[3]", std::string(12, '\0')},
       "golden output/embedding/1: expected F32 [2], got F32 [3]"},
      {"output/map/0",
       {"output/map/0", "F32", "[2]", std::string(8, '\0')},
       "expected F32 [2, 1, 1, 1, 1, 1], got F32 [2]"},
      {"output/class/0",
       {"output/class/0", "F32", "[3]", BytesOf<float>({1, kNan, 2})},
       "golden output/class/0: not all numbers are finite"},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(item.message);
    WrittenTensors tensors = GoldenTensors();
    for (WrittenTensor& tensor : tensors) {
      if (tensor.name == item.name) tensor = item.tensor;
    }
    ExpectError<BundleError>(item.message, [&] { Parse(Safetensors(tensors)); });
  }
}

TEST(Golden, ThereAreAsManyAsTheManifestSays) {
  WrittenTensors tensors = GoldenTensors();
  tensors.push_back({"more", "U8", "[1]", "x"});
  ExpectError<BundleError>("golden: 11 golden tensors, the manifest gives 10",
                           [&] { Parse(Safetensors(tensors)); });
  tensors.resize(9);
  ExpectError<BundleError>("golden: 9 golden tensors, the manifest gives 10",
                           [&] { Parse(Safetensors(tensors)); });
  ExpectError<BundleError>("larger than the limit of 67108864 bytes",
                           [] { Parse(std::vector<uint8_t>(kMaxGoldenBytes + 1)); });
}

TEST(Golden, DamagedIsReadOrRefused) {
  ExpectMostCopiesRefused(Safetensors(GoldenTensors()), [](const std::vector<uint8_t>& copy) {
    const Golden changed = Parse(copy);
    EXPECT_EQ(changed.inputs[1][1].values.size(), 4u);
    EXPECT_EQ(changed.outputs[0].size(), 4u);
  });
}

}  // namespace
}  // namespace bireid
