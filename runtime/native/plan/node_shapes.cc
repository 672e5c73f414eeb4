#include "plan/node_shapes.h"

#include <limits>

namespace bireid {

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

}  // namespace bireid
