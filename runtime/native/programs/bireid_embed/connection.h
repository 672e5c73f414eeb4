// Lines and bytes over a pair of descriptors.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_CONNECTION_H_
#define BIREID_PROGRAMS_BIREID_EMBED_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "programs/bireid_embed/stop_signal.h"

namespace bireid_embed {

// Thrown when the other side is gone or it is time to stop: nobody waits for an answer any more.
struct ConnectionEnded {};

class Connection {
 public:
  // Neither descriptor is closed.
  Connection(int input, int output, const StopSignal& stop)
      : input_(input), output_(output), stop_(stop) {}

  // Reads up to a line feed, which is left out; false at the end of the input. Of a line of more
  // than kMaxLine bytes the rest is dropped, and `too_long` is set. Throws ConnectionEnded.
  bool ReadLine(std::string* line, bool* too_long);

  // Reads exactly `count` bytes. Throws ConnectionEnded.
  void ReadBytes(uint8_t* bytes, size_t count);

  // Reads `count` bytes for nothing. Throws ConnectionEnded.
  void SkipBytes(size_t count);

  // Throws ConnectionEnded.
  void Write(const std::string& text);

  static constexpr size_t kMaxLine = 8192;

 private:
  // Makes sure that there are bytes to take; false at the end of the input.
  bool Fill();

  int input_;
  int output_;
  const StopSignal& stop_;
  std::vector<char> buffer_ = std::vector<char>(1 << 16);
  size_t begin_ = 0;  // what is read but not taken: [begin_, end_) of the buffer
  size_t end_ = 0;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_CONNECTION_H_
