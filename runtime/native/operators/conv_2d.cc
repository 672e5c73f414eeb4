// CONV_2D: a float convolution. The filter is [channels out, height, width, channels in].
#include <memory>

#include "formats/builtin_options.h"
#include "kernels/pixel_convolution.h"
#include "operators/operator_row.h"
#include "operators/windows.h"
#include "plan/node_check.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

class Conv2d final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(2, 1);
    const Tensor& input = check.InputMap(0, DataType::kFloat32);
    const Tensor& output = check.OutputMap(DataType::kFloat32);
    const Tensor& filter = check.Filter(1, DataType::kFloat32);
    Require(filter.shape[3] == input.shape[3], "grouped float convolutions are not supported");
    check.Bias(filter.shape[0]);
    CheckFiltered(check, input, filter, output, filter.shape[0]);
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    const Shape& filter = MapShape(graph, node, 1, "the filter");
    return WindowsOutput(MapShape(graph, node, 0, "the input"), filter[1], filter[2], filter[0],
                         node.options);
  }

  double Reads(const Graph& graph, const Node& node) const override {
    const Shape& filter = InputOf(graph, node, 1).shape;
    return double{1} * filter[1] * filter[2] * filter[3];
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    const FloatConvolutionSpec spec = ConvolutionSpecOf(
        builder->graph(), node, builder->graph().tensors[node.inputs[1]].shape[0]);
    const float* weights = builder->ConstantOf<float>(node, 1);
    const float* bias = builder->ConstantOf<float>(node, 2);
    std::unique_ptr<Convolution> convolution;
    if (const PixelNormalization* pixels = builder->PixelsOf(node.inputs[0])) {
      convolution =
          std::make_unique<PixelConvolution>(builder->kernels(), spec, weights, bias, *pixels);
    } else {
      convolution = std::make_unique<FloatConvolution>(builder->kernels(), spec, weights, bias);
    }
    builder->AddConvolution(n, std::move(convolution));
  }

  Border InputBorder(const Graph& graph, const Node& node) const override {
    return FilterBorder(graph, node);
  }
  bool ReadsPixels() const override { return true; }
};

const Conv2d kConv2d;

}  // namespace

extern const OperatorRow kConv2dRow(kConv2d, tflite::BuiltinOperator::CONV_2D,
                                    {ReadConvolution<tflite::Conv2DOptions>,
                                     ReadConvolutionParameters<litert::TfLiteConvParams>});

}  // namespace bireid
