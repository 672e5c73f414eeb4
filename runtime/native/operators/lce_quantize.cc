// LceQuantize: the signs of a float32, int8 or bool map, packed.
#include <memory>

#include "operators/operator_row.h"
#include "operators/packed_conversion.h"
#include "plan/node_check.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

class LceQuantize final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(1);
    const Tensor& input = check.Input(0);
    Require(input.type == DataType::kFloat32 || input.type == DataType::kInt8 ||
                input.type == DataType::kBool,
            "the input must be float32, int8 or bool");
    NodeCheck::PackedPair(NodeCheck::Map(input, input.type), check.OutputMap(DataType::kInt32));
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    const Shape& shape = InputOf(graph, node, 0).shape;
    return WithLast(shape, shape.empty() ? 0 : WordsOf(shape.back()));
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const int tensor = builder->node(n).inputs[0];
    const Tensor& map = builder->graph().tensors[tensor];
    if (map.type == DataType::kFloat32) {
      const int input = builder->MapOf(tensor);
      Chain chain;
      builder->chains().AddPacking(n, &chain);
      return builder->AddChain(
          std::make_unique<MapStep>(builder->kernels(), builder->Reference(input)), {input},
          &chain);
    }
    AddConversion(
        n,
        map.type == DataType::kInt8 ? ConvertStep::Kind::kPackInt8 : ConvertStep::Kind::kPackBool,
        map, builder);
  }

  bool PacksSigns() const override { return true; }
};

const LceQuantize kLceQuantize;

}  // namespace

extern const OperatorRow kLceQuantizeRow(kLceQuantize, "LceQuantize");

}  // namespace bireid
