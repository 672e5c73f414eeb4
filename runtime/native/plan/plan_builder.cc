#include "plan/plan_builder.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/depthwise_convolution.h"
#include "kernels/pixelwise.h"
#include "plan/buffers.h"
#include "plan/chain.h"
#include "plan/node_shapes.h"
#include "plan/tile_step.h"
#include "plan/validation.h"
#include "plan/value_table.h"

namespace bireid {
namespace {

class Builder {
 public:
  Builder(const Graph& graph, const PlanOptions& options)
      : graph_(graph),
        kernels_(*options.kernels),
        pixels_(options.pixels),
        values_(graph, &plan_),
        chains_(graph, &values_) {}

  PlannedGraph Build() {
    plan_.batch = BatchOf(graph_);
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      const int tensor = graph_.inputs[i];
      if (chains_.consumers(tensor).empty()) continue;
      values_.DeclareInput(tensor, static_cast<int>(i));
      if (IsImage(tensor)) {
        AddPixels(tensor);
      } else if (values_.NeedsBorder(tensor)) {
        AddBorderedCopy(tensor);
      }
    }
    if (!pixels_.mean.empty() && images_.empty()) {
      throw PlanError("stem=uint8: no convolution alone reads an input of that many channels");
    }
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (!chains_.IsDone(static_cast<int>(n))) PlanNode(static_cast<int>(n));
    }
    AssignBuffers(accesses_, &plan_);
    int64_t bytes = 0;
    for (const size_t buffer : plan_.buffer_bytes) bytes += static_cast<int64_t>(buffer);
    if (bytes > kMaxMapElements * static_cast<int64_t>(sizeof(float))) {
      throw PlanError("the maps of the graph and their borders need more than 1 GiB");
    }
    return std::move(plan_);
  }

 private:
  // Whether only convolutions read an input, which the caller says is a normalised 8-bit image.
  bool IsImage(int tensor) const {
    if (pixels_.mean.size() != static_cast<size_t>(graph_.tensors[tensor].shape[3])) return false;
    const std::vector<int>& readers = chains_.consumers(tensor);
    return std::all_of(readers.begin(), readers.end(),
                       [&](int n) { return graph_.nodes[n].op == Operator::kConv2d; });
  }

  void AddPixels(int tensor) {
    const int from = values_.main(tensor);
    const int to = values_.AddPixels(tensor);
    auto step = std::make_unique<PixelStep>(kernels_, pixels_, values_.Reference(from),
                                            values_.Reference(to));
    step->set_name("pixels");
    AddStep(std::move(step), {{from}, {to}});
    images_.push_back(tensor);
  }

  // Copies an input, or what a step without stages wrote, to where a border is needed.
  void AddBorderedCopy(int tensor) {
    const int from = values_.main(tensor);
    const int to = values_.AddBordered(tensor);
    auto step = std::make_unique<CopyStep>(values_.Reference(from), values_.Reference(to),
                                           plan_.values[from].element_bytes);
    step->set_name("border");
    AddStep(std::move(step), {{from}, {to}});
  }

  void AddStep(std::unique_ptr<Step> step, StepAccess access) {
    plan_.steps.push_back(std::move(step));
    accesses_.push_back(std::move(access));
  }

  void Finish(std::unique_ptr<Step> step, std::vector<int> reads, Chain* chain) {
    if (chain->stages.size() > kMaxStages) throw std::logic_error("a chain of too many stages");
    step->set_name(std::move(chain->name));
    step->set_stages(std::move(chain->stages));
    AddStep(std::move(step), {std::move(reads), {}});
  }

  void PlanNode(int n) {
    switch (graph_.nodes[n].op) {
      case Operator::kLceBconv2d:
        return PlanBinaryConvolution(n);
      case Operator::kConv2d:
      case Operator::kFullyConnected:
        return PlanFloatConvolution(n);
      case Operator::kDepthwiseConv2d:
        return PlanDepthwiseConvolution(n);
      case Operator::kMaxPool2d:
      case Operator::kAveragePool2d:
      case Operator::kMean:
        return PlanPool(n);
      case Operator::kAdd:
      case Operator::kSub:
      case Operator::kMul:
      case Operator::kPrelu:
      case Operator::kRelu:
        return PlanElementwise(n);
      case Operator::kLogistic:
        return PlanPixelwise(n, Logistic);
      case Operator::kL2Normalization:
        return PlanPixelwise(n, L2Normalize);
      case Operator::kLceQuantize:
        return PlanQuantize(n);
      case Operator::kLceDequantize:
        return PlanDequantize(n);
      case Operator::kLceBMaxPool2d:
        return PlanBinaryMaxPool(n);
      case Operator::kPad:
        return PlanPad(n);
      case Operator::kReshape:
        return PlanReshape(n);
    }
  }

