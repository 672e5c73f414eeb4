// Fuses a graph into steps, and gives every map a place in memory.
#ifndef BIREID_PLAN_PLAN_BUILDER_H_
#define BIREID_PLAN_PLAN_BUILDER_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "kernels/depthwise_convolution.h"
#include "kernels/float_convolution.h"
#include "plan/buffers.h"
#include "plan/chain.h"
#include "plan/graph.h"
#include "plan/plan.h"
#include "plan/planned_graph.h"
#include "plan/step.h"
#include "plan/value_table.h"

namespace bireid {

// Throws PlanError, or std::bad_alloc.
PlannedGraph BuildPlan(const Graph& graph, const PlanOptions& options);

// What an operator adds its steps with. A function that takes node `n` adds the step of that node
// and of those after it that can be stages of the same step.
class PlanBuilder {
 public:
  // The graph has been checked.
  PlanBuilder(const Graph& graph, const PlanOptions& options);
  PlannedGraph Build();

  const Graph& graph() const { return graph_; }
  const Node& node(int n) const { return graph_.nodes[n]; }
  const KernelTable& kernels() const { return kernels_; }
  ChainBuilder& chains() { return chains_; }

  // The stored values of a node's input, null if the node has no such input.
  template <typename Element>
  const Element* ConstantOf(const Node& node, size_t index) const {
    const int tensor = index < node.inputs.size() ? node.inputs[index] : -1;
    return tensor < 0 ? nullptr : static_cast<const Element*>(graph_.tensors[tensor].constant);
  }
  // The value of a computed tensor, and the one that windows read.
  int MapOf(int tensor) const { return values_.main(tensor); }
  int WindowedMapOf(int tensor) const { return values_.window_input(tensor); }
  MapReference Reference(int value) const { return values_.Reference(value); }
  // How the 8-bit pixels were normalised that are to be read in a tensor's place, or null.
  const PixelNormalization* PixelsOf(int tensor) const;

  // A convolution that is not placed yet; with the pooling behind it, or with the depthwise
  // convolution where the map between is large, if that alone reads it.
  void AddConvolution(int n, std::unique_ptr<Convolution> convolution);
  // A step that computes values for its stages; `reads` are maps.
  void AddTiles(int n, std::unique_ptr<Step> step, std::vector<int> reads);
  // A node of which Operator::AddStages knows all, on the map of one input.
  void AddMapStages(int n, int tensor);
  void AddPool(int n, const PoolSpec& pool);
  // A step without stages that reads the first input's map and writes `output`, from DeclareOutput.
  void AddWhole(int n, std::unique_ptr<Step> step, int output);
  int DeclareOutput(int n) { return values_.DeclareWhole(graph_.nodes[n].outputs[0]); }
  // A step whose stages are the chain's.
  void AddChain(std::unique_ptr<Step> step, std::vector<int> reads, Chain* chain);

 private:
  bool IsImage(int tensor) const;
  void AddInputs();
  void AddPixels(int tensor);
  void AddBorderedCopy(int tensor);
  void AddStep(std::unique_ptr<Step> step, StepAccess access);
  int OnlyReader(int tensor) const;
  int OnlyPool(int tensor) const;
  std::unique_ptr<DepthwiseConvolution> OnlyDepthwise(const Convolution& first, int tensor) const;
  // Of a tensor, without a border.
  MapLayout LayoutOf(int tensor) const {
    const std::vector<int>& shape = graph_.tensors[tensor].shape;
    return {shape[1], shape[2], shape[3], {}};
  }
  void FollowRows(int n, Chain* chain);
  void CountMemory();

  const Graph& graph_;
  const KernelTable& kernels_;
  const PixelNormalization& pixels_;
  const int threads_;
  PlannedGraph plan_;
  ValueTable values_;
  ChainBuilder chains_;
  std::vector<StepAccess> accesses_;
  std::vector<int> images_;  // inputs that become 8-bit pixels
};

}  // namespace bireid

#endif  // BIREID_PLAN_PLAN_BUILDER_H_
