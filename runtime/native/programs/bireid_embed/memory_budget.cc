#include "programs/bireid_embed/memory_budget.h"

#include <algorithm>
#include <string>

#include "programs/bireid_embed/errors.h"

namespace bireid_embed {

void MemoryBudget::Share::Take(size_t bytes) {
  const size_t beyond = std::max(held_ + bytes, kFree) - std::max(held_, kFree);
  size_t left = budget_.left_;
  do {
    if (beyond > left) {
      throw ImageError("the request needs " + std::to_string((held_ + bytes) >> 20) +
                       " MB; the server has " + std::to_string(left >> 20) +
                       " MB left for large ones: send a smaller image, or try again");
    }
  } while (!budget_.left_.compare_exchange_weak(left, left - beyond));
  held_ += bytes;
  taken_ += beyond;
}

}  // namespace bireid_embed
