#include "operators/elementwise.h"

#include "plan/node_shapes.h"

namespace bireid {
namespace {}  // namespace

int OtherOperand(const Node& node, int tensor) {
  return node.inputs[0] == tensor ? node.inputs[1] : node.inputs[0];
}

bool IsMap(const Graph& graph, const Node& node, size_t index) {
  return graph.tensors[node.inputs[index]].constant == nullptr;
}

void CheckElementwise(const NodeCheck& check, bool one_pixel) {
  check.Operands(2);
  const Tensor& output = check.OutputMap(DataType::kFloat32);
  const bool first_is_map = check.Input(0).constant == nullptr;
  const Tensor& map = check.InputMap(first_is_map ? 0 : 1, DataType::kFloat32);
  const Tensor& other = check.Input(first_is_map ? 1 : 0);
  if (other.constant != nullptr) {
    NodeCheck::SameShape(map, output);
    Require(IsChannelParameter(other, map.shape[3]),
            "a constant operand must have one value, or one per channel");
    return;
  }
  NodeCheck::Map(other, DataType::kFloat32);
  // Dimensions are broadcast from the last; of one image, ones before them change nothing.
  Require(map.rank == other.rank ||
              (output.shape[0] == 1 && map.rank <= kMapRank && other.rank <= kMapRank),
          "the operands have different numbers of dimensions");
  // A factor may be one pixel for all.
  const bool first_is_pixel = one_pixel && map.shape != output.shape;
  NodeCheck::SameShape(first_is_pixel ? other : map, output);
  const Tensor& factor = first_is_pixel ? map : other;
  if (one_pixel && IsSinglePixel(factor)) {
    Require(factor.shape[0] == output.shape[0] && factor.shape[3] == output.shape[3],
            "the shapes of input and output differ");
  } else {
    NodeCheck::SameShape(factor, output);
  }
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
