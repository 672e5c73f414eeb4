// A graph of operators, as whoever reads a model hands it to the plan. It knows no file format and
// no runtime.
#ifndef BIREID_PLAN_GRAPH_H_
#define BIREID_PLAN_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/geometry.h"

namespace bireid {

enum class DataType : uint8_t { kFloat32, kInt32, kInt8, kBool, kOther };

// A tensor, NHWC where it is a map. Packed maps are kInt32: 32 channels to the word, bit 1 = -1.
struct Tensor {
  DataType type = DataType::kOther;
  std::vector<int> shape;
  const void* constant = nullptr;  // null: computed, or an input
  size_t constant_bytes = 0;
  float scale = 0.0f;  // int8: real = scale * (value - zero_point)
  int32_t zero_point = 0;
};

// Inputs of a node are in the order of TensorFlow Lite's. Maps are float32 unless an operator says
// otherwise; their sizes never broadcast, but for the factor of kMul.
enum class Operator : uint8_t {
  kLceQuantize,
  kLceDequantize,
  kLceBconv2d,
  kLceBMaxPool2d,
  kConv2d,
  kDepthwiseConv2d,  // filter [1, height, width, channels out]
  kFullyConnected,   // of [batch, 1, 1, channels]; weights [channels out, channels in]
  kMaxPool2d,
  kAveragePool2d,
  kMean,  // over rows and columns, to [batch, 1, 1, channels]; a constant second input is not read
  kL2Normalization,  // over the channels of every pixel
  kAdd,
  kSub,
  kMul,  // one of two maps may be [batch, 1, 1, channels]
  kPrelu,
  kRelu,  // to the range of Options::activation, where kNone is kRelu
  kLogistic,
  kPad,
  kReshape,  // of every image by itself; a constant second input is not read
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
  int pad_value = 0;    // kLceBconv2d with kSame: 0 or 1
  int channels_in = 0;  // kLceBconv2d: channels before packing
};

// Inputs and outputs are tensor indices; -1 is an input that is left out.
struct Node {
  Operator op;
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
