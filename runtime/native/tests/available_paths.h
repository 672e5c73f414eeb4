// The kernel paths that this CPU can run.
#ifndef BIREID_TESTS_AVAILABLE_PATHS_H_
#define BIREID_TESTS_AVAILABLE_PATHS_H_

#include <string>
#include <vector>

#include "kernels/dispatch.h"

namespace bireid {

inline std::vector<std::string> AvailablePaths() {
  std::vector<std::string> paths;
  for (const char* isa : {"scalar", "avx2", "avx512f", "avx512", "amx", "neon"}) {
    if (FindKernels(isa) != nullptr) paths.push_back(isa);
  }
  return paths;
}

}  // namespace bireid

#endif  // BIREID_TESTS_AVAILABLE_PATHS_H_
