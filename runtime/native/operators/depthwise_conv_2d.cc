// DEPTHWISE_CONV_2D: a float convolution of every channel by itself. The filter is
// [1, height, width, channels out].
#include <memory>

#include "formats/builtin_options.h"
#include "kernels/depthwise_convolution.h"
#include "operators/operator_row.h"
#include "operators/windows.h"
#include "plan/node_check.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

class DepthwiseConv2d final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(2, 1);
    const Tensor& input = check.InputMap(0, DataType::kFloat32);
    const Tensor& output = check.OutputMap(DataType::kFloat32);
    const Tensor& filter = check.Filter(1, DataType::kFloat32);
    Require(filter.shape[0] == 1 && filter.shape[3] % input.shape[3] == 0,
            "the filter does not fit the input");
    check.Bias(filter.shape[3]);
    CheckFiltered(check, input, filter, output, filter.shape[3]);
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    const Shape& filter = MapShape(graph, node, 1, "the filter");
    return WindowsOutput(MapShape(graph, node, 0, "the input"), filter[1], filter[2], filter[3],
                         node.options);
  }

  double Reads(const Graph& graph, const Node& node) const override {
    const Shape& filter = InputOf(graph, node, 1).shape;
    return double{1} * filter[1] * filter[2];
  }

  void Plan(int n, PlanBuilder* builder) const override {
    builder->AddConvolution(n, Depthwise(builder->node(n), *builder));
  }

  std::unique_ptr<DepthwiseConvolution> Depthwise(const Node& node,
                                                  const PlanBuilder& builder) const override {
    return std::make_unique<DepthwiseConvolution>(
        builder.kernels(),
        ConvolutionSpecOf(builder.graph(), node, builder.graph().tensors[node.inputs[1]].shape[3]),
        builder.ConstantOf<float>(node, 1), builder.ConstantOf<float>(node, 2));
  }

  bool ReadsZeros() const override { return true; }
  Border InputBorder(const Graph& graph, const Node& node) const override {
    return FilterBorder(graph, node);
  }
};

const DepthwiseConv2d kDepthwiseConv2d;

}  // namespace

extern const OperatorRow kDepthwiseConv2dRow(
    kDepthwiseConv2d, tflite::BuiltinOperator::DEPTHWISE_CONV_2D,
    {ReadConvolution<tflite::DepthwiseConv2DOptions>,
     ReadConvolutionParameters<litert::TfLiteDepthwiseConvParams>});

}  // namespace bireid
