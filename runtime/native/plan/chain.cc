#include "plan/chain.h"

#include "plan/node_shapes.h"

namespace bireid {
namespace {

// One node adds at most a change of sign, an operation and its activation; a tensor, two stores and
// the packing of its signs in two places. Beyond this many stages a chain stores its tensor in two
// places and ends, and the next begins.
constexpr size_t kFullChain = kMaxStages - (3 + 4) - 2;

int OtherOperand(const Node& node, int tensor) {
  return node.inputs[0] == tensor ? node.inputs[1] : node.inputs[0];
}

StageKind ParameterKind(Operator op) {
  if (op == Operator::kMul) return StageKind::kMultiply;
  return op == Operator::kPrelu ? StageKind::kPrelu : StageKind::kAdd;
}

}  // namespace

ChainBuilder::ChainBuilder(const Graph& graph, ValueTable* values)
    : graph_(graph), values_(*values), consumers_(ConsumersOf(graph)), done_(graph.nodes.size()) {}

void ChainBuilder::MarkDone(int n, Chain* chain) {
  if (!chain->name.empty()) chain->name += " + ";
  chain->name += graph_.nodes[n].name;
  done_[n] = true;
}

Chain ChainBuilder::StartWith(int n) {
  Chain chain;
  Continue(n, &chain);
  return chain;
}

void ChainBuilder::Continue(int n, Chain* chain) {
  MarkDone(n, chain);
  chain->tensor = graph_.nodes[n].outputs[0];
}

void ChainBuilder::AddStores(StageKind kind, int tensor, const float* channel, Chain* chain) {
  for (const int value : values_.Declare(tensor)) {
    BoundStage bound = values_.MapStage(kind, value);
    bound.stage.channel = channel;
    chain->stages.push_back(bound);
  }
}

void ChainBuilder::AddClamp(Activation activation, Chain* chain) const {
  if (activation != Activation::kNone) chain->stages.push_back({ClampStage(activation), -1});
}

void ChainBuilder::AddQuantize(int n, Chain* chain) {
  AddStores(StageKind::kPackSigns, graph_.nodes[n].outputs[0], nullptr, chain);
  MarkDone(n, chain);
}

void ChainBuilder::AddOperand(const Node& node, Chain* chain) {
  const Tensor& operand = graph_.tensors[OtherOperand(node, chain->tensor)];
  const int channels = graph_.tensors[node.outputs[0]].shape[3];
  // a - b is a + (-b) to the last bit, so no stage need subtract.
  const bool is_difference = node.op == Operator::kSub;
  const bool is_subtracted = is_difference && node.inputs[1] == chain->tensor;
  BoundStage bound{};
  bound.value = -1;
  if (is_subtracted) {
    bound.stage.kind = StageKind::kMultiply;
    bound.stage.channel = values_.ChannelParameter(-1.0f, channels);
    chain->stages.push_back(bound);
  }
  if (operand.constant == nullptr) {
    bound = values_.MapStage(StageKind::kAddMap, values_.main(OtherOperand(node, chain->tensor)));
  } else {
    bound.stage.kind = ParameterKind(node.op);
    bound.stage.channel =
        values_.ChannelParameter(operand, channels, is_difference && !is_subtracted ? -1.0f : 1.0f);
  }
  chain->stages.push_back(bound);
}

void ChainBuilder::Join(int n, Chain* chain) {
  const Node& node = graph_.nodes[n];
  const Activation activation = node.options.activation;
  if (node.op != Operator::kRelu) {
    AddOperand(node, chain);
    AddClamp(activation, chain);
  } else {
    AddClamp(activation == Activation::kNone ? Activation::kRelu : activation, chain);
  }
  Continue(n, chain);
}

bool ChainBuilder::CanJoin(int n, int tensor) const {
  const Node& node = graph_.nodes[n];
  switch (node.op) {
    case Operator::kPrelu:
    case Operator::kRelu:
      return true;
    case Operator::kAdd:
    case Operator::kSub:
    case Operator::kMul:
      break;
    default:
      return false;
  }
  const int other = OtherOperand(node, tensor);
  if (graph_.tensors[other].constant != nullptr) return true;
  if (node.op == Operator::kMul || other == tensor || !values_.IsComputed(other)) return false;
  return node.op == Operator::kAdd || node.inputs[1] == tensor;
}

void ChainBuilder::Follow(Chain* chain) {
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
    if (quantize >= 0) AddQuantize(quantize, chain);
    if (next < 0) return;
    Join(next, chain);
  }
}

}  // namespace bireid
