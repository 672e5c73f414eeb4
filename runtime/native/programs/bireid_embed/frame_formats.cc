#include "programs/bireid_embed/frame_formats.h"

#include <utility>

#include "engine/pixel_formats.h"

namespace bireid_embed {
namespace {

using bireid::ByteSource;
using bireid::FrameStream;
using bireid::StreamedFrame;

Image DecodeFile(StreamedFrame frame, const std::string& source) {
  return UprightImage(frame.bytes, source);
}

Image TakePixels(StreamedFrame frame, const std::string&) {
  return {frame.width, frame.height, std::move(frame.bytes)};
}

Image ConvertNv12(StreamedFrame frame, const std::string&) {
  Image image{frame.width, frame.height, {}};
  const bireid::ImageView luma{frame.bytes.data(), frame.width, frame.height, 0};
  bireid::Nv12ToRgb({luma, bireid::PixelFormat::kNv12, nullptr, 0}, &image.pixels);
  return image;
}

std::unique_ptr<FrameStream> OpenRgb(ByteSource& source, int width, int height) {
  return bireid::OpenRawStream(source, BytesOf(width, height), width, height);
}

// A pair of U and V for each square of 2x2 pixels.
std::unique_ptr<FrameStream> OpenNv12(ByteSource& source, int width, int height) {
  const size_t luma = static_cast<size_t>(width) * height;
  const size_t chroma = static_cast<size_t>((width + 1) / 2) * 2 * ((height + 1) / 2);
  return bireid::OpenRawStream(source, luma + chroma, width, height);
}

constexpr FrameFormat kFormats[] = {
    {"mjpeg", false, [](ByteSource& source, int, int) { return bireid::OpenJpegStream(source); },
     DecodeFile},
    {"ppm", false, [](ByteSource& source, int, int) { return bireid::OpenPpmStream(source); },
     TakePixels},
    {"rgb24", true, OpenRgb, TakePixels},
    {"nv12", true, OpenNv12, ConvertNv12},
};

}  // namespace

const FrameFormat* FindFrameFormat(const std::string& name) {
  for (const FrameFormat& format : kFormats) {
    if (name == format.name) return &format;
  }
  return nullptr;
}

std::string FrameFormatNames() {
  std::string names;
  for (const FrameFormat& format : kFormats)
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  return names;
}

}  // namespace bireid_embed
