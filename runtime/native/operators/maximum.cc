// MAXIMUM of a map and one constant, in either order. Of NaN, and of two zeros, it is the constant.
#include <limits>

#include "operators/elementwise.h"
#include "operators/operator_row.h"
#include "plan/node_check.h"
#include "plan/node_shapes.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

float ValueOf(const Tensor& constant) { return *static_cast<const float*>(constant.constant); }

class Maximum final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(2);
    const bool first_is_map = check.Input(0).constant == nullptr;
    NodeCheck::SameShape(check.InputMap(first_is_map ? 0 : 1, DataType::kFloat32),
                         check.OutputMap(DataType::kFloat32));
    const Tensor& bound = check.Input(first_is_map ? 1 : 0);
    Require(IsChannelParameter(bound, 1), "one operand must be a constant of one value");
    Require(ValueOf(bound) == ValueOf(bound), "the constant is not a number");
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return Broadcast(InputOf(graph, node, 0).shape, InputOf(graph, node, 1).shape);
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    builder->AddMapStages(n, node.inputs[IsMap(builder->graph(), node, 0) ? 0 : 1]);
  }

  bool CanJoin(const Node&, int, const ChainBuilder&) const override { return true; }

  void AddStages(const Node& node, const ChainBuilder& chains, Chain* chain) const override {
    BoundStage bound{};
    bound.value = -1;
    bound.stage.kind = StageKind::kClamp;
    bound.stage.low = ValueOf(chains.graph().tensors[OtherOperand(node, chain->tensor)]);
    bound.stage.high = std::numeric_limits<float>::infinity();
    chain->stages.push_back(bound);
  }
};

const Maximum kMaximum;

}  // namespace

extern const OperatorRow kMaximumRow(kMaximum, tflite::BuiltinOperator::MAXIMUM);

}  // namespace bireid
