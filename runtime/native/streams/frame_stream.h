// A stream of bytes, cut into frames.
#ifndef BIREID_STREAMS_FRAME_STREAM_H_
#define BIREID_STREAMS_FRAME_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "streams/byte_reader.h"

namespace bireid {

// Of a frame: 8K video has 7680x4320. The engine takes no longer side.
constexpr int kMaxFrameSide = 20000;
constexpr int64_t kMaxFramePixels = int64_t{1} << 25;
constexpr size_t kMaxFrameBytes = size_t{32} << 20;  // compressed

// Whether both sides are 1 to kMaxFrameSide and it has no more than kMaxFramePixels.
bool IsFrameSize(int64_t width, int64_t height);

// "WxH pixels; a frame has sides of ...": why that is none.
std::string NoFrameSize(int64_t width, int64_t height);

// A frame, or what is there instead of one.
struct StreamedFrame {
  std::vector<uint8_t>
      bytes;      // the pixels, or of a format that says its size itself the whole file
  int width = 0;  // 0: the file says it
  int height = 0;
  std::string problem;     // why it is no frame, one line; empty if it is one
  bool is_counted = true;  // whether it takes a number: bytes between frames take none
};

// No byte of the stream is trusted. Memory is that of one frame, and is taken as its bytes arrive.
class FrameStream {
 public:
  virtual ~FrameStream() = default;

  // The next frame, or the next place where there is none; false at the end. Of bytes that belong
  // to no frame one problem is told, up to where the next one begins.
  virtual bool Next(StreamedFrame* frame) = 0;
};

// Concatenated JPEG files; zeros between them are left out.
std::unique_ptr<FrameStream> OpenJpegStream(ByteSource& source);

// Concatenated binary PPM files of 8 bits a value: pixels are RGB.
std::unique_ptr<FrameStream> OpenPpmStream(ByteSource& source);

// Frames of so many bytes, of one size.
std::unique_ptr<FrameStream> OpenRawStream(ByteSource& source, size_t bytes, int width, int height);

}  // namespace bireid

#endif  // BIREID_STREAMS_FRAME_STREAM_H_
