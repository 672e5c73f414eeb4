// RESHAPE of every image by itself: the values in the same order in a map of another shape.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "operators/operator_row.h"
#include "plan/node_check.h"
#include "plan/node_shapes.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"
#include "plan/worker_share.h"

namespace bireid {
namespace {

class ReshapeStep : public Step {
 public:
  ReshapeStep(const MapReference& input, const MapReference& output)
      : input_(input), output_(output) {}

  void Run(const StepContext& context) const override {
    const MapLayout& from = input_.layout;
    const MapLayout& to = output_.layout;
    const int from_row = from.width * from.elements;
    const int to_row = to.width * to.elements;
    const float* input = ValueOf<const float>(context, input_.value) + from.origin();
    float* output = ValueOf<float>(context, output_.value) + to.origin();
    const Share share = ShareOf(context, from.height * from_row, 1);
    for (int i = share.begin; i < share.end;) {
      // As far as the rows of both maps go on.
      const int count = std::min({from_row - i % from_row, to_row - i % to_row, share.end - i});
      std::copy_n(input + i / from_row * from.row_stride() + i % from_row, count,
                  output + i / to_row * to.row_stride() + i % to_row);
      i += count;
    }
  }

 private:
  MapReference input_;
  MapReference output_;
};

// The sizes that the second input holds, of which one may be -1: as many as are left.
Shape StoredShape(const Tensor& sizes, int64_t count) {
  const size_t rank = sizes.constant_bytes / sizeof(int32_t);
  if (sizes.type != DataType::kInt32 || (rank != 2 && rank != 4) ||
      sizes.constant_bytes % sizeof(int32_t) != 0) {
    throw PlanError("the new shape does not have 2 or 4 dimensions");
  }
  Shape shape(rank);
  std::memcpy(shape.data(), sizes.constant, sizes.constant_bytes);
  int64_t known = 1;
  for (const int size : shape) {
    if (size < -1 || size == 0 || size > count) throw PlanError("the new shape does not fit");
    if (size > 0) known = std::min(known * size, count + 1);
  }
  const auto rest = std::find(shape.begin(), shape.end(), -1);
  if (rest != shape.end()) *rest = static_cast<int>(count / known);
  if (rank == 2) shape.insert(shape.begin() + 1, 2, 1);
  return shape;
}

class Reshape final : public Operator {
 public:
  // The second input is read by InferShape; a model file says the shape beside it.
  void Check(const NodeCheck& check) const override {
    check.Operands(1, 1);
    Require(check.node().inputs.size() < 2 || check.node().inputs[1] < 0 ||
                check.Input(1).constant != nullptr,
            "the second input is not stored in the model");
    const Tensor& input = check.InputMap(0, DataType::kFloat32);
    const Tensor& output = check.OutputMap(DataType::kFloat32);
    Require(output.shape[0] == input.shape[0] &&
                ElementCount(output.shape) == ElementCount(input.shape),
            "a reshape must keep the batch and the number of values");
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    const Shape& map = MapShape(graph, node, 0, "the input");
    if (node.inputs.size() > 1 && node.inputs[1] >= 0) {
      const Tensor& sizes = graph.tensors[node.inputs[1]];
      if (sizes.constant == nullptr) throw PlanError("the new shape is not stored in the model");
      return StoredShape(sizes, ElementCount(map));
    }
    Shape shape = graph.tensors[node.outputs[0]].shape;
    if (shape.empty()) throw PlanError("the output has no shape");
    shape[0] = map[0];
    return shape;
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const int input = builder->MapOf(builder->node(n).inputs[0]);
    const int output = builder->DeclareOutput(n);
    builder->AddWhole(
        n, std::make_unique<ReshapeStep>(builder->Reference(input), builder->Reference(output)),
        output);
  }
};

const Reshape kReshape;

}  // namespace

extern const OperatorRow kReshapeRow(kReshape, tflite::BuiltinOperator::RESHAPE);

}  // namespace bireid
