// Chooses the instruction-set path for the CPU that this process runs on.
#ifndef BIREID_KERNELS_DISPATCH_H_
#define BIREID_KERNELS_DISPATCH_H_

#include <string_view>

#include "kernels/kernel_table.h"

namespace bireid {

// The path of that name ("scalar", "avx2", "avx512f", "avx512", "amx", "neon", "wasm"), or the
// fastest for "auto". Null if the name is unknown, this build lacks the path or this CPU cannot run
// it.
const KernelTable* FindKernels(std::string_view isa);

}  // namespace bireid

#endif  // BIREID_KERNELS_DISPATCH_H_
