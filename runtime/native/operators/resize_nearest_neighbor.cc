// RESIZE_NEAREST_NEIGHBOR where it repeats every pixel a whole number of times. The second input
// holds int32 [rows, columns]. Options of its own: "align_corners" and "half_pixel_centers".
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>

#include "formats/builtin_options.h"
#include "operators/operator_row.h"
#include "plan/node_check.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"
#include "plan/tile_step.h"
#include "plan/worker_share.h"

namespace bireid {
namespace {

constexpr const char* kAlignCorners = "align_corners";
constexpr const char* kHalfPixelCenters = "half_pixel_centers";

// The source of one row or column as TensorFlow Lite computes it, in float32.
int SourceOf(int position, int input, int output, bool align_corners, bool half_pixel_centers) {
  const bool aligned = align_corners && output > 1;
  const float scale = aligned ? static_cast<float>(input - 1) / static_cast<float>(output - 1)
                              : static_cast<float>(input) / static_cast<float>(output);
  const float offset = half_pixel_centers ? 0.5f : 0.0f;
  const float exact = (static_cast<float>(position) + offset) * scale;
  const int source = static_cast<int>(align_corners ? std::round(exact) : std::floor(exact));
  return std::max(0, std::min(source, input - 1));
}

// Whether every row or column is there `factor` times, one after the other.
bool Repeats(int input, int output, const Options& options) {
  if (output % input != 0) return false;
  const int factor = output / input;
  for (int i = 0; i < output; ++i) {
    if (SourceOf(i, input, output, options.Own(kAlignCorners) != 0,
                 options.Own(kHalfPixelCenters) != 0) != i / factor) {
      return false;
    }
  }
  return true;
}

class RepeatStep : public TileStep {
 public:
  RepeatStep(const KernelTable& kernels, const MapReference& input, int height, int width)
      : TileStep(kernels, height * width, input.layout.elements),
        input_(input),
        width_(width),
        vertical_factor_(height / input.layout.height),
        horizontal_factor_(width / input.layout.width) {}

 protected:
  void Compute(const StepContext& context, int begin, int end, float* tile) const override {
    const float* map = ValueOf<const float>(context, input_.value);
    for (int pixel = begin; pixel < end; ++pixel) {
      const int y = pixel / width_ / vertical_factor_;
      const int x = pixel % width_ / horizontal_factor_;
      tile = std::copy_n(map + PixelOffset(input_, y * input_.layout.width + x), channels(), tile);
    }
  }

 private:
  MapReference input_;
  int width_;
  int vertical_factor_;
  int horizontal_factor_;
};

class ResizeNearestNeighbor final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    check.Operands(2);
    const Tensor& input = check.InputMap(0, DataType::kFloat32);
    const Tensor& sizes = NodeCheck::Constant(check.Input(1), DataType::kInt32, {2});
    const Tensor& output = check.OutputMap(DataType::kFloat32);
    int32_t size[2];
    std::memcpy(size, sizes.constant, sizeof(size));
    Require(output.shape == Shape{input.shape[0], size[0], size[1], input.shape[3]},
            "the output has another shape than the new size gives");
    Require(Repeats(input.shape[1], size[0], check.options()) &&
                Repeats(input.shape[2], size[1], check.options()),
            "the new size does not repeat every pixel a whole number of times");
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    Shape shape = MapShape(graph, node, 0, "the input");
    const Tensor& sizes = InputOf(graph, node, 1);
    if (sizes.type != DataType::kInt32 || sizes.constant == nullptr ||
        sizes.constant_bytes != 2 * sizeof(int32_t)) {
      throw PlanError("the new size is not two constants");
    }
    std::memcpy(&shape[1], sizes.constant, sizes.constant_bytes);
    return shape;
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    const Shape& shape = builder->graph().tensors[node.outputs[0]].shape;
    const int input = builder->MapOf(node.inputs[0]);
    builder->AddTiles(n,
                      std::make_unique<RepeatStep>(builder->kernels(), builder->Reference(input),
                                                   shape[1], shape[2]),
                      {input});
  }
};

Options ReadFlags(bool align_corners, bool half_pixel_centers) {
  Options options;
  options.own[kAlignCorners] = align_corners;
  options.own[kHalfPixelCenters] = half_pixel_centers;
  return options;
}

Options Read(const tflite::Operator& source) {
  const auto& table = TableOf<tflite::ResizeNearestNeighborOptions>(source);
  return ReadFlags(table.align_corners(), table.half_pixel_centers());
}

Options ReadParameters(const void* source) {
  const auto& parameters = ParametersOf<litert::TfLiteResizeNearestNeighborParams>(source);
  return ReadFlags(parameters.align_corners, parameters.half_pixel_centers);
}

const ResizeNearestNeighbor kResizeNearestNeighbor;

}  // namespace

extern const OperatorRow kResizeNearestNeighborRow(kResizeNearestNeighbor,
                                                   tflite::BuiltinOperator::RESIZE_NEAREST_NEIGHBOR,
                                                   {Read, ReadParameters});

}  // namespace bireid
