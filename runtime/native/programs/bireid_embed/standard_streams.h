// Standard input as a source of bytes, and lines on standard output, until it is time to stop.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_STANDARD_STREAMS_H_
#define BIREID_PROGRAMS_BIREID_EMBED_STANDARD_STREAMS_H_

#include <string>

#include "programs/bireid_embed/stop_signal.h"
#include "streams/byte_reader.h"

namespace bireid_embed {

class StandardInput : public bireid::ByteSource {
 public:
  explicit StandardInput(const StopSignal& stop) : stop_(stop) {}

  // 0 also when it is time to stop. Throws SystemError.
  size_t Read(uint8_t* bytes, size_t size) override;

  // Whether it ended since it is time to stop.
  bool is_stopped() const { return is_stopped_; }

 private:
  const StopSignal& stop_;
  bool is_stopped_ = false;
};

// Thrown when nobody reads standard output any more.
struct OutputClosed {};

class StandardOutput {
 public:
  explicit StandardOutput(const StopSignal& stop) : stop_(stop) {}

  // Writes all of it at once. Throws OutputError, and OutputClosed, also if it is time to
  // stop and nobody takes anything for five seconds.
  void Write(const std::string& text);

 private:
  bool IsReady() const;

  const StopSignal& stop_;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_STANDARD_STREAMS_H_
