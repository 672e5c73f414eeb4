// What the tests of all kernel paths share: random windows of a convolution.
#ifndef BIREID_TESTS_RANDOM_WINDOWS_H_
#define BIREID_TESTS_RANDOM_WINDOWS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/available_paths.h"
#include "tests/stage_reference.h"

namespace bireid {

inline void ExpectSameMemory(const Memory& actual, const Memory& expected) {
  for (size_t m = 0; m < expected.size(); ++m) {
    ASSERT_TRUE(actual[m] == expected[m]) << "map of stage " << m;
  }
}

// Runs of windows in an input that ends with the last element of the last window.
struct RandomWindows {
  std::vector<int32_t> windows;
  std::vector<int32_t> runs;
  int run_length;
  int64_t input_size;

  RandomWindows(Random& random, int pixels, int run_count, int run_length)
      : windows(random.Offsets(pixels, 300)),
        runs(random.Offsets(run_count, 200)),
        run_length(run_length),
        input_size(*std::max_element(windows.begin(), windows.end()) +
                   *std::max_element(runs.begin(), runs.end()) + run_length) {}

  Windows view() const {
    return {windows.data(), runs.data(), static_cast<int>(runs.size()), run_length};
  }
  WeightShape shape(int channels) const {
    return {channels, static_cast<int>(runs.size()), run_length};
  }
  int64_t depth() const { return static_cast<int64_t>(runs.size()) * run_length; }

  // Calls function(element of the input, element of a weight row) in order.
  template <typename Function>
  void ForEach(int pixel, Function function) const {
    for (size_t r = 0; r < runs.size(); ++r) {
      for (int i = 0; i < run_length; ++i) {
        function(windows[pixel] + runs[r] + i, static_cast<int64_t>(r) * run_length + i);
      }
    }
  }
};

}  // namespace bireid

#endif  // BIREID_TESTS_RANDOM_WINDOWS_H_
