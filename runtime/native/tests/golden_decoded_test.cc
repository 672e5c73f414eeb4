#include "engine/golden_decoded.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/bundle.h"
#include "engine/errors.h"
#include "tests/change_bytes.h"
#include "tests/decoded_text.h"
#include "tests/expect_error.h"

namespace bireid {
namespace {

DecodedGolden Parse(const std::vector<uint8_t>& file) {
  return ParseDecodedGolden(file, DecodedManifest(), "decoded");
}

TEST(DecodedGolden, IsWhatTheMapsDecodeTo) {
  const DecodedGolden expected = Parse(Safetensors(DecodedTensors()));
  ASSERT_EQ(expected.size(), 3u);
  EXPECT_TRUE(expected[0].empty());
  ASSERT_EQ(expected[1].size(), 2u);
  EXPECT_EQ(expected[1][0], (std::vector<float>{0, 0, 12, 12, 0.5f, 0}));
  EXPECT_EQ(FindOtherDecoding(DecodedManifest(), DecodedMaps(), expected), "");
}

TEST(DecodedGolden, ASingleNumberMayNotDiffer) {
  const DecodedGolden sound = Parse(Safetensors(DecodedTensors()));
  DecodedGolden other = sound;
  other[1][0][4] = std::nextafter(0.5f, 1.0f);
  EXPECT_EQ(FindOtherDecoding(DecodedManifest(), DecodedMaps(), other), "output 'class', item 0");
  other = sound;
  other[1][1] = other[1][0];
  EXPECT_EQ(FindOtherDecoding(DecodedManifest(), DecodedMaps(), other), "output 'class', item 1");
  other = sound;
  other[2][0][2] = 3;
  EXPECT_EQ(FindOtherDecoding(DecodedManifest(), DecodedMaps(), other), "output 'map', item 0");
}

TEST(DecodedGolden, OtherTensorsAreNamed) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const std::string row(24, '\0');
  struct Case {
    size_t index;
    WrittenTensor tensor;
    const char* message;
  };
  const Case cases[] = {
      {0,
       {"decoded/class/0", "F32", "[1, 5]", std::string(20, '\0')},
       "decoded: decoded/class/0: expected F32 [3, 6] or fewer rows, got F32 [1, 5]"},
      {0, {"decoded/class/0", "F32", "[4, 6]", row + row + row + row}, "got F32 [4, 6]"},
      {0, {"decoded/class/0", "F32", "[6]", row}, "got F32 [6]"},
      {0, {"decoded/class/0", "U8", "[4, 6]", row}, "got U8 [4, 6]"},
      {1, {"decoded/class/2", "F32", "[1, 6]", row}, "decoded/class/1: it is missing"},
      {2,
       {"decoded/map/0", "F32", "[2, 4]", std::string(32, '\0')},
       "expected F32 [1, 4] or fewer rows, got F32 [2, 4]"},
      {2,
       {"decoded/map/0", "F32", "[1, 4]", BytesOf<float>({0, 2, kNan, 1})},
       "decoded/map/0: not all numbers are finite"},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(item.message);
    WrittenTensors tensors = DecodedTensors();
    tensors[item.index] = item.tensor;
    ExpectError<BundleError>(item.message, [&] { Parse(Safetensors(tensors)); });
  }
  WrittenTensors tensors = DecodedTensors();
  tensors.push_back({"decoded/map/1", "F32", "[1, 4]", std::string(16, '\0')});
  ExpectError<BundleError>("decoded: 4 tensors, the manifest gives 3",
                           [&] { Parse(Safetensors(tensors)); });
}

TEST(DecodedGolden, DamagedIsReadOrRefused) {
  const std::vector<uint8_t> file = Safetensors(DecodedTensors());
  ExpectMostCopiesRefused(
      file, [](const std::vector<uint8_t>& copy) { EXPECT_EQ(Parse(copy)[2].size(), 1u); });
  ExpectError<BundleError>("decoded: ", [&] { Parse({file.begin(), file.end() - 4}); });
}

TEST(DecodedGolden, IsReadFromMemory) {
  const std::string manifest = DecodedManifestText();
  const std::vector<uint8_t> file = Safetensors(DecodedTensors());
  const auto bytes = [](const char* text) { return reinterpret_cast<const uint8_t*>(text); };
  std::vector<MemoryFile> files = {{"manifest.json", bytes(manifest.data()), manifest.size()},
                                   {"model.lce.tflite", bytes(kModelText), 5},
                                   {"decoded.safetensors", file.data(), file.size()}};
  EXPECT_EQ(Bundle::OpenInMemory("memory", files, true).ReadDecodedGolden()[1].size(), 2u);
  std::vector<uint8_t> other = file;
  ++other.back();
  files[2].data = other.data();
  ExpectError<BundleError>("memory/decoded.safetensors: SHA-256 mismatch", [&] {
    Bundle::OpenInMemory("memory", files, true).ReadDecodedGolden();
  });
  files.pop_back();
  ExpectError<BundleError>("no file decoded.safetensors was given", [&] {
    Bundle::OpenInMemory("memory", files, true).ReadDecodedGolden();
  });
}

TEST(DecodedGolden, ItsEntryIsChecked) {
  const std::string text = DecodedManifestText();
  ASSERT_TRUE(DecodedManifest().golden.decoded);
  const std::string file = "\"decoded.safetensors\"";
  const char* const kPurpose = "golden.decoded.file' is a file of another purpose";
  const std::vector<std::vector<std::string>> cases = {
      {file, "\"model.onnx\"", kPurpose},
      {file, "\"golden.safetensors\"", kPurpose},
      {file, "\"../x\"", "golden.decoded.file' is not a plain file name"},
      {"\"decoded.safetensors\", \"bytes\": ", "\"d\", \"bytes\": 9999999", "golden.decoded.bytes"},
      {"\"decoded.safetensors\", \"bytes\"", "\"d\", \"size\"", "golden.decoded.bytes"},
  };
  for (const auto& item : cases) {
    SCOPED_TRACE(item[1]);
    ExpectError<BundleError>(item[2].c_str(),
                             [&] { DecodedManifest(Replace(text, item[0], item[1])); });
  }
}

}  // namespace
}  // namespace bireid
