// The values of a graph's tensors, one position at a time.
#ifndef BIREID_TESTS_MAP_VALUES_H_
#define BIREID_TESTS_MAP_VALUES_H_

#include <cstdint>
#include <vector>

#include "plan/graph.h"

namespace bireid {

using Bytes = std::vector<char>;

inline size_t BytesOf(const Tensor& tensor) {
  size_t bytes = tensor.type == DataType::kInt8 || tensor.type == DataType::kBool ? 1 : 4;
  for (const int size : tensor.shape) bytes *= size;
  return bytes;
}

class MapValues {
 protected:
  struct Position {
    int image, y, x, c;
  };

  explicit MapValues(const Graph& graph) : graph_(graph), values_(graph.tensors.size()) {
    for (size_t t = 0; t < graph.tensors.size(); ++t) {
      const Tensor& tensor = graph.tensors[t];
      const char* begin = static_cast<const char*>(tensor.constant);
      if (begin != nullptr) values_[t].assign(begin, begin + tensor.constant_bytes);
    }
  }

  const std::vector<int>& Shape(int tensor) const { return graph_.tensors[tensor].shape; }

  int64_t Index(int tensor, const Position& p) const {
    const std::vector<int>& shape = Shape(tensor);
    return ((int64_t{p.image} * shape[1] + p.y) * shape[2] + p.x) * shape[3] + p.c;
  }

  template <typename Value>
  Value& At(int tensor, const Position& p) {
    return reinterpret_cast<Value*>(values_[tensor].data())[Index(tensor, p)];
  }
  template <typename Value>
  const Value* Constant(int tensor) const {
    return reinterpret_cast<const Value*>(values_[tensor].data());
  }
  bool Bit(int tensor, const Position& p) {
    return At<uint32_t>(tensor, {p.image, p.y, p.x, p.c / 32}) >> (p.c % 32) & 1;
  }
  void SetBit(int tensor, const Position& p, bool bit) {
    At<uint32_t>(tensor, {p.image, p.y, p.x, p.c / 32}) |= uint32_t{bit} << (p.c % 32);
  }

  // Over the pixels of a tensor, with as many channels as given.
  template <typename Function>
  void ForEach(int tensor, int channels, Function function) const {
    const std::vector<int>& shape = Shape(tensor);
    Position p{};
    for (p.image = 0; p.image < shape[0]; ++p.image) {
      for (p.y = 0; p.y < shape[1]; ++p.y) {
        for (p.x = 0; p.x < shape[2]; ++p.x) {
          for (p.c = 0; p.c < channels; ++p.c) function(p);
        }
      }
    }
  }

  const Graph& graph_;
  std::vector<Bytes> values_;
};

}  // namespace bireid

#endif  // BIREID_TESTS_MAP_VALUES_H_
