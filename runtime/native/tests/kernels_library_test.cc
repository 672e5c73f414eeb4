// The kernels' C interface with numbers that do not fit; a sanitizer watches.
#include <gtest/gtest.h>

#include <climits>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/kernels_library/bireid_kernels.h"

namespace {

TEST(KernelsLibrary, MapsOfAnySizeAreRefused) {
  const std::vector<uint32_t> weights(9);
  const std::vector<float> ones(1, 1.0f);
  bireid_binary_convolution_options options = {};
  options.channels_in = options.channels_out = 1;
  options.kernel_height = options.kernel_width = 3;
  options.stride_height = options.stride_width = 1;
  options.dilation_height = options.dilation_width = 1;
  options.groups = 1;
  options.pad_value = 1;
  options.weights = weights.data();
  options.weights_words = weights.size();
  options.multiplier = options.bias = ones.data();
  bireid_binary_convolution* convolution = nullptr;
  ASSERT_EQ(bireid_binary_convolution_create("scalar", &options, &convolution), BIREID_KERNELS_OK);
  uint32_t input = 0;
  float output = 0;
  for (const int32_t height : {INT32_MAX, 1 << 20}) {
    for (const int32_t width : {INT32_MAX, INT32_MAX - 1, 1 << 20}) {
      EXPECT_EQ(bireid_binary_convolution_run(convolution, &input, 1, height, width, &output),
                BIREID_KERNELS_INVALID_ARGUMENT);
      EXPECT_EQ(std::string(bireid_kernels_last_error()), "the map is too large");
    }
  }
  EXPECT_EQ(bireid_binary_convolution_run(convolution, &input, 1, 1, 1, &output),
            BIREID_KERNELS_OK);
  bireid_binary_convolution_destroy(convolution);
}

TEST(KernelsLibrary, PoolsOfAnySizeAreRefused) {
  bireid_binary_max_pool_options options = {INT32_MAX, 1, 1, 1, BIREID_PADDING_SAME};
  uint32_t word = 0;
  for (const int32_t words : {1, INT32_MAX}) {
    EXPECT_EQ(bireid_binary_max_pool(&options, &word, 1, INT32_MAX, INT32_MAX, words, &word),
              BIREID_KERNELS_INVALID_ARGUMENT);
  }
}

}  // namespace
