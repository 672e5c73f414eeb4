#include "engine/safetensors.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/errors.h"
#include "tests/expect_error.h"
#include "tests/safetensors_writer.h"

namespace bireid {
namespace {

std::map<std::string, StoredTensor> Parse(const std::vector<uint8_t>& file) {
  return ParseSafetensors(file, "file");
}

TEST(Safetensors, AreRead) {
  const std::vector<uint8_t> file = Safetensors({{"a", "U8", "[2, 3]", "abcdef"},
                                                 {"b/c", "F32", "[]", BytesOf<float>({1.5f})},
                                                 {"empty", "F32", "[0, 7]", ""}});
  const auto tensors = Parse(file);
  ASSERT_EQ(tensors.size(), 3u);
  const StoredTensor& letters = tensors.at("a");
  EXPECT_EQ(letters.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::string(letters.data, letters.data + letters.bytes), "abcdef");
  EXPECT_EQ(letters.Describe(), "U8 [2, 3]");
  EXPECT_EQ(tensors.at("b/c").bytes, 4u);
  EXPECT_EQ(tensors.at("empty").bytes, 0u);
}

// As other writers do: metadata, spaces behind the header, any order.
TEST(Safetensors, OfOtherWritersAreRead) {
  const std::vector<uint8_t> file = SafetensorsOf(
      R"({"__metadata__": {"format": "np"},
          "b": {"dtype": "U8", "shape": [1], "data_offsets": [2, 3]},
          "a": {"data_offsets": [0, 2], "shape": [2], "dtype": "U8"}}     )",
      "xyz");
  const auto tensors = Parse(file);
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors.at("b").data[0], 'z');
  EXPECT_TRUE(Parse(SafetensorsOf("{}", "")).empty());
}

TEST(Safetensors, DamagedOnesAreRefused) {
  const auto one = [](const std::string& rest) {
    return SafetensorsOf("{\"a\": {\"dtype\": \"U8\", " + rest + "}}", "xyz");
  };
  const auto two = [](const std::string& first, const std::string& second) {
    const std::string open = "{\"dtype\": \"U8\", \"shape\": ";
    return SafetensorsOf("{\"a\": " + open + first + "}, \"b\": " + open + second + "}}", "xyz");
  };
  struct Case {
    std::vector<uint8_t> file;
    const char* message;
  };
  const char tiled[] = "its tensors do not cover the data without gap and overlap; copy the bundle";
  const char size[] = "key 'a.data_offsets' is not as long as dtype and shape say";
  const char place[] = "key 'a.data_offsets' must be the begin and the end of a part of the data";
  const Case cases[] = {
      {{}, "too short to be a safetensors file"},
      {std::vector<uint8_t>(7), "too short to be a safetensors file"},
      {std::vector<uint8_t>(8), "its header does not begin with {"},
      {std::vector<uint8_t>(64, 0xff), "its header is longer than the file"},
      {{3, 0, 0, 0, 0, 0, 0, 0, '{', '}'}, "its header is longer than the file"},
      {SafetensorsOf(" {}", ""), "its header does not begin with {"},
      {SafetensorsOf("{", ""), "not valid JSON"},
      {SafetensorsOf("{\"a\": 1}", ""), "key 'a' must be a JSON object, not a number"},
      {SafetensorsOf("{\"__metadata__\": 1}", ""), "'__metadata__' must be a JSON object"},
      {SafetensorsOf("{\"a\": {}, \"a\": {}}", ""), "key 'a' occurs twice"},
      {SafetensorsOf(std::string("{") + std::string(1 << 20, ' ') + "}", ""),
       "its header is longer than the file or than 1 MiB"},
      {one("\"shape\": [3]"), "key 'a.data_offsets' is missing"},
      {one("\"data_offsets\": [0, 3]"), "key 'a.shape' is missing"},
      {one("\"shape\": [3], \"data_offsets\": [0, 4]"), place},
      {one("\"shape\": [3], \"data_offsets\": [2, 1]"), place},
      {one("\"shape\": [3], \"data_offsets\": [3]"), place},
      {one("\"shape\": [3], \"data_offsets\": [null, 3]"), place},
      {one("\"shape\": [3], \"data_offsets\": [-1, 3]"), "must hold whole numbers"},
      {one("\"shape\": [2], \"data_offsets\": [0, 3]"), size},
      {one("\"shape\": [], \"data_offsets\": [0, 3]"), size},
      {one("\"shape\": [0], \"data_offsets\": [0, 3]"), size},
      {one("\"shape\": [null], \"data_offsets\": [0, 3]"), "'a.shape' must hold whole numbers"},
      {one("\"shape\": [9007199254740992, 9007199254740992, 9007199254740992], "
           "\"data_offsets\": [0, 3]"),
       size},
      {one("\"shape\": [1, 1, 1, 1, 1, 1, 1, 1, 3], \"data_offsets\": [0, 3]"),
       "'a.shape' must have at most 8 elements"},
      {one("\"shape\": [2], \"data_offsets\": [0, 2]"), tiled},
      {one("\"shape\": [2], \"data_offsets\": [1, 3]"), tiled},
      {two("[1], \"data_offsets\": [0, 1]", "[1], \"data_offsets\": [2, 3]"), tiled},
      {two("[3], \"data_offsets\": [0, 3]", "[1], \"data_offsets\": [2, 3]"), tiled},
      {two("[3], \"data_offsets\": [0, 3]", "[3], \"data_offsets\": [0, 3]"), tiled},
      {SafetensorsOf("{}", "x"), tiled},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(std::string(item.file.begin(), item.file.end()).substr(0, 200));
    ExpectError<BundleError>(std::string("file: "), [&] { Parse(item.file); });
    ExpectError<BundleError>(item.message, [&] { Parse(item.file); });
  }
}

TEST(Safetensors, OtherTypesAreUnsupported) {
  ExpectError<UnsupportedError>("file: a.dtype is 'I64'; this engine reads U8 and F32", [] {
    Parse(Safetensors({{"a", "I64", "[1]", std::string(8, '\0')}}));
  });
}

}  // namespace
}  // namespace bireid
