#include "formats/flexbuffer_map.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/lce_options.h"

namespace bireid {
namespace {

TEST(FlexbufferMap, ReadsWhatTheLceConverterWrites) {
  const std::map<std::string, int64_t> narrow =
      ReadFlexbufferMap(kNarrowOptions.data(), kNarrowOptions.size());
  EXPECT_EQ(narrow, (std::map<std::string, int64_t>{{"channels_in", 32},
                                                    {"dilation_height_factor", 1},
                                                    {"dilation_width_factor", 1},
                                                    {"fused_activation_function", 0},
                                                    {"pad_values", 1},
                                                    {"padding", 0},
                                                    {"stride_height", 1},
                                                    {"stride_width", 1}}));
  EXPECT_EQ(ReadFlexbufferMap(kWideOptions.data(), kWideOptions.size()).at("channels_in"), 128);
}

TEST(FlexbufferMap, CutOffBytesAreRefused) {
  for (const std::string& options : {kNarrowOptions, kWideOptions}) {
    for (size_t size = 0; size < options.size(); ++size) {
      // Of their own, so that a sanitizer sees a read past the end.
      const std::vector<char> head(options.begin(), options.begin() + size);
      EXPECT_THROW(ReadFlexbufferMap(head.data(), head.size()), FlexbufferError) << size;
      const std::vector<char> tail(options.end() - size, options.end());
      EXPECT_THROW(ReadFlexbufferMap(tail.data(), tail.size()), FlexbufferError) << size;
    }
  }
}

TEST(FlexbufferMap, ChangedBytesAreReadOrRefused) {
  int refused = 0;
  for (size_t i = 0; i < kWideOptions.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::vector<char> bytes(kWideOptions.begin(), kWideOptions.end());
      bytes[i] = static_cast<char>(value);
      try {
        ReadFlexbufferMap(bytes.data(), bytes.size());
      } catch (const FlexbufferError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace bireid
