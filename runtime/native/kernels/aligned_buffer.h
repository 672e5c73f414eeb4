// Zeroed memory at cache-line alignment.
#ifndef BIREID_KERNELS_ALIGNED_BUFFER_H_
#define BIREID_KERNELS_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace bireid {

class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  // The next multiple of the alignment.
  static constexpr size_t Rounded(size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }

  AlignedBuffer() = default;

  // Throws std::bad_alloc.
  explicit AlignedBuffer(size_t bytes) {
    const size_t rounded = Rounded(bytes);
    if (rounded < bytes) throw std::bad_alloc();
    if (rounded == 0) return;
    memory_.reset(std::aligned_alloc(kAlignment, rounded));
    if (memory_ == nullptr) throw std::bad_alloc();
    std::memset(memory_.get(), 0, rounded);
  }

  void* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
};

}  // namespace bireid

#endif  // BIREID_KERNELS_ALIGNED_BUFFER_H_
