#include "streams/sought_stream.h"

namespace bireid {

bool SoughtStream::Next(StreamedFrame* frame) {
  *frame = {};
  const uint64_t skipped = Skip();
  if (skipped > 0 && !is_lost_) {
    is_lost_ = true;
    frame->problem = std::to_string(skipped) + " bytes are no frame";
    frame->is_counted = false;
    return true;
  }
  if (!reader_.Has(1)) return false;
  frame->problem = Take(frame);
  is_lost_ = !frame->problem.empty();
  if (is_lost_) frame->bytes = {};
  return true;
}

uint64_t SoughtStream::Skip() {
  uint64_t skipped = 0;
  while (reader_.Has(1)) {
    reader_.Has(kMarkBytes);
    if (IsMark(reader_.data(), reader_.available())) break;
    if (!IsPadding(*reader_.data())) ++skipped;
    reader_.Take(1);
  }
  return skipped;
}

}  // namespace bireid
