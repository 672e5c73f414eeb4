#include "kernels/dispatch.h"

#if defined(__arm__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace bireid {
namespace {

#if defined(__x86_64__)
bool CpuHasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool CpuHasAvx512() {
  return CpuHasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vnni");
}
#else
bool CpuHasAvx2() { return false; }
bool CpuHasAvx512() { return false; }
#endif

#if defined(__arm__)
// Where vectors have a fused multiply-add, VFPv4 has it too.
bool CpuHasNeon32() {
  constexpr unsigned long kNeeded = HWCAP_NEON | HWCAP_VFPv4;
  return (getauxval(AT_HWCAP) & kNeeded) == kNeeded;
}
#else
bool CpuHasNeon32() { return false; }
#endif

}  // namespace

const KernelTable* FindKernels(std::string_view isa) {
  const KernelTable* fastest_first[] = {
      CpuHasAvx512() ? Avx512Kernels() : nullptr,
      CpuHasAvx2() ? Avx2Kernels() : nullptr,
      NeonKernels(),
      CpuHasNeon32() ? Neon32Kernels() : nullptr,
      WasmKernels(),
      ScalarKernels(),
  };
  for (const KernelTable* kernels : fastest_first) {
    if (kernels != nullptr && (isa == "auto" || isa == kernels->name)) return kernels;
  }
  return nullptr;
}

}  // namespace bireid
