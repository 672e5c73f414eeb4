#include <string_view>

#include "kernels/resize_kernels.h"

namespace bireid {

const ResizeKernels& ResizeKernelsOf(const KernelTable& path) {
  const std::string_view base = path.base;
  const ResizeKernels* kernels = nullptr;
  // Rows are short: wider vectors than AVX2's gain nothing.
  if (base == "avx2" || base == "avx512") kernels = Avx2ResizeKernels();
  if (base == "neon") kernels = NeonResizeKernels();
  return kernels != nullptr ? *kernels : *ScalarResizeKernels();
}

}  // namespace bireid
