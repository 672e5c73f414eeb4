#include "kernels/amx_permission.h"

// Android may end a process for a system call that it does not expect.
#if defined(__x86_64__) && defined(__linux__) && !defined(__ANDROID__)
#define BIREID_MAY_ASK_FOR_TILES 1
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#endif

namespace bireid {

#if defined(BIREID_MAY_ASK_FOR_TILES)

namespace {

bool CpuHasTiles() {
  constexpr unsigned kVbmi = 1u << 1, kGfni = 1u << 8;          // ECX
  constexpr unsigned kAmxTile = 1u << 24, kAmxInt8 = 1u << 25;  // EDX
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return (ecx & kVbmi) != 0 && (ecx & kGfni) != 0 && (edx & kAmxTile) != 0 && (edx & kAmxInt8) != 0;
}

bool SystemSavesTiles() {
  constexpr unsigned kHasXgetbv = 1u << 27;  // ECX
  constexpr unsigned kTileState = 3u << 17;  // configuration and data
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kHasXgetbv) == 0) return false;
  uint32_t low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & kTileState) == kTileState;
}

bool SystemPermitsTiles() {
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool MayUseAmx() {
  static const bool may = CpuHasTiles() && SystemSavesTiles() && SystemPermitsTiles();
  return may;
}

#else

bool MayUseAmx() { return false; }

#endif

}  // namespace bireid
