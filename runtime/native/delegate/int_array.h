// LiteRT's arrays of integers.
#ifndef BIREID_DELEGATE_INT_ARRAY_H_
#define BIREID_DELEGATE_INT_ARRAY_H_

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "delegate/litert_abi.h"

namespace bireid {

struct FreeIntArray {
  void operator()(litert::TfLiteIntArray* array) const { std::free(array); }
};

using IntArray = std::unique_ptr<litert::TfLiteIntArray, FreeIntArray>;

// From malloc(), because LiteRT frees those that it takes over with free().
inline IntArray NewIntArray(const std::vector<int>& values) {
  const size_t bytes =
      offsetof(litert::TfLiteIntArray, data) + std::max<size_t>(1, values.size()) * sizeof(int);
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  IntArray array(static_cast<litert::TfLiteIntArray*>(memory));
  array->size = static_cast<int>(values.size());
  std::copy(values.begin(), values.end(), array->data);
  return array;
}

}  // namespace bireid

#endif  // BIREID_DELEGATE_INT_ARRAY_H_
