#include "operators/operands.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "operators/elementwise.h"
#include "plan/node_shapes.h"
#include "plan/tile_step.h"
#include "plan/worker_share.h"

namespace bireid {
namespace {

// A map, its only pixel, or a constant.
struct Operand {
  MapReference map;
  const float* constant = nullptr;  // one value per channel

  const float* At(const StepContext& context, int pixel) const {
    if (constant != nullptr) return constant;
    const int own = PixelsOf(map.layout) == 1 ? 0 : pixel;
    return ValueOf<const float>(context, map.value) + PixelOffset(map, own);
  }
};

class OperandStep : public TileStep {
 public:
  OperandStep(const KernelTable& kernels, OperandFunction function, const Shape& output,
              const Operand& a, const Operand& b)
      : TileStep(kernels, output[1] * output[2], output[3]), function_(function), a_(a), b_(b) {}

 protected:
  void Compute(const StepContext& context, int begin, int end, float* tile) const override {
    for (int pixel = begin; pixel < end; ++pixel, tile += channels()) {
      function_(a_.At(context, pixel), b_.At(context, pixel), channels(), tile);
    }
  }

 private:
  OperandFunction function_;
  Operand a_;
  Operand b_;
};

}  // namespace

bool HasPixel(const Graph& graph, const Node& node) {
  return IsMap(graph, node, 0) && IsMap(graph, node, 1) &&
         IsSinglePixel(graph.tensors[node.inputs[0]]) !=
             IsSinglePixel(graph.tensors[node.inputs[1]]);
}

void CheckOperands(const NodeCheck& check) {
  check.Operands(2);
  const Tensor& output = check.OutputMap(DataType::kFloat32);
  const bool first_is_map = check.Input(0).constant == nullptr;
  const Tensor& map = check.InputMap(first_is_map ? 0 : 1, DataType::kFloat32);
  const Tensor& other = check.Input(first_is_map ? 1 : 0);
  if (other.constant != nullptr) {
    NodeCheck::SameShape(map, output);
    Require(IsChannelParameter(other, map.shape[3]),
            "a constant operand must have one value, or one per channel");
    return;
  }
  NodeCheck::Map(other, DataType::kFloat32);
  // Dimensions are broadcast from the last; of one image, ones before them change nothing.
  Require(map.rank == other.rank ||
              (output.shape[0] == 1 && map.rank <= kMapRank && other.rank <= kMapRank),
          "the operands have different numbers of dimensions");
  const bool first_is_pixel = map.shape != output.shape;
  NodeCheck::SameShape(first_is_pixel ? other : map, output);
  const Tensor& pixel = first_is_pixel ? map : other;
  if (IsSinglePixel(pixel)) {
    Require(pixel.shape[0] == output.shape[0] && pixel.shape[3] == output.shape[3],
            "the shapes of input and output differ");
  } else {
    NodeCheck::SameShape(pixel, output);
  }
}

void PlanOperands(int n, OperandFunction function, PlanBuilder* builder) {
  const Node& node = builder->node(n);
  const Graph& graph = builder->graph();
  const Shape& output = graph.tensors[node.outputs[0]].shape;
  Operand operands[2];
  std::vector<int> reads;
  for (int i = 0; i < 2; ++i) {
    if (IsMap(graph, node, i)) {
      reads.push_back(builder->MapOf(node.inputs[i]));
      operands[i].map = builder->Reference(reads.back());
    } else {
      operands[i].constant =
          builder->chains().values().ChannelParameter(graph.tensors[node.inputs[i]], output[3]);
    }
  }
  builder->AddTiles(
      n,
      std::make_unique<OperandStep>(builder->kernels(), function, output, operands[0], operands[1]),
      std::move(reads));
}

}  // namespace bireid
