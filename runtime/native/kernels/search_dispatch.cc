#include <string_view>

#include "kernels/search_kernels.h"

namespace bireid {

const SearchKernels& SearchKernelsOf(const KernelTable& path) {
  const std::string_view name = path.name;
  const SearchKernels* kernels = nullptr;
  if (name == "avx2" || name == "avx512f") kernels = Avx2SearchKernels();
  if (name == "avx512" || name == "amx") kernels = Avx512SearchKernels();
  if (name == "neon") kernels = NeonSearchKernels();
  return kernels != nullptr ? *kernels : *ScalarSearchKernels();
}

}  // namespace bireid
