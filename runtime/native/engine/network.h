// The network of a bundle, planned: its inputs and outputs are those of the manifest.
#ifndef BIREID_ENGINE_NETWORK_H_
#define BIREID_ENGINE_NETWORK_H_

#include <memory>
#include <string>

#include "engine/bundle.h"
#include "kernels/kernel_table.h"
#include "plan/plan.h"

namespace bireid {

struct NetworkOptions {
  int threads = 1;
  const KernelTable* kernels = nullptr;
  bool uint8_stem = false;
  std::string profile;  // file for the time of every step; empty: none
};

// The plan's inputs and outputs are in the order of the manifest, whatever order the file has. The
// file is not needed any more. Throws BundleError, UnsupportedError or std::bad_alloc.
std::unique_ptr<Plan> PlanNetwork(const Manifest& manifest, const ModelFile& file,
                                  const NetworkOptions& options);

}  // namespace bireid

#endif  // BIREID_ENGINE_NETWORK_H_
