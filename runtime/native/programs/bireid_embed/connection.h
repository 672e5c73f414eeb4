// Lines and bytes over a pair of descriptors.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_CONNECTION_H_
#define BIREID_PROGRAMS_BIREID_EMBED_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "programs/bireid_embed/stop_signal.h"

namespace bireid_embed {

// Thrown when the other side is gone or it is time to stop: nobody waits for an answer any more.
struct ConnectionEnded {};

// How long a client is waited for.
struct Patience {
  // A request must arrive and an answer be taken within this time; below 0 there is no limit.
  int milliseconds = -1;
  // Whether somebody needs the place of a client that has been idle for that long.
  std::function<bool()> place_is_needed = [] { return false; };
};

// Beside ConnectionEnded, every call throws SystemError where reading or writing fails otherwise.
class Connection {
 public:
  // Neither descriptor is closed.
  Connection(int input, int output, const StopSignal& stop, Patience patience = {})
      : input_(input), output_(output), stop_(stop), patience_(std::move(patience)) {}

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
  // Waits for a descriptor; an idle client for as long as nobody needs its place.
  void Await(int descriptor, short events, bool is_idle);
  // The time for the request or answer that begins now.
  void StartClock() { began_ = std::chrono::steady_clock::now(); }

  int input_;
  int output_;
  const StopSignal& stop_;
  Patience patience_;
  std::chrono::steady_clock::time_point began_;
  bool is_idle_ = false;  // no byte of the next request has come
  std::vector<char> buffer_ = std::vector<char>(1 << 16);
  size_t begin_ = 0;  // what is read but not taken: [begin_, end_) of the buffer
  size_t end_ = 0;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_CONNECTION_H_
