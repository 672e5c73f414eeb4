// ADD and SUB of maps, of which one may be a single pixel, or of a map and a constant.
#include "formats/builtin_options.h"
#include "kernels/pixelwise.h"
#include "operators/elementwise.h"
#include "operators/operands.h"
#include "operators/operator_row.h"
#include "plan/node_shapes.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

class AddSub final : public Operator {
 public:
  constexpr explicit AddSub(bool subtracts) : subtracts_(subtracts) {}

  void Check(const NodeCheck& check) const override { CheckOperands(check); }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return Broadcast(InputOf(graph, node, 0).shape, InputOf(graph, node, 1).shape);
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Graph& graph = builder->graph();
    const Node& node = builder->node(n);
    if (HasPixel(graph, node)) {
      return PlanOperands(n, subtracts_ ? Difference : Sum, builder);
    }
    // Of two maps the one that is subtracted: its sign can change on the way.
    const bool starts_with_second = !IsMap(graph, node, 0) || (subtracts_ && IsMap(graph, node, 1));
    builder->AddMapStages(n, node.inputs[starts_with_second ? 1 : 0]);
  }

  bool CanJoin(const Node& node, int tensor, const ChainBuilder& chains) const override {
    const int other = OtherOperand(node, tensor);
    if (chains.graph().tensors[other].constant != nullptr) return true;
    if (other == tensor || !chains.values().IsComputed(other)) return false;
    if (subtracts_ && node.inputs[1] != tensor) return false;
    // A pixel is added to the others of a map, not they to it; without a border, a step of none
    // leads from pixel to pixel.
    return !HasPixel(chains.graph(), node) ||
           (IsSinglePixel(chains.graph().tensors[other]) && !HasBorder(chains, other));
  }

  // a - b is a + (-b) to the last bit, so no stage need subtract.
  void AddStages(const Node& node, const ChainBuilder& chains, Chain* chain) const override {
    const int other = OtherOperand(node, chain->tensor);
    const Tensor& operand = chains.graph().tensors[other];
    const int channels = chains.graph().tensors[node.outputs[0]].shape[3];
    const bool is_subtracted = subtracts_ && node.inputs[1] == chain->tensor;
    if (is_subtracted) {
      BoundStage negate{};
      negate.value = -1;
      negate.stage.kind = StageKind::kMultiply;
      negate.stage.channel = chains.values().ChannelParameter(-1.0f, channels);
      chain->stages.push_back(negate);
    }
    if (operand.constant == nullptr) {
      BoundStage add = chains.values().MapStage(StageKind::kAddMap, chains.values().main(other));
      if (HasPixel(chains.graph(), node)) add.stage.stride = 0;
      chain->stages.push_back(add);
    } else {
      const float factor = subtracts_ && !is_subtracted ? -1.0f : 1.0f;
      chain->stages.push_back(ParameterStage(StageKind::kAdd, operand, channels, factor, chains));
    }
    chains.AddClamp(node.options.activation, chain);
  }

 private:
  static bool HasBorder(const ChainBuilder& chains, int tensor) {
    return chains.values().Reference(chains.values().main(tensor)).offsets != nullptr;
  }

  bool subtracts_;
};

const AddSub kAdd(false);
const AddSub kSub(true);

}  // namespace

extern const OperatorRow kAddRow(kAdd, tflite::BuiltinOperator::ADD,
                                 {ReadActivation<tflite::AddOptions>, ReadActivationParameters});
extern const OperatorRow kSubRow(kSub, tflite::BuiltinOperator::SUB,
                                 {ReadActivation<tflite::SubOptions>, ReadActivationParameters});

}  // namespace bireid
