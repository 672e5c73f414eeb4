// POW of a map by a constant exponent, one value or one per channel.
#include <algorithm>
#include <cmath>

#include "kernels/pixelwise.h"
#include "operators/operands.h"
#include "operators/operator_row.h"
#include "plan/node_shapes.h"

namespace bireid {
namespace {

class Pow final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    CheckOperands(check);
    const Tensor& exponent = check.Input(1);
    Require(exponent.constant != nullptr, "the exponent is not stored in the model");
    const float* values = static_cast<const float*>(exponent.constant);
    Require(std::all_of(values, values + ElementCount(exponent.shape),
                        [](float value) { return std::isfinite(value); }),
            "an exponent is not finite");
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return InputOf(graph, node, 0).shape;
  }

  void Plan(int n, PlanBuilder* builder) const override { PlanOperands(n, Power, builder); }
};

const Pow kPow;

}  // namespace

extern const OperatorRow kPowRow(kPow, tflite::BuiltinOperator::POW);

}  // namespace bireid
