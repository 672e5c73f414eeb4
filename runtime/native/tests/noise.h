// Bytes without a pattern, the same ones in Python.
#ifndef BIREID_TESTS_NOISE_H_
#define BIREID_TESTS_NOISE_H_

#include <cstdint>

namespace bireid {

// As in tests/native/preprocess_vectors.py.
inline uint8_t Noise(uint32_t index) {
  uint32_t mixed = index * 2654435761u;
  mixed ^= mixed >> 15;
  mixed *= 2246822519u;
  return static_cast<uint8_t>(mixed >> 24);
}

}  // namespace bireid

#endif  // BIREID_TESTS_NOISE_H_