  void PlanBinaryConvolution(int n) {
    const Node& node = graph_.nodes[n];
    const BinaryConvolutionSpec spec = BinaryConvolutionSpecOf(graph_, node);
    auto convolution = std::make_unique<BinaryConvolution>(
        kernels_, spec,
        BinaryConvolutionWeights{ConstantOf<uint32_t>(node, 1), ConstantOf<float>(node, 2),
                                 ConstantOf<float>(node, 3), ConstantOf<int32_t>(node, 4)});
    const int input = values_.window_input(node.inputs[0]);
    convolution->Place(plan_.values[input].layout);
    Chain chain = chains_.StartWith(n);
    for (const Stage& stage : convolution->OwnStages()) chain.stages.push_back({stage, -1});
    if (spec.output == BinaryOutput::kBits) {
      chains_.AddStores(StageKind::kPackAbove, chain.tensor, convolution->thresholds(), &chain);
    } else if (spec.output == BinaryOutput::kInt8) {
      chains_.AddStores(StageKind::kStoreInt8, chain.tensor, nullptr, &chain);
    } else {
      chains_.Follow(&chain);
    }
    Finish(std::make_unique<BinaryConvolutionStep>(std::move(convolution), input), {input}, &chain);
  }

  // The pooling that alone reads a tensor, or -1.
  int OnlyPool(int tensor) const {
    if (values_.IsOutput(tensor) || chains_.consumers(tensor).size() != 1) return -1;
    const int n = chains_.consumers(tensor)[0];
    const Operator op = graph_.nodes[n].op;
    return op == Operator::kMaxPool2d || op == Operator::kAveragePool2d ? n : -1;
  }

  // Null if the node has no such input.
  template <typename Element>
  const Element* ConstantOf(const Node& node, size_t index) const {
    const int tensor = index < node.inputs.size() ? node.inputs[index] : -1;
    return tensor < 0 ? nullptr : static_cast<const Element*>(graph_.tensors[tensor].constant);
  }

  std::unique_ptr<Convolution> MakeConvolution(const Node& node) const {
    const FloatConvolutionSpec spec = FloatConvolutionSpecOf(graph_, node);
    const float* weights = ConstantOf<float>(node, 1);
    const float* bias = ConstantOf<float>(node, 2);
    if (std::count(images_.begin(), images_.end(), node.inputs[0]) > 0) {
      return std::make_unique<PixelConvolution>(kernels_, spec, weights, bias, pixels_);
    }
    return std::make_unique<FloatConvolution>(kernels_, spec, weights, bias);
  }

  void PlanFloatConvolution(int n) {
    const Node& node = graph_.nodes[n];
    std::unique_ptr<Convolution> convolution = MakeConvolution(node);
    const int input = values_.window_input(node.inputs[0]);
    convolution->Place(plan_.values[input].layout);
    Chain chain = chains_.StartWith(n);
    const int pool = OnlyPool(chain.tensor);
    if (pool < 0) {
      for (const Stage& stage : convolution->OwnStages()) chain.stages.push_back({stage, -1});
      chains_.AddClamp(node.options.activation, &chain);
      chains_.Follow(&chain);
      Finish(std::make_unique<FloatConvolutionStep>(std::move(convolution), input), {input},
             &chain);
      return;
    }
    const bool clamps = node.options.activation != Activation::kNone;
    const Stage clamp = clamps ? ClampStage(node.options.activation) : Stage{};
    auto step = std::make_unique<ConvolutionPoolStep>(kernels_, std::move(convolution), input,
                                                      clamps ? &clamp : nullptr,
                                                      PoolSpecOf(graph_, graph_.nodes[pool]));
    AddPool(pool, &chain);
    Finish(std::move(step), {input}, &chain);
  }

  void PlanDepthwiseConvolution(int n) {
    const Node& node = graph_.nodes[n];
    auto convolution = std::make_unique<DepthwiseConvolution>(FloatConvolutionSpecOf(graph_, node),
                                                              ConstantOf<float>(node, 1),
                                                              ConstantOf<float>(node, 2));
    const int input = values_.window_input(node.inputs[0]);
    convolution->Place(plan_.values[input].layout);
    AddTiles(n, std::make_unique<DepthwiseConvolutionStep>(kernels_, std::move(convolution), input),
             {input});
  }

  void PlanPixelwise(int n, PixelwiseStep::Function function) {
    const int input = values_.main(graph_.nodes[n].inputs[0]);
    AddTiles(n, std::make_unique<PixelwiseStep>(kernels_, function, values_.Reference(input)),
             {input});
  }

  void PlanProduct(int n) {
    const int a = values_.main(graph_.nodes[n].inputs[0]);
    const int b = values_.main(graph_.nodes[n].inputs[1]);
    AddTiles(n, std::make_unique<ProductStep>(kernels_, values_.Reference(a), values_.Reference(b)),
             {a, b});
  }

  void AddTiles(int n, std::unique_ptr<Step> step, std::vector<int> reads) {
    Chain chain = chains_.StartWith(n);
    chains_.AddClamp(graph_.nodes[n].options.activation, &chain);
    chains_.Follow(&chain);
    Finish(std::move(step), std::move(reads), &chain);
  }

  void AddPool(int n, Chain* chain) {
    chains_.Continue(n, chain);
    chains_.AddClamp(graph_.nodes[n].options.activation, chain);
    chains_.Follow(chain);
  }

