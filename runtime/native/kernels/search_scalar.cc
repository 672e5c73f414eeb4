#include "kernels/portable_search.h"
#include "kernels/search_kernels.h"

namespace bireid {
namespace {

void Dot(const float* rows, size_t count, size_t dim, const float* query, float* scores) {
  const size_t whole = dim - dim % kDotLanes;
  for (size_t i = 0; i < count; ++i, rows += dim) {
    float lanes[kDotLanes] = {};
    for (size_t at = 0; at < whole; at += kDotLanes) {
      for (size_t lane = 0; lane < kDotLanes; ++lane) {
        lanes[lane] += rows[at + lane] * query[at + lane];
      }
    }
    scores[i] = portable::FinishDot(lanes, rows, query, whole, dim);
  }
}

constexpr SearchKernels kKernels = {portable::HammingByWords, Dot};

}  // namespace

const SearchKernels* ScalarSearchKernels() { return &kKernels; }

}  // namespace bireid
