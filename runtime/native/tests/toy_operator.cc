// TOY_SCALE: a float map times a whole number. What CONTRIBUTING.md shows of adding an operator.
// Option of its own: "factor".
#include <memory>

#include "formats/custom_options.h"
#include "operators/operator_row.h"
#include "plan/node_check.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"
#include "plan/tile_step.h"
#include "plan/worker_share.h"

namespace bireid {
namespace {

// Computes a few pixels at a time; what follows in the graph goes on with them.
class ScaleStep : public TileStep {
 public:
  ScaleStep(const KernelTable& kernels, const MapReference& input, int factor)
      : TileStep(kernels, PixelsOf(input.layout), input.layout.elements),
        input_(input),
        factor_(static_cast<float>(factor)) {}

 protected:
  void Compute(const StepContext& context, int begin, int end, float* tile) const override {
    const float* map = ValueOf<const float>(context, input_.value);
    for (int pixel = begin; pixel < end; ++pixel) {
      const float* values = map + PixelOffset(input_, pixel);
      for (int c = 0; c < channels(); ++c) *tile++ = values[c] * factor_;
    }
  }

 private:
  MapReference input_;
  float factor_;
};

class ToyScale final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(1);
    NodeCheck::SameShape(check.InputMap(0, DataType::kFloat32),
                         check.OutputMap(DataType::kFloat32));
    Require(check.options().Own("factor") > 0, "the factor is not positive");
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return InputOf(graph, node, 0).shape;
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    const int input = builder->MapOf(node.inputs[0]);
    builder->AddTiles(n,
                      std::make_unique<ScaleStep>(builder->kernels(), builder->Reference(input),
                                                  node.options.Own("factor")),
                      {input});
  }
};

Options Read(const void* data, size_t bytes) {
  Options options;
  options.own["factor"] = CustomOptions(data, bytes).Integer("factor");
  return options;
}

const ToyScale kToyScale;

}  // namespace

extern const OperatorRow kToyScaleRow(kToyScale, "TOY_SCALE", Read);

}  // namespace bireid
