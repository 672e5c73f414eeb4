// Which nodes of a graph become stages of the step before them.
#ifndef BIREID_PLAN_CHAIN_H_
#define BIREID_PLAN_CHAIN_H_

#include <string>
#include <vector>

#include "plan/graph.h"
#include "plan/step.h"
#include "plan/value_table.h"

namespace bireid {

// A list of stages that grows along the graph for as long as the next node can join.
struct Chain {
  std::vector<BoundStage> stages;
  std::string name;
  int tensor = -1;  // what the last stage computes
};

class ChainBuilder {
 public:
  ChainBuilder(const Graph& graph, ValueTable* values);

  const Graph& graph() const { return graph_; }
  ValueTable& values() const { return values_; }

  // Whether a step holds the node.
  bool IsDone(int n) const { return done_[n]; }
  // The nodes that read a tensor, in order.
  const std::vector<int>& consumers(int tensor) const { return consumers_[tensor]; }

  // Starts a chain with the tensor that a node computes.
  Chain StartWith(int n);
  // Goes on with a node, whose own stages the caller adds.
  void Continue(int n, Chain* chain);

  void AddStores(StageKind kind, int tensor, const float* channel, Chain* chain);
  void AddClamp(Activation activation, Chain* chain) const;
  // Adds a node that can join the chain: Operator::CanJoin.
  void Join(int n, Chain* chain);
  // Adds a node that packs the signs of the chain's tensor, which stays the chain's.
  void AddPacking(int n, Chain* chain);
  // Follows the graph from the chain's tensor: stores it where something else needs it, packs its
  // signs for binary convolutions, and goes on with one node that can join.
  void Follow(Chain* chain);

 private:
  void MarkDone(int n, Chain* chain);

  const Graph& graph_;
  ValueTable& values_;
  std::vector<std::vector<int>> consumers_;  // of every tensor, in order
  std::vector<bool> done_;                   // nodes that a step holds
};

}  // namespace bireid

#endif  // BIREID_PLAN_CHAIN_H_
