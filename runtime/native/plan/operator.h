// What a plan must know of an operator. Each is in a file of its own in operators/; the plan itself
// knows none by name.
#ifndef BIREID_PLAN_OPERATOR_H_
#define BIREID_PLAN_OPERATOR_H_

#include <memory>
#include <optional>
#include <vector>

#include "kernels/depthwise_convolution.h"
#include "kernels/geometry.h"
#include "plan/graph.h"
#include "plan/step.h"

namespace bireid {

struct Chain;
class ChainBuilder;
class NodeCheck;
class PlanBuilder;

// Without state: one object serves all nodes of the operator.
class Operator {
 public:
  // Throws UnsupportedNode or std::invalid_argument with the reason why the plan cannot run a node.
  // Its shapes, types, options and constants may be anything.
  virtual void Check(const NodeCheck& node) const = 0;

  // The shape of the node's output from those of its inputs: the model gives shapes for its own
  // input size only. Throws PlanError if the inputs give none; they may be anything.
  virtual std::vector<int> InferShape(const Graph& graph, const Node& node) const = 0;

  // How many numbers one value of the output is computed from, for nodes that Check has nothing
  // against: what bounds the time that a model file can ask for.
  virtual double Reads(const Graph&, const Node&) const { return 1; }

  // Adds the steps of node `n`, which Check has nothing against.
  virtual void Plan(int n, PlanBuilder* builder) const = 0;

  // How it goes together with other operators; for nodes that Check has nothing against.

  // The zeros that it puts around its first input, if it does nothing else.
  virtual std::optional<Border> Zeros(const Graph&, const Node&) const { return std::nullopt; }
  // Whether it can read Options::zeros around its first input.
  virtual bool ReadsZeros() const { return false; }
  // What its windows read around the first input.
  virtual Border InputBorder(const Graph&, const Node&) const { return {}; }
  // Whether it can read the first input as the 8-bit pixels that the image was made of.
  virtual bool ReadsPixels(const Graph&, const Node&) const { return false; }
  // Whether all that it does is packing signs of a float map, which a stage can do.
  virtual bool PacksSigns() const { return false; }
  // A pooling, which can run row by row behind a convolution.
  virtual std::optional<PoolSpec> Pooling(const Graph&, const Node&) const { return std::nullopt; }
  // A depthwise convolution, which can run row by row behind another.
  virtual std::unique_ptr<DepthwiseConvolution> Depthwise(const Node&, const PlanBuilder&) const {
    return nullptr;
  }
  // Whether stages on the values of an input, `tensor`, can compute it.
  virtual bool CanJoin(const Node&, int /*tensor*/, const ChainBuilder&) const { return false; }
  // Adds these stages to the chain of that input.
  virtual void AddStages(const Node&, const ChainBuilder&, Chain*) const {}

 protected:
  ~Operator() = default;
};

}  // namespace bireid

#endif  // BIREID_PLAN_OPERATOR_H_
