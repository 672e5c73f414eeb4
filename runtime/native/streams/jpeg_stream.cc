// JPEG files behind one another, found by their markers (ITU-T T.81, B.1): a picture within one,
// such as a thumbnail of EXIF, lies in a segment that says how long it is.
#include <cstring>

#include "streams/sought_stream.h"

namespace bireid {
namespace {

enum Marker : uint8_t {
  kTemporary = 0x01,
  kFirstSize = 0xC0,
  kHuffmanTables = 0xC4,
  kExtension = 0xC8,
  kArithmeticTables = 0xCC,
  kLastSize = 0xCF,
  kFirstRestart = 0xD0,
  kLastRestart = 0xD7,
  kStart = 0xD8,
  kEnd = 0xD9,
  kScan = 0xDA,
  kPrefix = 0xFF
};

bool IsRestart(uint8_t code) { return code >= kFirstRestart && code <= kLastRestart; }

bool SaysSize(uint8_t code) {
  return code >= kFirstSize && code <= kLastSize && code != kHuffmanTables && code != kExtension &&
         code != kArithmeticTables;
}

constexpr char kNoMarker[] = "a marker is missing in it";

class JpegStream : public SoughtStream {
 public:
  explicit JpegStream(ByteSource& source) : SoughtStream(source) {}

 private:
  bool IsMark(const uint8_t* bytes, size_t count) const override {
    const uint8_t mark[kMarkBytes] = {kPrefix, kStart, kPrefix};
    return count >= kMarkBytes && std::memcmp(bytes, mark, kMarkBytes) == 0;
  }

  bool IsPadding(uint8_t byte) const override { return byte == 0; }

  std::string Take(StreamedFrame* frame) override {
    reader_.TakeTo(2, &frame->bytes);
    while (true) {
      if (frame->bytes.size() > kMaxFrameBytes) return TooLong();
      if (!reader_.Has(2)) return kEndsWithin;
      const uint8_t code = reader_.data()[1];
      if (*reader_.data() != kPrefix || code == 0) return kNoMarker;
      if (code == kPrefix) {  // any number of them may stand before a code
        reader_.TakeTo(1, &frame->bytes);
        continue;
      }
      if (code == kStart) return "another frame begins within it";
      reader_.TakeTo(2, &frame->bytes);
      if (code == kEnd) return "";
      if (code == kTemporary || IsRestart(code)) continue;
      std::string problem = TakeSegment(code, frame);
      if (problem.empty() && code == kScan) problem = TakeScan(frame);
      if (!problem.empty()) return problem;
    }
  }

  std::string TakeSegment(uint8_t code, StreamedFrame* frame) {
    constexpr size_t kSizes = 7;  // length, bits, height and width
    if (!reader_.Has(2)) return kEndsWithin;
    const uint8_t* bytes = reader_.data();
    const size_t length = static_cast<size_t>(bytes[0]) << 8 | bytes[1];
    if (length < 2) return kNoMarker;
    if (SaysSize(code)) {
      if (length < kSizes) return kNoMarker;
      if (!reader_.Has(kSizes)) return kEndsWithin;
      bytes = reader_.data();
      const int height = bytes[3] << 8 | bytes[4];
      const int width = bytes[5] << 8 | bytes[6];
      if (!IsFrameSize(width, height)) return NoFrameSize(width, height);
    }
    return reader_.ReadTo(length, &frame->bytes) ? "" : kEndsWithin;
  }

  // What follows the header of a scan, up to the next marker but those of restarts.
  std::string TakeScan(StreamedFrame* frame) {
    while (reader_.Has(2)) {
      const size_t searched = reader_.available() - 1;  // a prefix has its code behind it
      const void* prefix = std::memchr(reader_.data(), kPrefix, searched);
      const size_t plain =
          prefix == nullptr ? searched : static_cast<const uint8_t*>(prefix) - reader_.data();
      reader_.TakeTo(plain, &frame->bytes);
      if (frame->bytes.size() > kMaxFrameBytes) return TooLong();
      if (prefix == nullptr) continue;
      const uint8_t code = reader_.data()[1];
      if (code != 0 && !IsRestart(code)) return "";
      reader_.TakeTo(2, &frame->bytes);
    }
    return kEndsWithin;
  }

  static std::string TooLong() {
    return "more than " + std::to_string(kMaxFrameBytes >> 20) + " MiB";
  }
};

}  // namespace

std::unique_ptr<FrameStream> OpenJpegStream(ByteSource& source) {
  return std::make_unique<JpegStream>(source);
}

}  // namespace bireid
