#include "plan/chain.h"

#include "plan/node_shapes.h"
#include "plan/operator.h"

namespace bireid {
namespace {

// One node adds at most a change of sign, an operation and its activation; a tensor, two stores and
// the packing of its signs in two places. Beyond this many stages a chain stores its tensor in two
// places and ends, and the next begins.
constexpr size_t kFullChain = kMaxStages - (3 + 4) - 2;

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

void ChainBuilder::AddPacking(int n, Chain* chain) {
  AddStores(StageKind::kPackSigns, graph_.nodes[n].outputs[0], nullptr, chain);
  MarkDone(n, chain);
}

void ChainBuilder::Join(int n, Chain* chain) {
  const Node& node = graph_.nodes[n];
  node.op->AddStages(node, *this, chain);
  Continue(n, chain);
}

void ChainBuilder::Follow(Chain* chain) {
  for (;;) {
    const int tensor = chain->tensor;
    const bool is_full = chain->stages.size() > kFullChain;
    bool is_stored = values_.IsOutput(tensor);
    int next = -1;
    int packing = -1;
    for (const int n : consumers_[tensor]) {
      if (done_[n]) continue;
      const Operator& op = *graph_.nodes[n].op;
      if (!is_full && packing < 0 && op.PacksSigns()) {
        packing = n;
      } else if (!is_full && next < 0 && op.CanJoin(graph_.nodes[n], tensor, *this)) {
        next = n;
      } else {
        is_stored = true;
      }
    }
    if (is_stored) AddStores(StageKind::kStore, tensor, nullptr, chain);
    if (packing >= 0) AddPacking(packing, chain);
    if (next < 0) return;
    Join(next, chain);
  }
}

}  // namespace bireid
