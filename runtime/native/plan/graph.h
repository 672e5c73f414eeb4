// A graph of operators, as whoever reads a model hands it to the plan. It knows no file format and
// no runtime.
#ifndef BIREID_PLAN_GRAPH_H_
#define BIREID_PLAN_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/geometry.h"

namespace bireid {

class Operator;  // of operator.h

enum class DataType : uint8_t { kFloat32, kInt32, kInt8, kBool, kOther };

constexpr int kMapRank = 4;  // [batch, rows, columns, channels]

// A tensor, NHWC where it is a map. Packed maps are kInt32: 32 channels to the word, bit 1 = -1.
struct Tensor {
  DataType type = DataType::kOther;
  std::vector<int> shape;
  const void* constant = nullptr;  // null: computed, or an input
  size_t constant_bytes = 0;
  float scale = 0.0f;  // int8: real = scale * (value - zero_point)
  int32_t zero_point = 0;
  // Dimensions in the model. A map of another rank than four is read as one of four: [batch,
  // channels] as [batch, 1, 1, channels].
  int rank = kMapRank;
};

// Options of an operator; each reads those that it has.
struct Options {
  Padding padding = Padding::kValid;
  Activation activation = Activation::kNone;
  int stride_height = 1;
  int stride_width = 1;
  int dilation_height = 1;
  int dilation_width = 1;
  int filter_height = 1;
  int filter_width = 1;
  // Of convolutions: zeros around the first input, beside those of `padding`.
  Border zeros;
  // By name: what one operator alone has. Its file in operators/ says which.
  std::map<std::string, int> own;

  // 0 where it is not given.
  int Own(const std::string& name) const {
    const auto found = own.find(name);
    return found == own.end() ? 0 : found->second;
  }
};

// Inputs and outputs are tensor indices; -1 is an input that is left out. Inputs are in the order
// of TensorFlow Lite's.
struct Node {
  const Operator* op;
  std::vector<int> inputs;
  std::vector<int> outputs;
  Options options;
  std::string name;  // for messages and profiles
};

struct Graph {
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;  // in an order in which they can run
  std::vector<int> inputs;
  std::vector<int> outputs;
};

}  // namespace bireid

#endif  // BIREID_PLAN_GRAPH_H_
