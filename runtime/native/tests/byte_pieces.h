// Bytes of a test as a stream gives them.
#ifndef BIREID_TESTS_BYTE_PIECES_H_
#define BIREID_TESTS_BYTE_PIECES_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "streams/byte_reader.h"

namespace bireid {

// At most `piece` bytes at a time.
class BytePieces : public ByteSource {
 public:
  BytePieces(const uint8_t* bytes, size_t size, size_t piece)
      : bytes_(bytes), left_(size), piece_(piece) {}

  size_t Read(uint8_t* bytes, size_t size) override {
    const size_t count = std::min({size, left_, piece_});
    std::copy_n(bytes_, count, bytes);
    bytes_ += count;
    left_ -= count;
    return count;
  }

 private:
  const uint8_t* bytes_;
  size_t left_;
  const size_t piece_;
};

}  // namespace bireid

#endif  // BIREID_TESTS_BYTE_PIECES_H_
