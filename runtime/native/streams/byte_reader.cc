#include "streams/byte_reader.h"

#include <algorithm>
#include <cstring>

namespace bireid {

bool ByteReader::Has(size_t count) {
  while (available() < count) {
    if (is_over_) return false;
    if (begin_ > 0) {
      std::memmove(buffer_.data(), data(), available());
      end_ -= begin_;
      begin_ = 0;
    }
    const size_t read = source_.Read(buffer_.data() + end_, buffer_.size() - end_);
    is_over_ = read == 0;
    end_ += read;
  }
  return true;
}

bool ByteReader::ReadTo(size_t count, std::vector<uint8_t>* bytes) {
  for (size_t left = count; left > 0;) {
    if (!Has(1)) return false;
    const size_t taken = std::min(left, available());
    TakeTo(taken, bytes);
    left -= taken;
  }
  return true;
}

}  // namespace bireid
