// LceBconv2d: a binary convolution. Inputs: packed map, filter, multiplier, bias, thresholds.
// Options of its own: "channels_in", before packing, and "pad_values", 0 or 1, with kSame.
#include <memory>
#include <utility>

#include "formats/custom_options.h"
#include "kernels/binary_convolution.h"
#include "operators/operator_row.h"
#include "operators/windows.h"
#include "plan/node_check.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

constexpr const char* kChannelsIn = "channels_in";
constexpr const char* kPadValues = "pad_values";

BinaryConvolutionSpec SpecOf(const Graph& graph, const Node& node) {
  const Shape& filter = graph.tensors[node.inputs[1]].shape;
  const Tensor& output = graph.tensors[node.outputs[0]];
  const Options& options = node.options;
  BinaryConvolutionSpec spec;
  spec.channels_in = options.Own(kChannelsIn);
  spec.channels_out = filter[0];
  spec.kernel_height = filter[1];
  spec.kernel_width = filter[2];
  spec.stride_height = options.stride_height;
  spec.stride_width = options.stride_width;
  spec.dilation_height = options.dilation_height;
  spec.dilation_width = options.dilation_width;
  spec.groups = graph.tensors[node.inputs[0]].shape[3] / filter[3];
  spec.padding = options.padding;
  spec.pad_value = options.Own(kPadValues);
  spec.activation = options.activation;
  if (output.type == DataType::kInt8) spec.output = BinaryOutput::kInt8;
  if (output.type == DataType::kInt32) spec.output = BinaryOutput::kBits;
  spec.output_scale = output.scale;
  spec.output_zero_point = output.zero_point;
  return spec;
}

class LceBconv2d final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(5);
    for (size_t i = 2; i < 5; ++i) {  // those that the output's type leaves unused, too
      Require(check.node().inputs[i] < 0 || check.Input(i).constant != nullptr,
              "weights are not stored in the model");
    }
    const Tensor& input = check.InputMap(0, DataType::kInt32);
    const Tensor& filter = check.Filter(1, DataType::kInt32);
    const Tensor& output = check.Output();
    Require(output.type == DataType::kFloat32 || output.type == DataType::kInt8 ||
                output.type == DataType::kInt32,
            "the output must be float32, int8 or packed int32");
    NodeCheck::Map(output, output.type);
    const int channels_in = check.options().Own(kChannelsIn);
    Require(channels_in > 0 && WordsOf(channels_in) == input.shape[3],
            "channels_in does not fit the input");
    Require(input.shape[3] % filter.shape[3] == 0, "the filter does not fit the input");
    const BinaryConvolutionSpec spec = SpecOf(check.graph(), check.node());
    BinaryConvolution::Check(spec);
    Require(spec.group_words() == filter.shape[3], "the filter does not fit the input");
    CheckTransform(check, output, spec.channels_out);
    CheckFiltered(check, input, filter, output,
                  output.type == DataType::kInt32 ? WordsOf(spec.channels_out) : spec.channels_out);
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    const Shape& filter = MapShape(graph, node, 1, "the filter");
    const bool bits = graph.tensors[node.outputs[0]].type == DataType::kInt32;
    return WindowsOutput(MapShape(graph, node, 0, "the input"), filter[1], filter[2],
                         bits ? WordsOf(filter[0]) : filter[0], node.options);
  }

  double Reads(const Graph& graph, const Node& node) const override {
    const Shape& filter = InputOf(graph, node, 1).shape;
    // Words of the output, if it is packed, stand for as many filters as they have bits.
    const bool bits = graph.tensors[node.outputs[0]].type == DataType::kInt32;
    return double{bits ? 32.0 : 1.0} * filter[1] * filter[2] * filter[3];
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    const BinaryConvolutionSpec spec = SpecOf(builder->graph(), node);
    auto convolution = std::make_unique<BinaryConvolution>(
        builder->kernels(), spec,
        BinaryConvolutionWeights{
            builder->ConstantOf<uint32_t>(node, 1), builder->ConstantOf<float>(node, 2),
            builder->ConstantOf<float>(node, 3), builder->ConstantOf<int32_t>(node, 4)});
    const int input = builder->WindowedMapOf(node.inputs[0]);
    convolution->Place(builder->Reference(input).layout);
    ChainBuilder& chains = builder->chains();
    Chain chain = chains.StartWith(n);
    for (const Stage& stage : convolution->OwnStages()) chain.stages.push_back({stage, -1});
    if (spec.output == BinaryOutput::kBits) {
      chains.AddStores(StageKind::kPackAbove, chain.tensor, convolution->thresholds(), &chain);
    } else if (spec.output == BinaryOutput::kInt8) {
      chains.AddStores(StageKind::kStoreInt8, chain.tensor, nullptr, &chain);
    } else {
      chains.Follow(&chain);
    }
    builder->AddChain(std::make_unique<BinaryConvolutionStep>(std::move(convolution), input),
                      {input}, &chain);
  }

  Border InputBorder(const Graph& graph, const Node& node) const override {
    return FilterBorder(graph, node);
  }

 private:
  static void CheckTransform(const NodeCheck& check, const Tensor& output, int channels) {
    if (output.type == DataType::kInt32) {
      NodeCheck::Constant(check.Input(4), DataType::kInt32, {channels});
    } else {
      NodeCheck::Constant(check.Input(2), DataType::kFloat32, {channels});
      NodeCheck::Constant(check.Input(3), DataType::kFloat32, {channels});
    }
    if (output.type == DataType::kInt8) NodeCheck::Scale(output);
  }
};

Options Read(const void* data, size_t bytes) {
  const CustomOptions custom(data, bytes);
  Options options;
  options.own[kChannelsIn] = custom.Integer(kChannelsIn);
  options.stride_height = custom.Integer("stride_height");
  options.stride_width = custom.Integer("stride_width");
  options.dilation_height = custom.Integer("dilation_height_factor");
  options.dilation_width = custom.Integer("dilation_width_factor");
  options.padding = custom.PaddingAt("padding");
  options.own[kPadValues] = custom.Integer(kPadValues);
  options.activation = custom.ActivationAt("fused_activation_function");
  return options;
}

const LceBconv2d kLceBconv2d;

}  // namespace

extern const OperatorRow kLceBconv2dRow(kLceBconv2d, "LceBconv2d", Read);

}  // namespace bireid
