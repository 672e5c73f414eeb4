#include "kernels/dispatch.h"

#include "kernels/amx_permission.h"

#if defined(__linux__) && (defined(__arm__) || defined(__aarch64__))
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace bireid {
namespace {

#if defined(__x86_64__)
bool CpuHasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool CpuHasAvx512f() {
  return CpuHasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool CpuHasAvx512() {
  return CpuHasAvx512f() && __builtin_cpu_supports("avx512vpopcntdq") &&
         __builtin_cpu_supports("avx512vnni");
}
#else
bool CpuHasAvx2() { return false; }
bool CpuHasAvx512f() { return false; }
bool CpuHasAvx512() { return false; }
#endif

#if defined(__linux__) && defined(__aarch64__)
bool CpuHasDotProducts() { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }
#else
bool CpuHasDotProducts() { return false; }
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

// Floats in AVX-512, bits and pixels in AVX2.
const KernelTable* Avx512fKernels() {
  if (!CpuHasAvx512f() || Avx512fFloats() == nullptr) return nullptr;
  static const KernelTable table = [] {
    const KernelTable& floats = *Avx512fFloats();
    KernelTable mixed = *Avx2Kernels();
    mixed.name = floats.name;
    mixed.float_weights_bytes = floats.float_weights_bytes;
    mixed.pack_float_weights = floats.pack_float_weights;
    mixed.float_convolution = floats.float_convolution;
    mixed.depthwise_convolution = floats.depthwise_convolution;
    mixed.pool_row = floats.pool_row;
    mixed.apply = floats.apply;
    return mixed;
  }();
  return &table;
}

// Products of bits and of pixels in tiles, the rest as in avx512.
const KernelTable* AmxKernels() {
  if (AmxProducts() == nullptr || !CpuHasAvx512() || !MayUseAmx()) return nullptr;
  static const KernelTable table = [] {
    const KernelTable& products = *AmxProducts();
    KernelTable mixed = *Avx512Kernels();
    mixed.name = products.name;
    mixed.binary_scratch_bytes = products.binary_scratch_bytes;
    mixed.binary_convolution = products.binary_convolution;
    mixed.pixel_weights_bytes = products.pixel_weights_bytes;
    mixed.pack_pixel_weights = products.pack_pixel_weights;
    mixed.pixel_convolution = products.pixel_convolution;
    return mixed;
  }();
  return &table;
}

// Products of pixels as this CPU multiplies them fastest.
const KernelTable* NeonKernelsOfCpu() {
  if (NeonDotProducts() == nullptr || !CpuHasDotProducts()) return NeonKernels();
  static const KernelTable table = [] {
    const KernelTable& products = *NeonDotProducts();
    KernelTable mixed = *NeonKernels();
    mixed.pixel_weights_bytes = products.pixel_weights_bytes;
    mixed.pack_pixel_weights = products.pack_pixel_weights;
    mixed.pixel_convolution = products.pixel_convolution;
    return mixed;
  }();
  return &table;
}

}  // namespace

const KernelTable* FindKernels(std::string_view isa) {
  // Asked for only when its turn comes: a process that may use it has larger signal frames.
  if (isa == "auto" || isa == "amx") {
    const KernelTable* amx = AmxKernels();
    if (amx != nullptr || isa == "amx") return amx;
  }
  const KernelTable* fastest_first[] = {
      CpuHasAvx512() ? Avx512Kernels() : nullptr,
      Avx512fKernels(),
      CpuHasAvx2() ? Avx2Kernels() : nullptr,
      NeonKernelsOfCpu(),
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
