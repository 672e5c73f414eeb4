// PPM files behind one another, as `ffmpeg -f image2pipe -c:v ppm` writes them.
#include <cctype>
#include <cstring>
#include <optional>

#include "streams/sought_stream.h"

namespace bireid {
namespace {

constexpr int kChannels = 3;
constexpr int64_t kLargestValue = 255;

class PpmStream : public SoughtStream {
 public:
  explicit PpmStream(ByteSource& source) : SoughtStream(source) {}

 private:
  bool IsMark(const uint8_t* bytes, size_t count) const override {
    return count >= kMarkBytes && bytes[0] == 'P' && bytes[1] == '6' && std::isspace(bytes[2]);
  }

  bool IsPadding(uint8_t) const override { return false; }

  std::string Take(StreamedFrame* frame) override {
    reader_.Take(2);
    int64_t numbers[3];
    for (int64_t& number : numbers) {
      if (!SkipBlanks()) return Refusal();
      const std::optional<int64_t> read = Number();
      if (!read) return Refusal();
      number = *read;
    }
    const auto [width, height, largest] = numbers;
    if (!reader_.Has(1) || !std::isspace(*reader_.data())) return Refusal();
    reader_.Take(1);
    if (largest != kLargestValue) {
      return "values up to " + std::to_string(largest) + "; only 255 is read";
    }
    if (!IsFrameSize(width, height)) return NoFrameSize(width, height);
    frame->width = static_cast<int>(width);
    frame->height = static_cast<int>(height);
    const size_t bytes = static_cast<size_t>(width) * static_cast<size_t>(height) * kChannels;
    return reader_.ReadTo(bytes, &frame->bytes) ? "" : kEndsWithin;
  }

  // White space, one or more, and comments up to the end of their line.
  bool SkipBlanks() {
    constexpr int kMost = 4096;
    bool in_comment = false;
    for (int skipped = 0; skipped < kMost && reader_.Has(1); ++skipped) {
      const uint8_t byte = *reader_.data();
      if (!in_comment && byte != '#' && !std::isspace(byte)) return skipped > 0;
      in_comment = byte == '#' || (in_comment && byte != '\n');
      reader_.Take(1);
    }
    return false;
  }

  std::optional<int64_t> Number() {
    constexpr int kMostDigits = 9;
    std::optional<int64_t> number;
    for (int digits = 0; reader_.Has(1) && std::isdigit(*reader_.data()); ++digits) {
      if (digits == kMostDigits) return std::nullopt;
      number = number.value_or(0) * 10 + (*reader_.data() - '0');
      reader_.Take(1);
    }
    return number;
  }

  std::string Refusal() {
    return reader_.Has(1) ? "its header is not \"P6 WIDTH HEIGHT 255\"" : kEndsWithin;
  }
};

}  // namespace

std::unique_ptr<FrameStream> OpenPpmStream(ByteSource& source) {
  return std::make_unique<PpmStream>(source);
}

}  // namespace bireid
