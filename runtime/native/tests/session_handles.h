// Handles of the C interface that close themselves, and what its tests expect of a call.
#ifndef BIREID_TESTS_SESSION_HANDLES_H_
#define BIREID_TESTS_SESSION_HANDLES_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "engine/bireid_classifier.h"
#include "engine/bireid_session.h"
#include "engine/bireid_statistics.h"
#include "tests/session_bundle.h"

namespace bireid {

using Floats = std::vector<float>;

constexpr int kChannels = 3;
constexpr int kImage = kSessionHeight * kSessionWidth * kChannels;

struct Close {
  void operator()(bireid_session* session) const { bireid_session_close(session); }
  void operator()(bireid_extractor* extractor) const { bireid_close(extractor); }
  void operator()(bireid_classifier* classifier) const { bireid_classifier_close(classifier); }
  void operator()(bireid_statistics* statistics) const { bireid_statistics_destroy(statistics); }
};

template <typename Handle>
using Owned = std::unique_ptr<Handle, Close>;

// Expects the last call to have failed with a line that holds `part`.
inline void ExpectFailure(bireid_status status, bireid_status expected, const std::string& part) {
  EXPECT_EQ(status, expected);
  const std::string message = bireid_last_error();
  EXPECT_NE(message.find(part), std::string::npos) << message << "\nexpected: " << part;
}

inline Floats Values(int count, int seed = 0) {
  Floats values(count);
  for (int i = 0; i < count; ++i) values[i] = static_cast<float>((i * 7 + seed * 5) % 11) - 4.5f;
  return values;
}

inline void ExpectNear(const float* actual, const Floats& expected) {
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-4) << i;
}

}  // namespace bireid

#endif  // BIREID_TESTS_SESSION_HANDLES_H_
