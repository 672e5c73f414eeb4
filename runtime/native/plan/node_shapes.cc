#include "plan/node_shapes.h"

#include <limits>

namespace bireid {
namespace {

const Tensor& InputOf(const Graph& graph, const Node& node, int index) {
  return graph.tensors[node.inputs[index]];
}

Extent PoolExtent(const Graph& graph, const Node& node, int axis, int filter, int stride) {
  const int size = InputOf(graph, node, 0).shape[axis];
  // A mean has one window, which is the map.
  if (node.op == Operator::kMean) return Extent::Of(size, size, 1, 1, Padding::kValid);
  return Extent::Of(size, filter, stride, 1, node.options.padding);
}

}  // namespace

int64_t ElementCount(const std::vector<int>& shape) {
  int64_t count = 1;
  for (const int size : shape) {
    if (size < 1 || size > kMaxMapElements / count) return 0;
    count *= size;
  }
  return count;
}

bool IsAligned(const Tensor& tensor) {
  return reinterpret_cast<uintptr_t>(tensor.constant) % sizeof(float) == 0;
}

bool IsChannelParameter(const Tensor& tensor, int channels) {
  if (tensor.constant == nullptr || tensor.type != DataType::kFloat32) return false;
  const int64_t count = ElementCount(tensor.shape);
  const bool per_channel = !tensor.shape.empty() && tensor.shape.back() == count;
  return (count == 1 || (per_channel && count == channels)) &&
         tensor.constant_bytes == static_cast<size_t>(count) * sizeof(float) && IsAligned(tensor);
}

std::vector<std::vector<int>> ConsumersOf(const Graph& graph) {
  std::vector<std::vector<int>> consumers(graph.tensors.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const int tensor : graph.nodes[n].inputs) {
      if (tensor >= 0) consumers[tensor].push_back(static_cast<int>(n));
    }
  }
  return consumers;
}

int BatchOf(const Graph& graph) { return graph.tensors[graph.nodes[0].outputs[0]].shape[0]; }

bool IsSinglePixel(const Tensor& map) { return map.shape[1] == 1 && map.shape[2] == 1; }

Stage ClampStage(Activation activation) {
  Stage stage{};
  stage.kind = StageKind::kClamp;
  stage.low = activation == Activation::kReluN1To1 ? -1.0f : 0.0f;
  stage.high = activation == Activation::kRelu    ? std::numeric_limits<float>::infinity()
               : activation == Activation::kRelu6 ? 6.0f
                                                  : 1.0f;
  return stage;
}

BinaryConvolutionSpec BinaryConvolutionSpecOf(const Graph& graph, const Node& node) {
  const Tensor& filter = InputOf(graph, node, 1);
  const Tensor& output = graph.tensors[node.outputs[0]];
  const Options& options = node.options;
  BinaryConvolutionSpec spec;
  spec.channels_in = options.channels_in;
  spec.channels_out = filter.shape[0];
  spec.kernel_height = filter.shape[1];
  spec.kernel_width = filter.shape[2];
  spec.stride_height = options.stride_height;
  spec.stride_width = options.stride_width;
  spec.dilation_height = options.dilation_height;
  spec.dilation_width = options.dilation_width;
  spec.groups = InputOf(graph, node, 0).shape[3] / filter.shape[3];
  spec.padding = options.padding;
  spec.pad_value = options.pad_value;
  spec.activation = options.activation;
  if (output.type == DataType::kInt8) spec.output = BinaryOutput::kInt8;
  if (output.type == DataType::kInt32) spec.output = BinaryOutput::kBits;
  spec.output_scale = output.scale;
  spec.output_zero_point = output.zero_point;
  return spec;
}

FloatConvolutionSpec FloatConvolutionSpecOf(const Graph& graph, const Node& node) {
  const std::vector<int>& filter = InputOf(graph, node, 1).shape;
  if (node.op == Operator::kFullyConnected) return {filter[1], filter[0]};
  const bool is_depthwise = node.op == Operator::kDepthwiseConv2d;
  const Options& options = node.options;
  return {InputOf(graph, node, 0).shape[3],
          is_depthwise ? filter[3] : filter[0],
          filter[1],
          filter[2],
          options.stride_height,
          options.stride_width,
          options.dilation_height,
          options.dilation_width,
          options.padding};
}

Extent VerticalPool(const Graph& graph, const Node& node) {
  return PoolExtent(graph, node, 1, node.options.filter_height, node.options.stride_height);
}

Extent HorizontalPool(const Graph& graph, const Node& node) {
  return PoolExtent(graph, node, 2, node.options.filter_width, node.options.stride_width);
}

PoolSpec PoolSpecOf(const Graph& graph, const Node& node) {
  return {node.op == Operator::kMaxPool2d ? PoolKind::kMax : PoolKind::kAverage,
          VerticalPool(graph, node), HorizontalPool(graph, node), InputOf(graph, node, 0).shape[3]};
}

PadAmounts PadAmountsOf(const Graph& graph, const Node& node) {
  const int32_t* amounts = static_cast<const int32_t*>(InputOf(graph, node, 1).constant);
  return {amounts[2], amounts[3], amounts[4], amounts[5]};
}

}  // namespace bireid
