#include "engine/sha256.h"

#include <algorithm>
#include <cstring>

namespace bireid {
namespace {

constexpr uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t RotateRight(uint32_t value, int count) { return value >> count | value << (32 - count); }

}  // namespace

void Sha256::Update(const void* data, size_t bytes) {
  const uint8_t* input = static_cast<const uint8_t*>(data);
  while (bytes > 0) {
    const size_t waiting = bytes_ % sizeof(block_);
    const size_t taken = std::min(bytes, sizeof(block_) - waiting);
    std::memcpy(block_ + waiting, input, taken);
    if (waiting + taken == sizeof(block_)) AddBlock(block_);
    bytes_ += taken;
    input += taken;
    bytes -= taken;
  }
}

std::string Sha256::Hex() {
  // A bit 1, then bits 0 up to the last 64 of a block, which hold the length in bits.
  const uint64_t bits = bytes_ * 8;
  const uint8_t padding[64] = {0x80};
  const size_t waiting = bytes_ % sizeof(block_);
  Update(padding, (waiting < 56 ? 56 : 120) - waiting);
  uint8_t length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<uint8_t>(bits >> (56 - 8 * i));
  Update(length, sizeof(length));

  std::string hex;
  for (const uint32_t word : state_) {
    for (int shift = 28; shift >= 0; shift -= 4) hex += "0123456789abcdef"[word >> shift & 15];
  }
  return hex;
}

void Sha256::AddBlock(const uint8_t* block) {
  uint32_t schedule[64];
  for (int t = 0; t < 16; ++t) {
    const uint8_t* word = block + 4 * t;
    schedule[t] = uint32_t{word[0]} << 24 | uint32_t{word[1]} << 16 | uint32_t{word[2]} << 8 |
                  uint32_t{word[3]};
  }
  for (int t = 16; t < 64; ++t) {
    const uint32_t x = schedule[t - 15];
    const uint32_t y = schedule[t - 2];
    const uint32_t sigma0 = RotateRight(x, 7) ^ RotateRight(x, 18) ^ x >> 3;
    const uint32_t sigma1 = RotateRight(y, 17) ^ RotateRight(y, 19) ^ y >> 10;
    schedule[t] = schedule[t - 16] + sigma0 + schedule[t - 7] + sigma1;
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (int t = 0; t < 64; ++t) {
    const uint32_t sum1 = RotateRight(e, 6) ^ RotateRight(e, 11) ^ RotateRight(e, 25);
    const uint32_t sum0 = RotateRight(a, 2) ^ RotateRight(a, 13) ^ RotateRight(a, 22);
    const uint32_t temporary = h + sum1 + ((e & f) ^ (~e & g)) + kRoundConstants[t] + schedule[t];
    h = g;
    g = f;
    f = e;
    e = d + temporary;
    d = c;
    c = b;
    b = a;
    a = temporary + sum0 + ((b & c) ^ (b & d) ^ (c & d));
  }
  const uint32_t working[8] = {a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; ++i) state_[i] += working[i];
}

std::string Sha256Hex(const void* data, size_t bytes) {
  Sha256 sha256;
  sha256.Update(data, bytes);
  return sha256.Hex();
}

}  // namespace bireid
