// FULLY_CONNECTED of [batch, 1, 1, channels]. Weights are [channels out, channels in].
#include <memory>

#include "formats/builtin_options.h"
#include "operators/operator_row.h"
#include "plan/node_check.h"
#include "plan/node_shapes.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

class FullyConnected final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(2, 1);
    const Tensor& input = check.InputMap(0, DataType::kFloat32);
    const Tensor& output = check.OutputMap(DataType::kFloat32);
    Require(IsSinglePixel(input), "the input must be a single pixel");
    Require(IsSinglePixel(output) && output.shape[0] == input.shape[0],
            "the output must be a single pixel");
    NodeCheck::Constant(check.Input(1), DataType::kFloat32, {output.shape[3], input.shape[3]});
    check.Bias(output.shape[3]);
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    const Shape& weights = InputOf(graph, node, 1).shape;
    if (weights.size() != 2) throw PlanError("the weights do not have 2 dimensions");
    return WithLast(MapShape(graph, node, 0, "the input"), weights[0]);
  }

  double Reads(const Graph& graph, const Node& node) const override {
    return InputOf(graph, node, 1).shape[1];
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    const Shape& weights = builder->graph().tensors[node.inputs[1]].shape;
    const FloatConvolutionSpec spec{weights[1], weights[0]};
    builder->AddConvolution(n, std::make_unique<FloatConvolution>(
                                   builder->kernels(), spec, builder->ConstantOf<float>(node, 1),
                                   builder->ConstantOf<float>(node, 2)));
  }
};

constexpr const char* kShuffled = "its weights are shuffled";

Options Read(const tflite::Operator& source) {
  if (TableOf<tflite::FullyConnectedOptions>(source).weights_format() !=
      tflite::FullyConnectedOptionsWeightsFormat::DEFAULT) {
    throw PlanError(kShuffled);
  }
  return ReadActivation<tflite::FullyConnectedOptions>(source);
}

Options ReadParameters(const void* source) {
  if (ParametersOf<litert::TfLiteFullyConnectedParams>(source).weights_format != 0) {
    throw PlanError(kShuffled);
  }
  return ReadActivationParameters(source);
}

const FullyConnected kFullyConnected;

}  // namespace

extern const OperatorRow kFullyConnectedRow(kFullyConnected,
                                            tflite::BuiltinOperator::FULLY_CONNECTED,
                                            {Read, ReadParameters});

}  // namespace bireid
