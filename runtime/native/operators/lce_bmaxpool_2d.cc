// LceBMaxPool2d: max-pooling of packed maps.
#include <memory>

#include "formats/custom_options.h"
#include "kernels/binary_max_pool.h"
#include "operators/operator_row.h"
#include "operators/pool_2d.h"
#include "plan/plan_builder.h"
#include "plan/worker_share.h"

namespace bireid {
namespace {

class BinaryMaxPoolStep : public Step {
 public:
  BinaryMaxPoolStep(const Extent& vertical, const Extent& horizontal, const MapReference& input,
                    const MapReference& output)
      : vertical_(vertical), horizontal_(horizontal), input_(input), output_(output) {}

  void Run(const StepContext& context) const override {
    const Share share = ShareOf(context, vertical_.output, 1);
    BinaryMaxPool(ValueOf<const uint32_t>(context, input_.value), input_.layout, vertical_,
                  horizontal_, ValueOf<uint32_t>(context, output_.value), output_.layout,
                  share.begin, share.end);
  }

 private:
  Extent vertical_;
  Extent horizontal_;
  MapReference input_;
  MapReference output_;
};

class LceBMaxPool2d final : public Operator {
 public:
  void Check(const NodeCheck& check) const override { CheckPool(check, DataType::kInt32); }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return PoolShape(graph, node);
  }

  double Reads(const Graph&, const Node& node) const override {
    return double{1} * node.options.filter_height * node.options.filter_width;
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    const int input = builder->MapOf(node.inputs[0]);
    const int output = builder->DeclareOutput(n);
    builder->AddWhole(
        n,
        std::make_unique<BinaryMaxPoolStep>(VerticalPool(builder->graph(), node),
                                            HorizontalPool(builder->graph(), node),
                                            builder->Reference(input), builder->Reference(output)),
        output);
  }
};

Options Read(const void* data, size_t bytes) {
  const CustomOptions custom(data, bytes);
  Options options;
  options.filter_height = custom.Integer("filter_height");
  options.filter_width = custom.Integer("filter_width");
  options.stride_height = custom.Integer("stride_height");
  options.stride_width = custom.Integer("stride_width");
  options.padding = custom.PaddingAt("padding");
  return options;
}

const LceBMaxPool2d kLceBMaxPool2d;

}  // namespace

extern const OperatorRow kLceBMaxPool2dRow(kLceBMaxPool2d, "LceBMaxPool2d", Read);

}  // namespace bireid
