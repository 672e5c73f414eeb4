// SHA-256 (FIPS 180-4).
#ifndef BIREID_ENGINE_SHA256_H_
#define BIREID_ENGINE_SHA256_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace bireid {

class Sha256 {
 public:
  void Update(const void* data, size_t bytes);

  // 64 lower-case hexadecimal digits. The last call on the object.
  std::string Hex();

 private:
  void AddBlock(const uint8_t* block);

  uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t block_[64];
  uint64_t bytes_ = 0;  // so far; the last bytes_ % 64 of them wait in block_
};

std::string Sha256Hex(const void* data, size_t bytes);

}  // namespace bireid

#endif  // BIREID_ENGINE_SHA256_H_
