// Streams whose frames begin with a mark, so that one can be found again after bytes that are none.
#ifndef BIREID_STREAMS_SOUGHT_STREAM_H_
#define BIREID_STREAMS_SOUGHT_STREAM_H_

#include <cstdint>
#include <string>

#include "streams/frame_stream.h"

namespace bireid {

class SoughtStream : public FrameStream {
 public:
  bool Next(StreamedFrame* frame) final;

 protected:
  explicit SoughtStream(ByteSource& source) : reader_(source) {}

  // Bytes that a mark has at most.
  static constexpr size_t kMarkBytes = 3;
  // Whether a frame begins with the bytes that are there, kMarkBytes or fewer at the end.
  virtual bool IsMark(const uint8_t* bytes, size_t count) const = 0;
  // Whether a byte may stand between frames.
  virtual bool IsPadding(uint8_t byte) const = 0;
  // Takes a frame whose mark is there to take; why it is none, or an empty text.
  virtual std::string Take(StreamedFrame* frame) = 0;

  ByteReader reader_;

 private:
  // Skips to a mark or to the end; how many bytes that are not padding.
  uint64_t Skip();

  bool is_lost_ = false;  // what is skipped has been told
};

constexpr char kEndsWithin[] = "the input ends within it";

}  // namespace bireid

#endif  // BIREID_STREAMS_SOUGHT_STREAM_H_
