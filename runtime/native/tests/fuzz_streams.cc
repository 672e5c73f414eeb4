// Any bytes as a stream of frames: what is told is bounded by what came in.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "streams/frame_stream.h"
#include "tests/byte_pieces.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

std::unique_ptr<bireid::FrameStream> Open(uint8_t kind, bireid::ByteSource& source) {
  switch (kind % 3) {
    case 0:
      return bireid::OpenJpegStream(source);
    case 1:
      return bireid::OpenPpmStream(source);
    default:
      return bireid::OpenRawStream(source, 12, 2, 2);
  }
}

}  // namespace

// The first byte says which format, the second how many bytes come at a time.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  bireid::BytePieces source(data + 2, size - 2, size_t{1} + data[1]);
  const std::unique_ptr<bireid::FrameStream> stream = Open(data[0], source);
  bireid::StreamedFrame frame;
  size_t bytes = 0, told = 0;
  while (stream->Next(&frame)) {
    Require(frame.problem.empty() != frame.bytes.empty());
    if (frame.problem.empty() && frame.width > 0) {
      Require(frame.bytes.size() == size_t{3} * frame.width * frame.height);
    }
    bytes += frame.bytes.size();
    ++told;
  }
  Require(bytes <= size && told <= size);
  return 0;
}
