#include "engine/search.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "plan/thread_pool.h"
#include "plan/usable_cpus.h"

namespace bireid {
namespace {

// Rows whose distances are computed before they are looked at; their distances stay in the first
// cache.
constexpr int64_t kBlock = 1024;
// Less than this is not worth waking a thread for.
constexpr int64_t kRowsPerThread = 16384;

// A row and its distance; smaller is nearer.
template <typename Number>
struct Found {
  Number distance;
  int64_t row;

  bool operator<(const Found& other) const {
    return distance != other.distance ? distance < other.distance : row < other.row;
  }
};

// The nearest so far: a heap with the farthest of them on top.
template <typename Number>
class Nearest {
 public:
  explicit Nearest(int64_t top) : top_(static_cast<size_t>(top)) { heap_.reserve(top_); }

  void Offer(const Found<Number>& found) {
    if (heap_.size() < top_) {
      heap_.push_back(found);
      std::push_heap(heap_.begin(), heap_.end());
    } else if (found < heap_.front()) {
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.back() = found;
      std::push_heap(heap_.begin(), heap_.end());
    }
  }

  const std::vector<Found<Number>>& found() const { return heap_; }

  std::vector<Found<Number>>& Sorted() {
    std::sort_heap(heap_.begin(), heap_.end());
    return heap_;
  }

 private:
  size_t top_;
  std::vector<Found<Number>> heap_;
};

// Distances(begin, rows, distances) computes those of a block.
template <typename Number, typename Distances>
void Scan(const SearchSpace& space, int64_t begin, int64_t end, const Distances& compute,
          Nearest<Number>* nearest) {
  Number distances[kBlock];
  for (; begin < end; begin += kBlock) {
    const int64_t rows = std::min(kBlock, end - begin);
    compute(begin, rows, distances);
    for (int64_t i = 0; i < rows; ++i) {
      if (space.allowed != nullptr && space.allowed[begin + i] == 0) continue;
      nearest->Offer({distances[i], begin + i});
    }
  }
}

template <typename Number, typename Distances>
std::vector<Found<Number>> FindNearest(const SearchSpace& space, int64_t top, int threads,
                                       const Distances& compute) {
  top = std::min(top, space.count);
  const int64_t useful = std::max<int64_t>(1, space.count / kRowsPerThread);
  const int workers = static_cast<int>(std::min<int64_t>({threads, useful, UsableCpus()}));
  // All memory is taken here: a worker must not throw.
  std::vector<Nearest<Number>> shares;
  shares.reserve(static_cast<size_t>(workers));
  for (int i = 0; i < workers; ++i) shares.emplace_back(top);
  RunParts(workers, [&](const Part& part) {
    // Whole blocks, so that a share's first row lies where a cache line may begin.
    const int64_t blocks = (space.count + kBlock - 1) / kBlock;
    const int64_t begin = blocks * part.number / part.count * kBlock;
    const int64_t end = std::min(space.count, blocks * (part.number + 1) / part.count * kBlock);
    Scan(space, begin, end, compute, &shares[static_cast<size_t>(part.number)]);
  });
  for (size_t i = 1; i < shares.size(); ++i) {
    for (const Found<Number>& found : shares[i].found()) shares[0].Offer(found);
  }
  return std::move(shares[0].Sorted());
}

}  // namespace

void SignCode(const float* vector, size_t dim, uint8_t* code) {
  std::fill_n(code, CodeBytes(dim), uint8_t{0});
  for (size_t i = 0; i < dim; ++i) {
    if (vector[i] >= 0) code[i / 8] = static_cast<uint8_t>(code[i / 8] | 0x80u >> i % 8);
  }
}

int64_t NearestCodes(const SearchKernels& kernels, const SearchSpace& space, const uint8_t* codes,
                     const uint8_t* query, int64_t top, int threads, int64_t* rows,
                     int32_t* distances) {
  const size_t bytes = CodeBytes(space.dim);
  const auto compute = [&](int64_t begin, int64_t count, int32_t* block) {
    kernels.hamming(codes + static_cast<size_t>(begin) * bytes, static_cast<size_t>(count), bytes,
                    query, block);
  };
  const auto nearest = FindNearest<int32_t>(space, top, threads, compute);
  for (const auto& [distance, row] : nearest) {
    *rows++ = row;
    *distances++ = distance;
  }
  return static_cast<int64_t>(nearest.size());
}

int64_t NearestVectors(const SearchKernels& kernels, const SearchSpace& space, const float* vectors,
                       const float* query, int64_t top, int threads, int64_t* rows, float* scores) {
  const auto compute = [&](int64_t begin, int64_t count, float* block) {
    kernels.dot(vectors + static_cast<size_t>(begin) * space.dim, static_cast<size_t>(count),
                space.dim, query, block);
    // A higher score is nearer. A product that is no number is the farthest of all.
    for (int64_t i = 0; i < count; ++i) {
      block[i] = block[i] == block[i] ? -block[i] : std::numeric_limits<float>::infinity();
    }
  };
  const auto nearest = FindNearest<float>(space, top, threads, compute);
  for (const auto& [distance, row] : nearest) {
    *rows++ = row;
    *scores++ = -distance;
  }
  return static_cast<int64_t>(nearest.size());
}

}  // namespace bireid
