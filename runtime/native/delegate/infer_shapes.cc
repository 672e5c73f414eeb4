#include "delegate/infer_shapes.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "plan/plan.h"

namespace bireid {
namespace {

using Shape = std::vector<int>;

constexpr int kWordBits = 32;

int Words(int channels) { return channels / kWordBits + (channels % kWordBits != 0); }

const Tensor& Input(const Node& node, size_t index, const Graph& graph) {
  if (index >= node.inputs.size() || node.inputs[index] < 0) {
    throw PlanError("input " + std::to_string(index) + " is missing");
  }
  return graph.tensors[node.inputs[index]];
}

const Shape& MapShape(const Tensor& tensor, const char* what) {
  if (tensor.shape.size() != 4) throw PlanError(std::string(what) + " does not have 4 dimensions");
  return tensor.shape;
}

Shape WindowsOutput(const Shape& map, int filter_height, int filter_width, int channels,
                    const Options& options) {
  try {
    const Extent vertical = Extent::Of(map[1], filter_height, options.stride_height,
                                       options.dilation_height, options.padding);
    const Extent horizontal = Extent::Of(map[2], filter_width, options.stride_width,
                                         options.dilation_width, options.padding);
    return {map[0], vertical.output, horizontal.output, channels};
  } catch (const std::invalid_argument& error) {
    throw PlanError(error.what());
  }
}

Shape ConvolutionOutput(const Node& node, const Graph& graph) {
  const Shape& filter = MapShape(Input(node, 1, graph), "the filter");
  const bool bits =
      node.op == Operator::kLceBconv2d && graph.tensors[node.outputs[0]].type == DataType::kInt32;
  return WindowsOutput(MapShape(Input(node, 0, graph), "the input"), filter[1], filter[2],
                       bits ? Words(filter[0]) : filter[0], node.options);
}

Shape PoolOutput(const Node& node, const Graph& graph) {
  const Shape& map = MapShape(Input(node, 0, graph), "the input");
  return WindowsOutput(map, node.options.filter_height, node.options.filter_width, map[3],
                       node.options);
}

Shape WithLast(Shape shape, int last) {
  if (shape.empty()) throw PlanError("the input is a single number");
  shape.back() = last;
  return shape;
}

Shape Broadcast(Shape a, Shape b) {
  if (a.size() < b.size()) std::swap(a, b);
  b.insert(b.begin(), a.size() - b.size(), 1);
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && a[i] != 1 && b[i] != 1) throw PlanError("the shapes do not fit together");
    if (a[i] == 1) a[i] = b[i];
  }
  return a;
}

// The amounts are constants, int32 [rank][before, after].
Shape Padded(Shape shape, const Tensor& amounts) {
  if (amounts.type != DataType::kInt32 || amounts.constant == nullptr ||
      amounts.constant_bytes != shape.size() * 2 * sizeof(int32_t)) {
    throw PlanError("the amounts of padding are not constants of the input's rank");
  }
  const int32_t* amount = static_cast<const int32_t*>(amounts.constant);
  for (int& size : shape) {
    const int64_t before = *amount++;
    const int64_t after = *amount++;
    const int64_t padded = size + before + after;
    if (before < 0 || after < 0 || padded > std::numeric_limits<int>::max()) {
      throw PlanError("an amount of padding is out of range");
    }
    size = static_cast<int>(padded);
  }
  return shape;
}

}  // namespace

void InferShapes(const Node& node, Graph* graph) {
  const Tensor& input = Input(node, 0, *graph);
  Shape& output = graph->tensors[node.outputs[0]].shape;
  switch (node.op) {
    case Operator::kLceQuantize:
      output = WithLast(input.shape, input.shape.empty() ? 0 : Words(input.shape.back()));
      break;
    case Operator::kLceDequantize:
      // Packing forgets the number of channels; the model keeps it in the output's shape.
      output = WithLast(input.shape, output.empty() ? 0 : output.back());
      break;
    case Operator::kLceBconv2d:
    case Operator::kConv2d:
      output = ConvolutionOutput(node, *graph);
      break;
    case Operator::kLceBMaxPool2d:
    case Operator::kMaxPool2d:
    case Operator::kAveragePool2d:
      output = PoolOutput(node, *graph);
      break;
    case Operator::kAdd:
    case Operator::kMul:
      output = Broadcast(input.shape, Input(node, 1, *graph).shape);
      break;
    case Operator::kPrelu:
    case Operator::kRelu:
      output = input.shape;
      break;
    case Operator::kPad:
      output = Padded(input.shape, Input(node, 1, *graph));
      break;
    default:
      throw PlanError("the delegate does not claim this operator");
  }
}

}  // namespace bireid
