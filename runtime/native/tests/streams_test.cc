// Frames out of a stream of bytes, whole and broken, in pieces of any size.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "streams/frame_stream.h"
#include "tests/byte_pieces.h"

namespace bireid {
namespace {

using namespace std::string_literals;
using Open = std::function<std::unique_ptr<FrameStream>(ByteSource&)>;

const std::string kSizes = " pixels; a frame has sides of 1 to 20000 and at most 33554432 pixels";

// What a stream gave: of a frame its bytes, of a problem "!" and the text.
std::vector<std::string> Read(const Open& open, const std::string& bytes, size_t piece) {
  BytePieces source(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), piece);
  const std::unique_ptr<FrameStream> stream = open(source);
  std::vector<std::string> told;
  StreamedFrame frame;
  while (stream->Next(&frame)) {
    if (frame.problem.empty()) {
      told.emplace_back(frame.bytes.begin(), frame.bytes.end());
      EXPECT_TRUE(frame.is_counted);
    } else {
      EXPECT_TRUE(frame.bytes.empty());
      told.push_back((frame.is_counted ? "!" : "?") + frame.problem);
    }
  }
  return told;
}

void Expect(const Open& open, const std::string& bytes, const std::vector<std::string>& told) {
  for (const size_t piece : {1, 2, 3, 7, 1 << 20}) EXPECT_EQ(Read(open, bytes, piece), told);
}

void ExpectJpeg(const std::string& bytes, const std::vector<std::string>& told) {
  Expect(OpenJpegStream, bytes, told);
}

void ExpectPpm(const std::string& bytes, const std::vector<std::string>& told) {
  Expect(OpenPpmStream, bytes, told);
}

// A marker with what it says of itself.
std::string Segment(char code, const std::string& content) {
  const size_t length = content.size() + 2;
  return "\xFF"s + code + static_cast<char>(length >> 8) + static_cast<char>(length) + content;
}

// Of a picture of 8 bits; sides in two bytes each.
std::string Size(const std::string& sides) { return Segment('\xC0', "\x08" + sides + "\x03"); }

const std::string kSmall = Size("\x00\x10\x00\x20"s);
const std::string kStart = "\xFF\xD8"s, kEnd = "\xFF\xD9"s;
// An escaped byte, a restart and a marker with bytes before its code.
const std::string kScan = Segment('\xDA', "scan") +
                          "ab\xFF\x00"
                          "cd\xFF\xD3"
                          "ef"s;
const std::string kTables = "\xFF"s + Segment('\xDB', std::string(64, '\x05'));
const std::string kFrame = kStart + kTables + kSmall + kScan + kEnd;
// Two scans, tables between them, and a thumbnail in a segment.
const std::string kOther =
    kStart + Segment('\xE1', "Exif" + kFrame) + kSmall + kScan + kTables + kScan + kEnd;

TEST(JpegStream, FramesAreThoseThatCameIn) {
  ExpectJpeg("", {});
  ExpectJpeg(kFrame, {kFrame});
  ExpectJpeg(kFrame + kOther + kFrame, {kFrame, kOther, kFrame});
  ExpectJpeg(kFrame + "\0\0\0"s + kFrame + "\0"s, {kFrame, kFrame});
}

TEST(JpegStream, TellsOnceOfBytesThatAreNoFrame) {
  ExpectJpeg("--next\r\n" + kFrame + "junk\xFF" + kFrame,
             {"?8 bytes are no frame", kFrame, "?5 bytes are no frame", kFrame});
  ExpectJpeg("no frame at all", {"?15 bytes are no frame"});
  ExpectJpeg(kFrame + "\xFF\xD8"s, {kFrame, "?2 bytes are no frame"});
}

TEST(JpegStream, GoesOnBehindABrokenFrame) {
  const std::string cut = kFrame.substr(0, kFrame.size() - 4);
  ExpectJpeg(cut + kFrame + cut + cut + kFrame,
             {"!another frame begins within it", kFrame, "!another frame begins within it",
              "!another frame begins within it", kFrame});
  const std::string no_marker = kStart + kTables + "junk that is no marker";
  ExpectJpeg(no_marker + kFrame, {"!a marker is missing in it", kFrame});
  ExpectJpeg(kStart + "\xFF\xE0\x00\x01"s + kFrame, {"!a marker is missing in it", kFrame});
  ExpectJpeg(kStart +
                 "\xFF\xC0\x00\x06"
                 "abcd"s +
                 kFrame,
             {"!a marker is missing in it", kFrame});
}

TEST(JpegStream, SaysThatTheInputEndsWithinAFrame) {
  for (size_t size = 3; size < kOther.size(); ++size) {
    Expect(OpenJpegStream, kFrame + kOther.substr(0, size), {kFrame, "!the input ends within it"});
  }
}

TEST(JpegStream, RefusesAFrameOfAnotherSizeBeforeItsPixels) {
  const std::string large = kStart + Size("\xFF\xFF\xFF\xFE"s) + kScan + kEnd;
  ExpectJpeg(large + kFrame, {"!65534x65535" + kSizes, kFrame});
  // 20000 by 1 are few, and a side of more is refused all the same.
  const std::string wide = kStart + Size("\x00\x01\x4E\x21"s) + kScan + kEnd;
  ExpectJpeg(wide, {"!20001x1" + kSizes});
  // A height that follows the first scan is not read.
  const std::string flat = kStart + Size("\x00\x00\x00\x05"s) + kScan + kEnd;
  ExpectJpeg(flat + kFrame, {"!5x0" + kSizes, kFrame});
}

TEST(JpegStream, AFrameHasNoMoreBytesThanItMay) {
  const std::string scan(kMaxFrameBytes, 'x');
  const std::string large = kStart + kSmall + kScan + scan + kEnd;
  EXPECT_EQ(Read(OpenJpegStream, large + kFrame, 1 << 20),
            (std::vector<std::string>{"!more than 32 MiB", kFrame}));
  std::string segments = kStart;
  while (segments.size() <= kMaxFrameBytes) segments += Segment('\xE2', std::string(65533, 'x'));
  EXPECT_EQ(Read(OpenJpegStream, segments + kFrame, 1 << 20),
            (std::vector<std::string>{"!more than 32 MiB", kFrame}));
}

TEST(PpmStream, FramesAreThePixels) {
  const std::string pixels = "P6 012345678"s;  // may look like a header
  ExpectPpm("P6\n2 2\n255\n" + pixels + "P6 4 1 255\t" + pixels, {pixels, pixels});
  ExpectPpm("P6 # comment 9\n# another\n2 #\n 2\n255\n" + pixels, {pixels});
  BytePieces source(reinterpret_cast<const uint8_t*>("P6 4 1 255 012345678901"), 23, 5);
  StreamedFrame frame;
  ASSERT_TRUE(OpenPpmStream(source)->Next(&frame));
  EXPECT_EQ(frame.width, 4);
  EXPECT_EQ(frame.height, 1);
}

TEST(PpmStream, GoesOnBehindWhatIsNoFrame) {
  const std::string frame = "P6\n1 1\n255\nabc";
  ExpectPpm("junk" + frame + "\n" + frame,
            {"?4 bytes are no frame", "abc", "?1 bytes are no frame", "abc"});
  for (const std::string header :
       {"P6 x", "P6 1", "P6 1x1 255\n", "P6 -1 1 255 ", "P6 1 1 255", "P6 9999999999 1 255\n"}) {
    ExpectPpm(header + frame, {"!its header is not \"P6 WIDTH HEIGHT 255\"", "abc"});
  }
  ExpectPpm("P6 1 1 65535\nabcdef" + frame, {"!values up to 65535; only 255 is read", "abc"});
  ExpectPpm("P6 30000 30000 255\nabc" + frame, {"!30000x30000" + kSizes, "abc"});
  ExpectPpm("P6 0 1 255\n" + frame, {"!0x1" + kSizes, "abc"});
  ExpectPpm("P6 #" + std::string(5000, ' ') + frame,
            {"!its header is not \"P6 WIDTH HEIGHT 255\"", "abc"});
}

TEST(PpmStream, SaysThatTheInputEndsWithinAFrame) {
  const std::string frame = "P6\n1 1\n255\nabc";
  for (size_t size = 3; size < frame.size(); ++size) {
    ExpectPpm(frame + frame.substr(0, size), {"abc", "!the input ends within it"});
  }
}

TEST(RawStream, FramesHaveOneSize) {
  const Open open = [](ByteSource& source) { return OpenRawStream(source, 6, 1, 2); };
  Expect(open, "", {});
  Expect(open, "abcdefghijkl", {"abcdef", "ghijkl"});
  Expect(open, "abcdefg", {"abcdef", "!the input ends within it"});
}

}  // namespace
}  // namespace bireid
