// Pixels without a header.
#include "streams/sought_stream.h"

namespace bireid {
namespace {

class RawStream : public FrameStream {
 public:
  RawStream(ByteSource& source, size_t bytes, int width, int height)
      : reader_(source), bytes_(bytes), width_(width), height_(height) {}

  bool Next(StreamedFrame* frame) override {
    *frame = {};
    if (!reader_.Has(1)) return false;
    frame->width = width_;
    frame->height = height_;
    if (!reader_.ReadTo(bytes_, &frame->bytes)) {
      frame->problem = kEndsWithin;
      frame->bytes = {};
    }
    return true;
  }

 private:
  ByteReader reader_;
  const size_t bytes_;
  const int width_, height_;
};

}  // namespace

std::unique_ptr<FrameStream> OpenRawStream(ByteSource& source, size_t bytes, int width,
                                           int height) {
  return std::make_unique<RawStream>(source, bytes, width, height);
}

}  // namespace bireid
