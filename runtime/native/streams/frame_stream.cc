#include "streams/frame_stream.h"

namespace bireid {

bool IsFrameSize(int64_t width, int64_t height) {
  return width >= 1 && height >= 1 && width <= kMaxFrameSide && height <= kMaxFrameSide &&
         width * height <= kMaxFramePixels;
}

std::string NoFrameSize(int64_t width, int64_t height) {
  return std::to_string(width) + "x" + std::to_string(height) +
         " pixels; a frame has sides of 1 to " + std::to_string(kMaxFrameSide) + " and at most " +
         std::to_string(kMaxFramePixels) + " pixels";
}

}  // namespace bireid
