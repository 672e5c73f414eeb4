#include <string_view>

#include "kernels/resize_kernels.h"

namespace bireid {

const ResizeKernels& ResizeKernelsOf(const KernelTable& path) {
  const std::string_view name = path.name;
  const ResizeKernels* kernels = nullptr;
  // Rows are short: wider vectors than AVX2's gain nothing.
  if (name == "avx2" || name == "avx512f" || name == "avx512" || name == "amx") {
    kernels = Avx2ResizeKernels();
  }
  if (name == "neon") kernels = NeonResizeKernels();
  return kernels != nullptr ? *kernels : *ScalarResizeKernels();
}

}  // namespace bireid
