#include "programs/bireid_embed/exif_orientation.h"

#include <cstring>

#include "programs/bireid_embed/png_chunks.h"

namespace bireid_embed {
namespace {

constexpr int kUpright = 1;
constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShort = 3;  // a TIFF type, 16 bits
constexpr size_t kEntryBytes = 12;
constexpr char kExifHeader[] = "Exif\0";  // with two zero bytes

// Numbers of 2 or 4 bytes in the byte order of a TIFF; 0 past its end.
class TiffReader {
 public:
  explicit TiffReader(Bytes tiff) : tiff_(tiff) {
    is_big_endian_ = tiff.size >= 2 && std::memcmp(tiff.data, "MM", 2) == 0;
  }

  bool is_tiff() const {
    return tiff_.size >= 8 && (is_big_endian_ || std::memcmp(tiff_.data, "II", 2) == 0) &&
           Number(2, 2) == 42;
  }

  uint32_t Number(size_t offset, size_t bytes) const {
    if (offset > tiff_.size || tiff_.size - offset < bytes) return 0;
    uint32_t number = 0;
    for (size_t i = 0; i < bytes; ++i) {
      number = number << 8 | tiff_.data[offset + (is_big_endian_ ? i : bytes - 1 - i)];
    }
    return number;
  }

 private:
  Bytes tiff_;
  bool is_big_endian_;
};

int OrientationOf(Bytes tiff) {
  const TiffReader reader(tiff);
  if (!reader.is_tiff()) return kUpright;
  const size_t directory = reader.Number(4, 4);
  const uint32_t entries = reader.Number(directory, 2);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (reader.Number(entry, 2) != kOrientationTag || reader.Number(entry + 2, 2) != kShort) {
      continue;
    }
    const uint32_t orientation = reader.Number(entry + 8, 2);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : kUpright;
  }
  return kUpright;
}

// The TIFF in the first APP1 segment of a JPEG file that holds EXIF; empty if none.
Bytes FindExif(const std::vector<uint8_t>& file) {
  constexpr uint8_t kApp1 = 0xE1, kStartOfScan = 0xDA;
  size_t start = 2;
  while (start + 4 <= file.size() && file[start] == 0xFF) {
    const uint8_t marker = file[start + 1];
    if (marker == 0xFF) {  // filling
      ++start;
      continue;
    }
    const size_t size = static_cast<size_t>(file[start + 2]) << 8 | file[start + 3];
    if (marker == kStartOfScan || size < 2 || size > file.size() - start - 2) break;
    const Bytes payload{file.data() + start + 4, size - 2};
    if (marker == kApp1 && payload.size > sizeof(kExifHeader) &&
        std::memcmp(payload.data, kExifHeader, sizeof(kExifHeader)) == 0) {
      return {payload.data + sizeof(kExifHeader), payload.size - sizeof(kExifHeader)};
    }
    start += 2 + size;
  }
  return {nullptr, 0};
}

}  // namespace

int ExifOrientation(const std::vector<uint8_t>& file) {
  if (IsPng(file)) return OrientationOf(FindPngChunk(file, "eXIf"));
  const bool is_jpeg = file.size() >= 2 && file[0] == 0xFF && file[1] == 0xD8;
  return is_jpeg ? OrientationOf(FindExif(file)) : kUpright;
}

}  // namespace bireid_embed
