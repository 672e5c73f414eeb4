// LceDequantize: packed signs to a float32, int8 or bool map.
#include "operators/operator_row.h"
#include "operators/packed_conversion.h"
#include "plan/node_check.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"

namespace bireid {
namespace {

class LceDequantize final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(1);
    const Tensor& output = check.Output();
    Require(output.type == DataType::kFloat32 || output.type == DataType::kInt8 ||
                output.type == DataType::kBool,
            "the output must be float32, int8 or bool");
    if (output.type == DataType::kInt8) NodeCheck::Scale(output);
    NodeCheck::PackedPair(NodeCheck::Map(output, output.type), check.InputMap(0, DataType::kInt32));
  }

  // Packing forgets the number of channels; the model keeps it in the output's shape.
  Shape InferShape(const Graph& graph, const Node& node) const override {
    const Shape& output = graph.tensors[node.outputs[0]].shape;
    return WithLast(InputOf(graph, node, 0).shape, output.empty() ? 0 : output.back());
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Tensor& map = builder->graph().tensors[builder->node(n).outputs[0]];
    const auto kind = map.type == DataType::kFloat32 ? ConvertStep::Kind::kUnpackFloat
                      : map.type == DataType::kInt8  ? ConvertStep::Kind::kUnpackInt8
                                                     : ConvertStep::Kind::kUnpackBool;
    AddConversion(n, kind, map, builder);
  }
};

const LceDequantize kLceDequantize;

}  // namespace

extern const OperatorRow kLceDequantizeRow(kLceDequantize, "LceDequantize");

}  // namespace bireid
