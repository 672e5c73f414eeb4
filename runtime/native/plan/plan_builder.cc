#include "plan/plan_builder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "plan/buffers.h"
#include "plan/node_shapes.h"
#include "plan/validation.h"
#include "plan/value_table.h"

namespace bireid {
namespace {

// One node adds at most an operation and its activation; a tensor, two stores and the packing of
// its signs in two places. Beyond this many stages a chain ends and the next begins.
constexpr size_t kFullChain = kMaxStages - 6;

class Builder {
 public:
  Builder(const Graph& graph, const PlanOptions& options)
      : graph_(graph),
        kernels_(*options.kernels),
        pixels_(options.pixels),
        values_(graph, &plan_),
        consumers_(ConsumersOf(graph)),
        done_(graph.nodes.size()) {}

  PlannedGraph Build() {
    plan_.batch = BatchOf(graph_);
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      const int tensor = graph_.inputs[i];
      if (consumers_[tensor].empty()) continue;
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
      if (!done_[n]) PlanNode(static_cast<int>(n));
    }
    AssignBuffers(accesses_, &plan_);
    return std::move(plan_);
  }

 private:
  // Whether only convolutions read an input, which the caller says is a normalised 8-bit image.
  bool IsImage(int tensor) const {
    if (pixels_.mean.size() != static_cast<size_t>(graph_.tensors[tensor].shape[3])) return false;
    return std::all_of(consumers_[tensor].begin(), consumers_[tensor].end(),
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

  // A list of stages that grows along the graph for as long as the next node can join.
  struct Chain {
    std::vector<BoundStage> stages;
    std::string name;
    int tensor;  // what the last stage computes
  };

  void AddStores(StageKind kind, int tensor, const float* channel, Chain* chain) {
    for (const int value : values_.Declare(tensor)) {
      BoundStage bound = values_.MapStage(kind, value);
      bound.stage.channel = channel;
      chain->stages.push_back(bound);
    }
  }

  void AddClamp(Activation activation, Chain* chain) const {
    if (activation != Activation::kNone) chain->stages.push_back({ClampStage(activation), -1});
  }

  // Adds an element-wise node that reads the chain's tensor.
  void Join(int n, Chain* chain) {
    const Node& node = graph_.nodes[n];
    const Tensor& output = graph_.tensors[node.outputs[0]];
    const int channels = output.shape[3];
    BoundStage bound{};
    bound.value = -1;
    if (node.op == Operator::kRelu) {
      bound.stage = ClampStage(Activation::kRelu);
    } else {
      const int other = node.inputs[0] == chain->tensor ? node.inputs[1] : node.inputs[0];
      const Tensor& operand = graph_.tensors[other];
      if (operand.constant == nullptr) {
        bound = values_.MapStage(StageKind::kAddMap, values_.main(other));
      } else {
        bound.stage.kind = node.op == Operator::kAdd   ? StageKind::kAdd
                           : node.op == Operator::kMul ? StageKind::kMultiply
                                                       : StageKind::kPrelu;
        bound.stage.channel = values_.ChannelParameter(operand, channels);
      }
    }
    chain->stages.push_back(bound);
    AddClamp(node.options.activation, chain);
    AddName(n, chain);
    chain->tensor = node.outputs[0];
  }

  void AddName(int n, Chain* chain) {
    if (!chain->name.empty()) chain->name += " + ";
    chain->name += graph_.nodes[n].name;
    done_[n] = true;
  }

  bool CanJoin(int n, int tensor) const {
    const Node& node = graph_.nodes[n];
    if (node.op == Operator::kPrelu) return node.inputs[0] == tensor;
    if (node.op == Operator::kRelu) return true;
    if (node.op != Operator::kAdd && node.op != Operator::kMul) return false;
    const int other = node.inputs[0] == tensor ? node.inputs[1] : node.inputs[0];
    return other != tensor &&
           (graph_.tensors[other].constant != nullptr || values_.IsComputed(other));
  }

  // Follows the graph from the chain's tensor: stores it where something else needs it, packs its
  // signs for binary convolutions, and goes on with one element-wise node.
  void Follow(Chain* chain) {
    for (;;) {
      const int tensor = chain->tensor;
      const bool is_full = chain->stages.size() > kFullChain;
      bool is_stored = values_.IsOutput(tensor);
      int next = -1;
      int quantize = -1;
      for (const int n : consumers_[tensor]) {
        if (done_[n]) continue;
        if (!is_full && quantize < 0 && graph_.nodes[n].op == Operator::kLceQuantize) {
          quantize = n;
        } else if (!is_full && next < 0 && CanJoin(n, tensor)) {
          next = n;
        } else {
          is_stored = true;
        }
      }
      if (is_stored) AddStores(StageKind::kStore, tensor, nullptr, chain);
      if (quantize >= 0) {
        AddStores(StageKind::kPackSigns, graph_.nodes[quantize].outputs[0], nullptr, chain);
        AddName(quantize, chain);
      }
      if (next < 0) return;
      Join(next, chain);
    }
  }

  void Finish(std::unique_ptr<Step> step, std::vector<int> reads, Chain* chain) {
    step->set_name(std::move(chain->name));
    step->set_stages(std::move(chain->stages));
    AddStep(std::move(step), {std::move(reads), {}});
  }

  void PlanNode(int n) {
    switch (graph_.nodes[n].op) {
      case Operator::kLceBconv2d:
        return PlanBinaryConvolution(n);
      case Operator::kConv2d:
        return PlanFloatConvolution(n);
      case Operator::kMaxPool2d:
      case Operator::kAveragePool2d:
        return PlanPool(n);
      case Operator::kAdd:
      case Operator::kMul:
      case Operator::kPrelu:
      case Operator::kRelu:
        return PlanElementwise(n);
      case Operator::kLceQuantize:
        return PlanQuantize(n);
      case Operator::kLceDequantize:
        return PlanDequantize(n);
      case Operator::kLceBMaxPool2d:
        return PlanBinaryMaxPool(n);
      case Operator::kPad:
        return PlanPad(n);
    }
  }

  void PlanBinaryConvolution(int n) {
    const Node& node = graph_.nodes[n];
    const BinaryConvolutionSpec spec = BinaryConvolutionSpecOf(graph_, node);
    const auto constant = [&](size_t index) -> const void* {
      const int tensor = index < node.inputs.size() ? node.inputs[index] : -1;
      return tensor < 0 ? nullptr : graph_.tensors[tensor].constant;
    };
    auto convolution = std::make_unique<BinaryConvolution>(
        kernels_, spec,
        BinaryConvolutionWeights{
            static_cast<const uint32_t*>(constant(1)), static_cast<const float*>(constant(2)),
            static_cast<const float*>(constant(3)), static_cast<const int32_t*>(constant(4))});
    const int input = values_.window_input(node.inputs[0]);
    convolution->Place(plan_.values[input].layout);
    Chain chain{{}, "", node.outputs[0]};
    AddName(n, &chain);
    for (const Stage& stage : convolution->OwnStages()) chain.stages.push_back({stage, -1});
    if (spec.output == BinaryOutput::kBits) {
      AddStores(StageKind::kPackAbove, chain.tensor, convolution->thresholds(), &chain);
    } else if (spec.output == BinaryOutput::kInt8) {
      AddStores(StageKind::kStoreInt8, chain.tensor, nullptr, &chain);
    } else {
      Follow(&chain);
    }
    Finish(std::make_unique<BinaryConvolutionStep>(std::move(convolution), input), {input}, &chain);
  }

  // The pooling that alone reads a tensor, or -1.
  int OnlyPool(int tensor) const {
    if (values_.IsOutput(tensor) || consumers_[tensor].size() != 1) return -1;
    const int n = consumers_[tensor][0];
    const Operator op = graph_.nodes[n].op;
    return op == Operator::kMaxPool2d || op == Operator::kAveragePool2d ? n : -1;
  }

  std::unique_ptr<Convolution> MakeConvolution(const Node& node) const {
    const FloatConvolutionSpec spec = FloatConvolutionSpecOf(graph_, node);
    const int bias = node.inputs.size() > 2 ? node.inputs[2] : -1;
    const auto floats = [&](int tensor) {
      return static_cast<const float*>(tensor < 0 ? nullptr : graph_.tensors[tensor].constant);
    };
    if (std::count(images_.begin(), images_.end(), node.inputs[0]) > 0) {
      return std::make_unique<PixelConvolution>(kernels_, spec, floats(node.inputs[1]),
                                                floats(bias), pixels_);
    }
    return std::make_unique<FloatConvolution>(kernels_, spec, floats(node.inputs[1]), floats(bias));
  }

  void PlanFloatConvolution(int n) {
    const Node& node = graph_.nodes[n];
    std::unique_ptr<Convolution> convolution = MakeConvolution(node);
    const int input = values_.window_input(node.inputs[0]);
    convolution->Place(plan_.values[input].layout);
    Chain chain{{}, "", node.outputs[0]};
    AddName(n, &chain);
    const int pool = OnlyPool(chain.tensor);
    if (pool < 0) {
      for (const Stage& stage : convolution->OwnStages()) chain.stages.push_back({stage, -1});
      AddClamp(node.options.activation, &chain);
      Follow(&chain);
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

  void AddPool(int n, Chain* chain) {
    const Node& node = graph_.nodes[n];
    AddName(n, chain);
    chain->tensor = node.outputs[0];
    AddClamp(node.options.activation, chain);
    Follow(chain);
  }

  void PlanPool(int n) {
    const int input = values_.main(graph_.nodes[n].inputs[0]);
    Chain chain{{}, "", -1};
    AddPool(n, &chain);
    Finish(std::make_unique<PoolStep>(kernels_, PoolSpecOf(graph_, graph_.nodes[n]),
                                      values_.Reference(input)),
           {input}, &chain);
  }

  void PlanElementwise(int n) {
    const Node& node = graph_.nodes[n];
    const bool first_is_map = graph_.tensors[node.inputs[0]].constant == nullptr;
    const int tensor = node.inputs[first_is_map ? 0 : 1];
    Chain chain{{}, "", tensor};
    Join(n, &chain);
    Follow(&chain);
    const int input = values_.main(tensor);
    Finish(std::make_unique<MapStep>(kernels_, values_.Reference(input)), {input}, &chain);
  }

  void PlanQuantize(int n) {
    const Node& node = graph_.nodes[n];
    const Tensor& tensor = graph_.tensors[node.inputs[0]];
    const int input = values_.main(node.inputs[0]);
    if (tensor.type == DataType::kFloat32) {
      Chain chain{{}, "", node.inputs[0]};
      AddStores(StageKind::kPackSigns, node.outputs[0], nullptr, &chain);
      AddName(n, &chain);
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
    step->set_name(graph_.nodes[n].name);
    done_[n] = true;
    AddStep(std::move(step), {{input}, {output}});
    const int tensor = graph_.nodes[n].outputs[0];
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

  const Graph& graph_;
  const KernelTable& kernels_;
  const PixelNormalization& pixels_;
  PlannedGraph plan_;
  ValueTable values_;
  std::vector<StepAccess> accesses_;
  std::vector<std::vector<int>> consumers_;  // of every tensor, in order
  std::vector<bool> done_;                   // nodes that a step holds
  std::vector<int> images_;                  // inputs that become 8-bit pixels
};

}  // namespace

PlannedGraph BuildPlan(const Graph& graph, const PlanOptions& options) {
  CheckGraph(graph);
  return Builder(graph, options).Build();
}

}  // namespace bireid
