#include <string>

#include "engine/bireid_search.h"
#include "engine/c_status.h"
#include "engine/search.h"
#include "kernels/dispatch.h"
#include "plan/thread_pool.h"

using bireid::Guard;
using bireid::Require;

namespace {

const bireid::SearchKernels& Kernels() {
  static const bireid::SearchKernels& kernels =
      bireid::SearchKernelsOf(*bireid::FindKernels("auto"));
  return kernels;
}

void RequireRange(const char* name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return;
  throw std::invalid_argument(std::string(name) + " is " + std::to_string(value) + "; it must be " +
                              std::to_string(least) + " to " + std::to_string(most));
}

void RequireRows(int64_t count, int32_t dim) {
  RequireRange("count", count, 0, bireid::kMaxSearchRows);
  RequireRange("dim", dim, 1, bireid::kMaxSearchDim);
}

// What both searches are asked.
bireid::SearchSpace ReadSpace(int64_t count, int32_t dim, const uint8_t* allowed, int64_t top,
                              int32_t threads, const int64_t* found) {
  RequireRows(count, dim);
  RequireRange("top", top, 1, bireid::kMaxSearchTop);
  RequireRange("threads", threads, 1, bireid::kMaxThreads);
  Require(found != nullptr, "a pointer is NULL");
  return {count, static_cast<size_t>(dim), allowed};
}

}  // namespace

bireid_status bireid_sign_codes(const float* vectors, int64_t count, int32_t dim, uint8_t* codes) {
  return Guard([&] {
    RequireRows(count, dim);
    Require(count == 0 || (vectors != nullptr && codes != nullptr), "a pointer is NULL");
    for (int64_t i = 0; i < count; ++i, vectors += dim) {
      bireid::SignCode(vectors, static_cast<size_t>(dim), codes);
      codes += bireid::CodeBytes(static_cast<size_t>(dim));
    }
    return BIREID_OK;
  });
}

bireid_status bireid_search_codes(const uint8_t* codes, int64_t count, int32_t dim,
                                  const uint8_t* query, const uint8_t* allowed, int64_t top,
                                  int32_t threads, int64_t* rows, int32_t* distances,
                                  int64_t* found) {
  return Guard([&] {
    const bireid::SearchSpace space = ReadSpace(count, dim, allowed, top, threads, found);
    Require(query != nullptr && rows != nullptr && distances != nullptr &&
                (codes != nullptr || count == 0),
            "a pointer is NULL");
    *found = bireid::NearestCodes(Kernels(), space, codes, query, top, threads, rows, distances);
    return BIREID_OK;
  });
}

bireid_status bireid_search_vectors(const float* vectors, int64_t count, int32_t dim,
                                    const float* query, const uint8_t* allowed, int64_t top,
                                    int32_t threads, int64_t* rows, float* scores, int64_t* found) {
  return Guard([&] {
    const bireid::SearchSpace space = ReadSpace(count, dim, allowed, top, threads, found);
    Require(query != nullptr && rows != nullptr && scores != nullptr &&
                (vectors != nullptr || count == 0),
            "a pointer is NULL");
    *found = bireid::NearestVectors(Kernels(), space, vectors, query, top, threads, rows, scores);
    return BIREID_OK;
  });
}

bireid_status bireid_search_rescore(const float* vectors, int64_t count, int32_t dim,
                                    const float* query, const int64_t* rows, int64_t row_count,
                                    float* scores) {
  return Guard([&] {
    RequireRows(count, dim);
    RequireRange("row_count", row_count, 0, bireid::kMaxSearchRows);
    Require(row_count == 0 ||
                (vectors != nullptr && query != nullptr && rows != nullptr && scores != nullptr),
            "a pointer is NULL");
    for (int64_t i = 0; i < row_count; ++i) RequireRange("a row", rows[i], 0, count - 1);
    for (int64_t i = 0; i < row_count; ++i) {
      Kernels().dot(vectors + rows[i] * dim, 1, static_cast<size_t>(dim), query, scores + i);
    }
    return BIREID_OK;
  });
}
