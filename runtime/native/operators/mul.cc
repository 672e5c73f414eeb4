// MUL of maps, of which one may be a single pixel, or of a map and a constant.
#include "formats/builtin_options.h"
#include "kernels/pixelwise.h"
#include "operators/elementwise.h"
#include "operators/operands.h"
#include "operators/operator_row.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

class Mul final : public Operator {
 public:
  void Check(const NodeCheck& check) const override { CheckOperands(check); }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return Broadcast(InputOf(graph, node, 0).shape, InputOf(graph, node, 1).shape);
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    if (IsMap(builder->graph(), node, 0) && IsMap(builder->graph(), node, 1)) {
      return PlanOperands(n, Product, builder);
    }
    builder->AddMapStages(n, node.inputs[IsMap(builder->graph(), node, 0) ? 0 : 1]);
  }

  bool CanJoin(const Node& node, int tensor, const ChainBuilder& chains) const override {
    return chains.graph().tensors[OtherOperand(node, tensor)].constant != nullptr;
  }

  void AddStages(const Node& node, const ChainBuilder& chains, Chain* chain) const override {
    const Graph& graph = chains.graph();
    chain->stages.push_back(ParameterStage(StageKind::kMultiply,
                                           graph.tensors[OtherOperand(node, chain->tensor)],
                                           graph.tensors[node.outputs[0]].shape[3], 1.0f, chains));
    chains.AddClamp(node.options.activation, chain);
  }
};

const Mul kMul;

}  // namespace

extern const OperatorRow kMulRow(kMul, tflite::BuiltinOperator::MUL,
                                 {ReadActivation<tflite::MulOptions>, ReadActivationParameters});

}  // namespace bireid