  void PlanPool(int n) {
    const int input = values_.main(graph_.nodes[n].inputs[0]);
    Chain chain;
    AddPool(n, &chain);
    Finish(std::make_unique<PoolStep>(kernels_, PoolSpecOf(graph_, graph_.nodes[n]),
                                      values_.Reference(input)),
           {input}, &chain);
  }

  void PlanElementwise(int n) {
    const Node& node = graph_.nodes[n];
    const auto is_map = [&](size_t index) {
      return index < node.inputs.size() && graph_.tensors[node.inputs[index]].constant == nullptr;
    };
    if (node.op == Operator::kMul && is_map(0) && is_map(1)) return PlanProduct(n);
    // Of two maps the one that is subtracted: its sign can change on the way.
    const bool starts_with_second = !is_map(0) || (node.op == Operator::kSub && is_map(1));
    Chain chain;
    chain.tensor = node.inputs[starts_with_second ? 1 : 0];
    const int input = values_.main(chain.tensor);
    chains_.Join(n, &chain);
    chains_.Follow(&chain);
    Finish(std::make_unique<MapStep>(kernels_, values_.Reference(input)), {input}, &chain);
  }

  void PlanQuantize(int n) {
    const Node& node = graph_.nodes[n];
    const Tensor& tensor = graph_.tensors[node.inputs[0]];
    const int input = values_.main(node.inputs[0]);
    if (tensor.type == DataType::kFloat32) {
      Chain chain;
      chains_.AddQuantize(n, &chain);
      Finish(std::make_unique<MapStep>(kernels_, values_.Reference(input)), {input}, &chain);
      return;
    }
    const auto kind = tensor.type == DataType::kInt8 ? ConvertStep::Kind::kPackInt8
                                                     : ConvertStep::Kind::kPackBool;
    AddConvert(n, kind, tensor);
  }

  void PlanDequantize(int n) {
    const Tensor& tensor = graph_.tensors[graph_.nodes[n].outputs[0]];
    const auto kind = tensor.type == DataType::kFloat32 ? ConvertStep::Kind::kUnpackFloat
                      : tensor.type == DataType::kInt8  ? ConvertStep::Kind::kUnpackInt8
                                                        : ConvertStep::Kind::kUnpackBool;
    AddConvert(n, kind, tensor);
  }

  // `unpacked` is the tensor that is not packed, input or output.
  void AddConvert(int n, ConvertStep::Kind kind, const Tensor& unpacked) {
    const Node& node = graph_.nodes[n];
    const int input = values_.main(node.inputs[0]);
    const int output = values_.DeclareWhole(node.outputs[0]);
    AddWhole(
        n,
        std::make_unique<ConvertStep>(kind, unpacked.shape[3], unpacked.scale, unpacked.zero_point,
                                      values_.Reference(input), values_.Reference(output)),
        input, output);
  }

  void AddWhole(int n, std::unique_ptr<Step> step, int input, int output) {
    const int tensor = graph_.nodes[n].outputs[0];
    step->set_name(graph_.nodes[n].name);
    AddStep(std::move(step), {{input}, {output}});
    if (values_.IsOutput(tensor) && values_.NeedsBorder(tensor)) AddBorderedCopy(tensor);
  }

  void PlanBinaryMaxPool(int n) {
    const Node& node = graph_.nodes[n];
    const int input = values_.main(node.inputs[0]);
    const int output = values_.DeclareWhole(node.outputs[0]);
    AddWhole(n,
             std::make_unique<BinaryMaxPoolStep>(
                 VerticalPool(graph_, node), HorizontalPool(graph_, node), values_.Reference(input),
                 values_.Reference(output)),
             input, output);
  }

  void PlanPad(int n) {
    const Node& node = graph_.nodes[n];
    const PadAmounts amounts = PadAmountsOf(graph_, node);
    const int input = values_.main(node.inputs[0]);
    const int output = values_.DeclareWhole(node.outputs[0]);
    AddWhole(n,
             std::make_unique<PadStep>(amounts.top, amounts.left, values_.Reference(input),
                                       values_.Reference(output)),
             input, output);
  }

  void PlanReshape(int n) {
    const Node& node = graph_.nodes[n];
    const int input = values_.main(node.inputs[0]);
    const int output = values_.DeclareWhole(node.outputs[0]);
    AddWhole(n, std::make_unique<ReshapeStep>(values_.Reference(input), values_.Reference(output)),
             input, output);
  }

  const Graph& graph_;
  const KernelTable& kernels_;
  const PixelNormalization& pixels_;
  PlannedGraph plan_;
  ValueTable values_;
  ChainBuilder chains_;
  std::vector<StepAccess> accesses_;
  std::vector<int> images_;  // inputs that become 8-bit pixels
};

}  // namespace

PlannedGraph BuildPlan(const Graph& graph, const PlanOptions& options) {
  CheckGraph(graph);
  try {
    return Builder(graph, options).Build();
  } catch (const std::invalid_argument& error) {
    throw PlanError(error.what());
  }
}

}  // namespace bireid
