#include "operators/elementwise.h"

namespace bireid {

int OtherOperand(const Node& node, int tensor) {
  return node.inputs[0] == tensor ? node.inputs[1] : node.inputs[0];
}

bool IsMap(const Graph& graph, const Node& node, size_t index) {
  return graph.tensors[node.inputs[index]].constant == nullptr;
}

BoundStage ParameterStage(StageKind kind, const Tensor& constant, int channels, float factor,
                          const ChainBuilder& chains) {
  BoundStage bound{};
  bound.value = -1;
  bound.stage.kind = kind;
  bound.stage.channel = chains.values().ChannelParameter(constant, channels, factor);
  return bound;
}

}  // namespace bireid
