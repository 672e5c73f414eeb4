// CONCATENATION of float maps along their channels. Option of its own: "axis".
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "formats/builtin_options.h"
#include "operators/operator_row.h"
#include "plan/node_check.h"
#include "plan/node_shapes.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"
#include "plan/tile_step.h"
#include "plan/worker_share.h"

namespace bireid {
namespace {

constexpr const char* kAxis = "axis";

class ConcatenationStep : public TileStep {
 public:
  ConcatenationStep(const KernelTable& kernels, std::vector<MapReference> inputs, int channels)
      : TileStep(kernels, PixelsOf(inputs[0].layout), channels), inputs_(std::move(inputs)) {}

 protected:
  void Compute(const StepContext& context, int begin, int end, float* tile) const override {
    for (int pixel = begin; pixel < end; ++pixel) {
      for (const MapReference& input : inputs_) {
        tile = std::copy_n(ValueOf<const float>(context, input.value) + PixelOffset(input, pixel),
                           input.layout.elements, tile);
      }
    }
  }

 private:
  std::vector<MapReference> inputs_;
};

class Concatenation final : public Operator {
 public:
  void Check(const NodeCheck& check) const override {
    const std::vector<int>& inputs = check.node().inputs;
    check.Operands(1, std::max<size_t>(inputs.size(), 1) - 1);
    const Tensor& output = check.OutputMap(DataType::kFloat32);
    const int axis = check.options().Own(kAxis);
    Require(axis == output.rank - 1 || axis == -1,
            "only channels, the last axis, can be concatenated");
    int64_t channels = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Tensor& map = check.InputMap(i, DataType::kFloat32);
      Require(std::equal(map.shape.begin(), map.shape.end() - 1, output.shape.begin()) &&
                  map.rank == output.rank,
              "the maps differ in more than their channels");
      channels += map.shape[3];
    }
    Require(channels == output.shape[3], "the output has not the channels of all inputs");
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    Shape shape = MapShape(graph, node, 0, "the input");
    int64_t channels = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      channels += MapShape(graph, node, i, "the input")[3];
    }
    if (channels < 0 || channels > kMaxMapElements) throw PlanError("there are too many channels");
    return WithLast(std::move(shape), static_cast<int>(channels));
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    std::vector<int> reads;
    std::vector<MapReference> maps;
    for (const int tensor : node.inputs) {
      reads.push_back(builder->MapOf(tensor));
      maps.push_back(builder->Reference(reads.back()));
    }
    const int channels = builder->graph().tensors[node.outputs[0]].shape[3];
    builder->AddTiles(
        n, std::make_unique<ConcatenationStep>(builder->kernels(), std::move(maps), channels),
        std::move(reads));
  }
};

Options Read(const tflite::Operator& source) {
  Options options = ReadActivation<tflite::ConcatenationOptions>(source);
  options.own[kAxis] = TableOf<tflite::ConcatenationOptions>(source).axis();
  return options;
}

Options ReadParameters(const void* source) {
  const auto& parameters = ParametersOf<litert::TfLiteConcatenationParams>(source);
  Options options;
  options.activation = ActivationOf(parameters.activation);
  options.own[kAxis] = parameters.axis;
  return options;
}

const Concatenation kConcatenation;

}  // namespace

extern const OperatorRow kConcatenationRow(kConcatenation, tflite::BuiltinOperator::CONCATENATION,
                                           {Read, ReadParameters});

}  // namespace bireid
