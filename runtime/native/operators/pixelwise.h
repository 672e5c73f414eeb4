// Operators on one float map whose pixels depend on themselves alone.
#ifndef BIREID_OPERATORS_PIXELWISE_H_
#define BIREID_OPERATORS_PIXELWISE_H_

#include <memory>

#include "plan/node_check.h"
#include "plan/operator.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"
#include "plan/tile_step.h"

namespace bireid {

class PixelwiseOperator final : public Operator {
 public:
  constexpr explicit PixelwiseOperator(PixelwiseStep::Function function) : function_(function) {}

  void Check(const NodeCheck& check) const override {
    check.Operands(1);
    NodeCheck::SameShape(check.InputMap(0, DataType::kFloat32),
                         check.OutputMap(DataType::kFloat32));
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return InputOf(graph, node, 0).shape;
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const int input = builder->MapOf(builder->node(n).inputs[0]);
    builder->AddTiles(
        n,
        std::make_unique<PixelwiseStep>(builder->kernels(), function_, builder->Reference(input)),
        {input});
  }

 private:
  PixelwiseStep::Function function_;
};

}  // namespace bireid

#endif  // BIREID_OPERATORS_PIXELWISE_H_
