// Damaged copies of a file, the same ones in every run.
#ifndef BIREID_TESTS_CHANGE_BYTES_H_
#define BIREID_TESTS_CHANGE_BYTES_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "engine/errors.h"

namespace bireid {

// The bytes with 1 to 4 changes: a bit flipped, a byte replaced, removed or doubled, the end cut.
// In memory of just their size, so that a sanitizer sees a read past the end.
inline std::vector<uint8_t> ChangeBytes(std::vector<uint8_t> bytes, uint32_t seed) {
  std::mt19937 random(seed);
  for (uint32_t changes = 1 + random() % 4; changes > 0 && !bytes.empty(); --changes) {
    const size_t position = random() % bytes.size();
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(position);
    switch (random() % 8) {
      case 0:
        bytes.erase(at);
        break;
      case 1:
        bytes.insert(at, *at);
        break;
      case 2:
        bytes.erase(at, bytes.end());
        break;
      case 3:
      case 4:
        *at = static_cast<uint8_t>(random());
        break;
      default:
        *at ^= static_cast<uint8_t>(1 << random() % 8);
    }
  }
  bytes.shrink_to_fit();
  return bytes;
}

// Reads 3000 damaged copies, most of which must be refused as a bundle that is not sound or not
// supported, but not all: `read` looks at those that it takes.
template <typename Read>
void ExpectMostCopiesRefused(const std::vector<uint8_t>& bytes, Read read) {
  int refused = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    try {
      read(ChangeBytes(bytes, seed));
    } catch (const BundleError&) {
      ++refused;
    } catch (const UnsupportedError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 2000);
  EXPECT_LT(refused, 3000);
}

}  // namespace bireid

#endif  // BIREID_TESTS_CHANGE_BYTES_H_
