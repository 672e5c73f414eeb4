// What all requests that a server works on may hold together.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_MEMORY_BUDGET_H_
#define BIREID_PROGRAMS_BIREID_EMBED_MEMORY_BUDGET_H_

#include <atomic>
#include <cstddef>
#include <functional>

namespace bireid_embed {

// Called with the bytes that are about to be held; throws ImageError if they are too many.
using MemoryCheck = std::function<void(size_t)>;

class MemoryBudget {
 public:
  explicit MemoryBudget(size_t bytes) : left_(bytes) {}

  // Of one request. Every request has kFree bytes of its own, so that large ones of others do not
  // stand in the way of crops; what goes beyond comes from the budget, and goes back at the end.
  class Share {
   public:
    explicit Share(MemoryBudget& budget) : budget_(budget) {}
    ~Share() { budget_.left_ += taken_; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Throws ImageError, and holds no more than before, if the budget is used up.
    void Take(size_t bytes);

    MemoryCheck Check() {
      return [this](size_t bytes) { Take(bytes); };
    }

   private:
    MemoryBudget& budget_;
    size_t held_ = 0;
    size_t taken_ = 0;  // of held_, from the budget
  };

  static constexpr size_t kFree = size_t{4} << 20;

 private:
  std::atomic<size_t> left_;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_MEMORY_BUDGET_H_
