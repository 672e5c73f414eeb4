#include <string_view>

#include "kernels/search_kernels.h"

namespace bireid {

const SearchKernels& SearchKernelsOf(const KernelTable& path) {
  const std::string_view base = path.base;
  const SearchKernels* kernels = nullptr;
  if (base == "avx2") kernels = Avx2SearchKernels();
  if (base == "avx512") kernels = Avx512SearchKernels();
  if (base == "neon") kernels = NeonSearchKernels();
  return kernels != nullptr ? *kernels : *ScalarSearchKernels();
}

}  // namespace bireid
