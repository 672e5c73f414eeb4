// PRELU with a stored slope, one value or one per channel.
#include "operators/elementwise.h"
#include "operators/operator_row.h"
#include "plan/node_check.h"
#include "plan/node_shapes.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

class Prelu final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(2);
    const Tensor& map = check.InputMap(0, DataType::kFloat32);
    NodeCheck::SameShape(map, check.OutputMap(DataType::kFloat32));
    Require(IsChannelParameter(check.Input(1), map.shape[3]),
            "the slope must have one value, or one per channel");
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return InputOf(graph, node, 0).shape;
  }

  void Plan(int n, PlanBuilder* builder) const override {
    builder->AddMapStages(n, builder->node(n).inputs[0]);
  }

  bool CanJoin(const Node&, int, const ChainBuilder&) const override { return true; }

  void AddStages(const Node& node, const ChainBuilder& chains, Chain* chain) const override {
    const Graph& graph = chains.graph();
    chain->stages.push_back(ParameterStage(StageKind::kPrelu, graph.tensors[node.inputs[1]],
                                           graph.tensors[node.outputs[0]].shape[3], 1.0f, chains));
  }
};

const Prelu kPrelu;

}  // namespace

extern const OperatorRow kPreluRow(kPrelu, tflite::BuiltinOperator::PRELU);

}  // namespace bireid
