// MUL of maps, of which one may be [batch, 1, 1, channels], or of a map and a constant.
#include <algorithm>
#include <memory>

#include "formats/builtin_options.h"
#include "operators/elementwise.h"
#include "operators/operator_row.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"
#include "plan/tile_step.h"
#include "plan/worker_share.h"

namespace bireid {
namespace {

// A pixel of a map, or its only one.
const float* FactorAt(const StepContext& context, const MapReference& map, int pixel) {
  const int own = PixelsOf(map.layout) == 1 ? 0 : pixel;
  return ValueOf<const float>(context, map.value) + PixelOffset(map, own);
}

class ProductStep : public TileStep {
 public:
  ProductStep(const KernelTable& kernels, const MapReference& a, const MapReference& b)
      : TileStep(kernels, std::max(PixelsOf(a.layout), PixelsOf(b.layout)), a.layout.elements),
        a_(a),
        b_(b) {}

 protected:
  void Compute(const StepContext& context, int begin, int end, float* tile) const override {
    for (int pixel = begin; pixel < end; ++pixel, tile += channels()) {
      const float* a = FactorAt(context, a_, pixel);
      const float* b = FactorAt(context, b_, pixel);
      for (int c = 0; c < channels(); ++c) tile[c] = a[c] * b[c];
    }
  }

 private:
  MapReference a_;
  MapReference b_;
};

class Mul final : public Operator {
 public:
  void Check(const NodeCheck& check) const override { CheckElementwise(check, true); }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    return Broadcast(InputOf(graph, node, 0).shape, InputOf(graph, node, 1).shape);
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    if (!IsMap(builder->graph(), node, 0) || !IsMap(builder->graph(), node, 1)) {
      return builder->AddMapStages(n, node.inputs[IsMap(builder->graph(), node, 0) ? 0 : 1]);
    }
    const int a = builder->MapOf(node.inputs[0]);
    const int b = builder->MapOf(node.inputs[1]);
    builder->AddTiles(n,
                      std::make_unique<ProductStep>(builder->kernels(), builder->Reference(a),
                                                    builder->Reference(b)),
                      {a, b});
  }

  bool CanJoin(const Node& node, int tensor, const ChainBuilder& chains) const override {
    return chains.graph().tensors[OtherOperand(node, tensor)].constant != nullptr;
  }

  void AddStages(const Node& node, const ChainBuilder& chains, Chain* chain) const override {
    const Graph& graph = chains.graph();
    chain->stages.push_back(ParameterStage(StageKind::kMultiply,
                                           graph.tensors[OtherOperand(node, chain->tensor)],
                                           graph.tensors[node.outputs[0]].shape[3], 1.0f, chains));
    chains.AddClamp(node.options.activation, chain);
  }
};

const Mul kMul;

}  // namespace

extern const OperatorRow kMulRow(kMul, tflite::BuiltinOperator::MUL,
                                 {ReadActivation<tflite::MulOptions>, ReadActivationParameters});

}  // namespace bireid
