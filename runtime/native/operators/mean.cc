// MEAN over rows and columns, to [batch, 1, 1, channels]. The second input holds the axes.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "operators/operator_row.h"
#include "plan/node_check.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

bool AreRowsAndColumns(const Tensor& axes) {
  int32_t axis[2];
  if (axes.type != DataType::kInt32 || axes.constant == nullptr ||
      axes.constant_bytes != sizeof(axis)) {
    return false;
  }
  std::memcpy(axis, axes.constant, sizeof(axis));
  for (int32_t& value : axis) {
    if (value < 0) value += kMapRank;  // counted from the end
  }
  return std::min(axis[0], axis[1]) == 1 && std::max(axis[0], axis[1]) == 2;
}

class Mean final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(2);
    const Tensor& input = check.InputMap(0, DataType::kFloat32);
    Require(input.rank == kMapRank && AreRowsAndColumns(check.Input(1)),
            "the mean is not over rows and columns");
    Require(
        check.OutputMap(DataType::kFloat32).shape == Shape{input.shape[0], 1, 1, input.shape[3]},
        "the output of a mean must be a single pixel");
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    const Shape& map = MapShape(graph, node, 0, "the input");
    return {map[0], 1, 1, map[3]};
  }

  double Reads(const Graph& graph, const Node& node) const override {
    const Shape& map = InputOf(graph, node, 0).shape;
    return double{1} * map[1] * map[2];
  }

  // The average of one window, which is the map.
  void Plan(int n, PlanBuilder* builder) const override {
    const Shape& map = builder->graph().tensors[builder->node(n).inputs[0]].shape;
    builder->AddPool(n, {PoolKind::kAverage, Extent::Of(map[1], map[1], 1, 1, Padding::kValid),
                         Extent::Of(map[2], map[2], 1, 1, Padding::kValid), map[3]});
  }
};

const Mean kMean;

}  // namespace

extern const OperatorRow kMeanRow(kMean, tflite::BuiltinOperator::MEAN);

}  // namespace bireid
