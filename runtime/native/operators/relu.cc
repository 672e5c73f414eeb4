// RELU, RELU6 and RELU_N1_TO_1: to the range of Options::activation, where kNone is kRelu.
#include "operators/operator_row.h"
#include "plan/node_check.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

class Relu final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(1);
    NodeCheck::SameShape(check.InputMap(0, DataType::kFloat32),
                         check.OutputMap(DataType::kFloat32));
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return InputOf(graph, node, 0).shape;
  }

  void Plan(int n, PlanBuilder* builder) const override {
    builder->AddMapStages(n, builder->node(n).inputs[0]);
  }

  bool CanJoin(const Node&, int, const ChainBuilder&) const override { return true; }

  void AddStages(const Node& node, const ChainBuilder& chains, Chain* chain) const override {
    const Activation activation = node.options.activation;
    chains.AddClamp(activation == Activation::kNone ? Activation::kRelu : activation, chain);
  }
};

template <Activation kActivation>
Options RangeOf() {
  Options options;
  options.activation = kActivation;
  return options;
}

// The number of the operator says the range.
template <Activation kActivation>
constexpr BuiltinOptionReaders kReaders = {
    [](const tflite::Operator&) { return RangeOf<kActivation>(); },
    [](const void*) { return RangeOf<kActivation>(); }};

const Relu kRelu;

}  // namespace

extern const OperatorRow kReluRow(kRelu, tflite::BuiltinOperator::RELU,
                                  kReaders<Activation::kRelu>);
extern const OperatorRow kRelu6Row(kRelu, tflite::BuiltinOperator::RELU6,
                                   kReaders<Activation::kRelu6>);
extern const OperatorRow kReluN1To1Row(kRelu, tflite::BuiltinOperator::RELU_N1_TO_1,
                                       kReaders<Activation::kReluN1To1>);

}  // namespace bireid
