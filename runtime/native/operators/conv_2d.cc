// CONV_2D: a float convolution. The filter is [channels out, height, width, channels in], of one
// group where it has fewer channels than the map.
#include <memory>
#include <utility>

#include "formats/builtin_options.h"
#include "kernels/grouped_convolution.h"
#include "kernels/pixel_convolution.h"
#include "operators/operator_row.h"
#include "operators/windows.h"
#include "plan/node_check.h"
#include "plan/node_shapes.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"
#include "plan/tile_step.h"
#include "plan/worker_share.h"

namespace bireid {
namespace {

// Of a node whose filter fits.
int GroupsOf(const Graph& graph, const Node& node) {
  return graph.tensors[node.inputs[0]].shape[3] / graph.tensors[node.inputs[1]].shape[3];
}

FloatConvolutionSpec SpecOf(const Graph& graph, const Node& node) {
  return ConvolutionSpecOf(graph, node, graph.tensors[node.inputs[1]].shape[0]);
}

class GroupedConvolutionStep : public TileStep {
 public:
  GroupedConvolutionStep(const KernelTable& kernels,
                         std::unique_ptr<GroupedConvolution> convolution, int input)
      : TileStep(kernels, convolution->output_pixels(), convolution->spec().channels_out),
        convolution_(std::move(convolution)),
        input_(input) {}

 protected:
  void Compute(const StepContext& context, int begin, int end, float* tile) const override {
    convolution_->Run(ValueOf<const float>(context, input_), begin, end, tile_offsets(), tile);
  }

 private:
  std::unique_ptr<GroupedConvolution> convolution_;
  int input_;
};

class Conv2d final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(2, 1);
    const Tensor& input = check.InputMap(0, DataType::kFloat32);
    const Tensor& output = check.OutputMap(DataType::kFloat32);
    const Tensor& filter = check.Filter(1, DataType::kFloat32);
    Require(input.shape[3] % filter.shape[3] == 0, "the filter does not fit the input");
    const int groups = GroupsOf(check.graph(), check.node());
    Require(filter.shape[0] % groups == 0, "channels must be divisible by the number of groups");
    check.Bias(filter.shape[0]);
    CheckFiltered(check, input, filter, output, filter.shape[0]);
    // Groups of few channels take more memory than the file has for them.
    Require(groups == 1 || GroupedConvolution::PackedFloats(SpecOf(check.graph(), check.node()),
                                                            groups) <= kMaxMapElements,
            "the groups have too few channels for so many weights");
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    const Shape& filter = MapShape(graph, node, 1, "the filter");
    return WindowsOutput(MapShape(graph, node, 0, "the input"), filter[1], filter[2], filter[0],
                         node.options);
  }

  double Reads(const Graph& graph, const Node& node) const override {
    const Shape& filter = InputOf(graph, node, 1).shape;
    if (GroupsOf(graph, node) == 1) return double{1} * filter[1] * filter[2] * filter[3];
    return static_cast<double>(
               GroupedConvolution::PackedFloats(SpecOf(graph, node), GroupsOf(graph, node))) /
           filter[0];
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    const FloatConvolutionSpec spec = SpecOf(builder->graph(), node);
    const float* weights = builder->ConstantOf<float>(node, 1);
    const float* bias = builder->ConstantOf<float>(node, 2);
    if (const int groups = GroupsOf(builder->graph(), node); groups > 1) {
      return AddGroups(
          n, std::make_unique<GroupedConvolution>(builder->kernels(), spec, groups, weights, bias),
          builder);
    }
    std::unique_ptr<Convolution> convolution;
    if (const PixelNormalization* pixels = builder->PixelsOf(node.inputs[0])) {
      convolution =
          std::make_unique<PixelConvolution>(builder->kernels(), spec, weights, bias, *pixels);
    } else {
      convolution = std::make_unique<FloatConvolution>(builder->kernels(), spec, weights, bias);
    }
    builder->AddConvolution(n, std::move(convolution));
  }

  bool ReadsZeros() const override { return true; }
  Border InputBorder(const Graph& graph, const Node& node) const override {
    return FilterBorder(graph, node);
  }
  bool ReadsPixels(const Graph& graph, const Node& node) const override {
    return GroupsOf(graph, node) == 1;
  }

 private:
  static void AddGroups(int n, std::unique_ptr<GroupedConvolution> convolution,
                        PlanBuilder* builder) {
    const int input = builder->WindowedMapOf(builder->node(n).inputs[0]);
    convolution->Place(builder->Reference(input).layout);
    builder->AddTiles(
        n,
        std::make_unique<GroupedConvolutionStep>(builder->kernels(), std::move(convolution), input),
        {input});
  }
};

const Conv2d kConv2d;

}  // namespace

extern const OperatorRow kConv2dRow(kConv2d, tflite::BuiltinOperator::CONV_2D,
                                    {ReadConvolution<tflite::Conv2DOptions>,
                                     ReadConvolutionParameters<litert::TfLiteConvParams>});

}  // namespace bireid
