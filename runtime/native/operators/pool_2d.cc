// MAX_POOL_2D and AVERAGE_POOL_2D.
#include "operators/pool_2d.h"

#include "formats/builtin_options.h"
#include "operators/operator_row.h"
#include "plan/plan_builder.h"

namespace bireid {

Extent VerticalPool(const Graph& graph, const Node& node) {
  return Extent::Of(graph.tensors[node.inputs[0]].shape[1], node.options.filter_height,
                    node.options.stride_height, 1, node.options.padding);
}

Extent HorizontalPool(const Graph& graph, const Node& node) {
  return Extent::Of(graph.tensors[node.inputs[0]].shape[2], node.options.filter_width,
                    node.options.stride_width, 1, node.options.padding);
}

void CheckPool(const NodeCheck& check, DataType type) {
  check.Operands(1);
  const Tensor& input = check.InputMap(0, type);
  NodeCheck::OutputIs(check.OutputMap(type), input, VerticalPool(check.graph(), check.node()),
                      HorizontalPool(check.graph(), check.node()), input.shape[3]);
}

Shape PoolShape(const Graph& graph, const Node& node) {
  const Shape& map = MapShape(graph, node, 0, "the input");
  return WindowsOutput(map, node.options.filter_height, node.options.filter_width, map[3],
                       node.options);
}

namespace {

class Pool2d final : public Operator {
 public:
  constexpr explicit Pool2d(PoolKind kind) : kind_(kind) {}

  void Check(const NodeCheck& check) const override { CheckPool(check, DataType::kFloat32); }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return PoolShape(graph, node);
  }

  double Reads(const Graph&, const Node& node) const override {
    return double{1} * node.options.filter_height * node.options.filter_width;
  }

  void Plan(int n, PlanBuilder* builder) const override {
    builder->AddPool(n, SpecOf(builder->graph(), builder->node(n)));
  }

  std::optional<PoolSpec> Pooling(const Graph& graph, const Node& node) const override {
    return SpecOf(graph, node);
  }

 private:
  PoolSpec SpecOf(const Graph& graph, const Node& node) const {
    return {kind_, VerticalPool(graph, node), HorizontalPool(graph, node),
            graph.tensors[node.inputs[0]].shape[3]};
  }

  PoolKind kind_;
};

Options Read(const tflite::Operator& source) {
  const auto& table = TableOf<tflite::Pool2DOptions>(source);
  Options options;
  options.padding = PaddingOf(table.padding());
  options.activation = ActivationOf(table.fused_activation_function());
  options.stride_height = table.stride_h();
  options.stride_width = table.stride_w();
  options.filter_height = table.filter_height();
  options.filter_width = table.filter_width();
  return options;
}

Options ReadParameters(const void* source) {
  const auto& parameters = ParametersOf<litert::TfLitePoolParams>(source);
  Options options;
  options.padding = PaddingOf(parameters.padding);
  options.activation = ActivationOf(parameters.activation);
  options.stride_height = parameters.stride_height;
  options.stride_width = parameters.stride_width;
  options.filter_height = parameters.filter_height;
  options.filter_width = parameters.filter_width;
  return options;
}

const Pool2d kMaxPool2d(PoolKind::kMax);
const Pool2d kAveragePool2d(PoolKind::kAverage);

}  // namespace

extern const OperatorRow kMaxPool2dRow(kMaxPool2d, tflite::BuiltinOperator::MAX_POOL_2D,
                                       {Read, ReadParameters});
extern const OperatorRow kAveragePool2dRow(kAveragePool2d, tflite::BuiltinOperator::AVERAGE_POOL_2D,
                                           {Read, ReadParameters});

}  // namespace bireid
