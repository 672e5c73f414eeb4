// Bytes that come bit by bit, with a look ahead.
#ifndef BIREID_STREAMS_BYTE_READER_H_
#define BIREID_STREAMS_BYTE_READER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bireid {

// Where they come from.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Waits for bytes and gives up to `size` of them, 0 at the end alone.
  virtual size_t Read(uint8_t* bytes, size_t size) = 0;
};

class ByteReader {
 public:
  // `source` must outlive it.
  explicit ByteReader(ByteSource& source) : source_(source) {}

  // Whether there are so many bytes to take, up to kAhead; waits for them.
  bool Has(size_t count);

  // What is there to take.
  const uint8_t* data() const { return buffer_.data() + begin_; }
  size_t available() const { return end_ - begin_; }

  // Takes so many of those that are there.
  void Take(size_t count) { begin_ += count; }
  void TakeTo(size_t count, std::vector<uint8_t>* bytes) {
    bytes->insert(bytes->end(), data(), data() + count);
    Take(count);
  }

  // Takes `count` bytes, and fewer only if the source ends: false. Memory is taken as they arrive.
  bool ReadTo(size_t count, std::vector<uint8_t>* bytes);

  static constexpr size_t kAhead = 256;

 private:
  ByteSource& source_;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(1 << 16);
  size_t begin_ = 0;  // what is read but not taken: [begin_, end_) of the buffer
  size_t end_ = 0;
  bool is_over_ = false;  // the source has ended
};

}  // namespace bireid

#endif  // BIREID_STREAMS_BYTE_READER_H_
