// Operators on the values of two maps, of which one may be a single pixel, or of a map and a
// constant with one value, or one per channel.
#ifndef BIREID_OPERATORS_OPERANDS_H_
#define BIREID_OPERATORS_OPERANDS_H_

#include "plan/node_check.h"
#include "plan/operator.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {

// Of one pixel.
using OperandFunction = void (*)(const float* a, const float* b, int channels, float* output);

// Whether a node has two maps of which one is a single pixel and the other is not.
bool HasPixel(const Graph& graph, const Node& node);

// Throws unless the operands fit.
void CheckOperands(const NodeCheck& check);

// Adds node `n`, which has been checked so, as a step of its own.
void PlanOperands(int n, OperandFunction function, PlanBuilder* builder);

// One that has nothing more to it.
class OperandOperator final : public Operator {
 public:
  constexpr explicit OperandOperator(OperandFunction function) : function_(function) {}

  void Check(const NodeCheck& check) const override { CheckOperands(check); }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return Broadcast(InputOf(graph, node, 0).shape, InputOf(graph, node, 1).shape);
  }

  void Plan(int n, PlanBuilder* builder) const override { PlanOperands(n, function_, builder); }

 private:
  OperandFunction function_;
};

}  // namespace bireid

#endif  // BIREID_OPERATORS_OPERANDS_H_
