// What a stream of frames may be.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_FRAME_FORMATS_H_
#define BIREID_PROGRAMS_BIREID_EMBED_FRAME_FORMATS_H_

#include <memory>
#include <string>

#include "programs/bireid_embed/image.h"
#include "streams/frame_stream.h"

namespace bireid_embed {

struct FrameFormat {
  const char* name;
  bool needs_size;  // of its frames, which the stream does not say
  // Cuts a stream into frames, of width x height pixels if it needs that.
  std::unique_ptr<bireid::FrameStream> (*open)(bireid::ByteSource& source, int width, int height);
  // The pixels of a frame, `source` in messages. Throws ImageError.
  Image (*decode)(bireid::StreamedFrame frame, const std::string& source);
};

// Null if there is none of that name.
const FrameFormat* FindFrameFormat(const std::string& name);

// "mjpeg, ppm, ..."
std::string FrameFormatNames();

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_FRAME_FORMATS_H_
