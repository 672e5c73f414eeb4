#include "programs/bireid_embed/png_chunks.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "programs/bireid_embed/errors.h"

namespace bireid_embed {
namespace {

constexpr uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr size_t kTypeBytes = 4;
constexpr size_t kFrameBytes = 12;  // of a chunk: length, type, checksum

uint32_t BigEndian(const uint8_t* bytes) {
  return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
         static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
}

std::array<uint32_t, 256> CrcTable() {
  std::array<uint32_t, 256> table;
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0u);
    table[byte] = crc;
  }
  return table;
}

uint32_t Crc32(const uint8_t* data, size_t size) {
  static const std::array<uint32_t, 256> table = CrcTable();
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; ++i) crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xFF];
  return ~crc;
}

bool HasType(const uint8_t* chunk, const char* type) {
  return std::memcmp(chunk + 4, type, kTypeBytes) == 0;
}

}  // namespace

bool IsPng(const std::vector<uint8_t>& file) {
  return file.size() >= sizeof(kSignature) &&
         std::memcmp(file.data(), kSignature, sizeof(kSignature)) == 0;
}

void CheckPng(const std::vector<uint8_t>& file, const std::string& source) {
  if (!IsPng(file)) return;
  for (size_t start = sizeof(kSignature);;) {
    const size_t left = file.size() - start;
    const uint8_t* chunk = file.data() + start;
    if (left < kFrameBytes || BigEndian(chunk) > left - kFrameBytes) {
      throw ImageError(source + ": the image is cut off");
    }
    const size_t size = BigEndian(chunk);
    if (Crc32(chunk + 4, kTypeBytes + size) != BigEndian(chunk + 8 + size)) {
      throw ImageError(source + ": the image is damaged: a checksum of the PNG file is wrong");
    }
    if (HasType(chunk, "IEND")) return;
    start += kFrameBytes + size;
  }
}

Bytes FindPngChunk(const std::vector<uint8_t>& file, const char* type) {
  const uint8_t* chunk = file.data() + sizeof(kSignature);
  while (!HasType(chunk, type)) {
    if (HasType(chunk, "IEND")) return {nullptr, 0};
    chunk += kFrameBytes + BigEndian(chunk);
  }
  return {chunk + 8, BigEndian(chunk)};
}

}  // namespace bireid_embed
