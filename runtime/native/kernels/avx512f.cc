// The first AVX-512, of CPUs that cannot count bits with it: its floats alone, which dispatch.cc
// puts together with the rest of avx2.
#include "kernels/kernel_table.h"

#if defined(__x86_64__) && defined(__AVX512F__)

#include "kernels/avx512_float.h"

namespace bireid {
namespace {

constexpr KernelTable kTable = {
    "avx512f",         nullptr,
    nullptr,           nullptr,
    nullptr,           nullptr,
    FloatWeightsBytes, PackWeights<float>,
    FloatConvolution,  DepthwiseConvolution,
    nullptr,           nullptr,
    nullptr,           nullptr,
    PoolRow,           Apply,
};

}  // namespace

const KernelTable* Avx512fFloats() { return &kTable; }

}  // namespace bireid

#else

namespace bireid {
const KernelTable* Avx512fFloats() { return nullptr; }
}  // namespace bireid

#endif
