// The instructions of AMX on its eight tile registers. For amx.cc alone, and with internal linkage
// for the reason that portable_kernels.h gives.
//
// In assembler, since of the intrinsics of gcc 12 those that load do not say that they read memory:
// stores before them may come too late, or never.
#ifndef BIREID_KERNELS_AMX_INSTRUCTIONS_H_
#define BIREID_KERNELS_AMX_INSTRUCTIONS_H_

#include <cstdint>

namespace bireid {
namespace {

template <int kTile>
[[gnu::always_inline]] inline void LoadTile(const void* rows, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(rows), "r"(stride), "i"(kTile) : "memory");
}

template <int kTile>
[[gnu::always_inline]] inline void StoreTile(void* rows, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(rows), "r"(stride), "i"(kTile) : "memory");
}

template <int kTile>
[[gnu::always_inline]] inline void ZeroTile() {
  asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
}

// Sums of products of int8 and int8, uint8 and int8, uint8 and uint8.
template <int kSums, int kFirst, int kSecond>
[[gnu::always_inline]] inline void MultiplySignedSigned() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSums), "i"(kFirst), "i"(kSecond));
}
template <int kSums, int kFirst, int kSecond>
[[gnu::always_inline]] inline void MultiplyUnsignedSigned() {
  asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSums), "i"(kFirst), "i"(kSecond));
}
template <int kSums, int kFirst, int kSecond>
[[gnu::always_inline]] inline void MultiplyUnsignedUnsigned() {
  asm volatile("tdpbuud %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSums), "i"(kFirst), "i"(kSecond));
}

// The tiles of this thread, of 16 rows of 64 bytes, for as long as this lives.
class TileConfiguration {
 public:
  TileConfiguration() {
    struct {
      uint8_t palette = 1;
      uint8_t start_row = 0;
      uint8_t reserved[14] = {};
      uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } config;
    static_assert(sizeof(config) == 64);
    asm volatile("ldtilecfg %0" ::"m"(config));
  }
  ~TileConfiguration() { asm volatile("tilerelease"); }
  TileConfiguration(const TileConfiguration&) = delete;
  TileConfiguration& operator=(const TileConfiguration&) = delete;
};

}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_AMX_INSTRUCTIONS_H_
