// CRC-32 as in zlib, PNG and zip.
#ifndef BIREID_TESTS_CRC32_H_
#define BIREID_TESTS_CRC32_H_

#include <cstddef>
#include <cstdint>

namespace bireid {

inline uint32_t Crc32(const void* data, size_t bytes) {
  const uint8_t* byte = static_cast<const uint8_t*>(data);
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < bytes; ++i) {
    crc ^= byte[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

}  // namespace bireid

#endif  // BIREID_TESTS_CRC32_H_
