// PAD and PADV2 of rows and columns, with zeros or with a constant, which is the third input. The
// second holds int32 [4][before, after].
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>

#include "operators/operator_row.h"
#include "plan/node_check.h"
#include "plan/node_shapes.h"
#include "plan/plan_builder.h"
#include "plan/shape_inference.h"
#include "plan/worker_share.h"

namespace bireid {
namespace {

class PadStep : public Step {
 public:
  PadStep(int top, int left, float value, const MapReference& input, const MapReference& output)
      : top_(top), left_(left), value_(value), input_(input), output_(output) {}

  void Run(const StepContext& context) const override {
    const MapLayout& from = input_.layout;
    const MapLayout& to = output_.layout;
    const Share share = ShareOf(context, to.height, 1);
    for (int y = share.begin; y < share.end; ++y) {
      float* row = ValueOf<float>(context, output_.value) + to.origin() + y * to.row_stride();
      std::fill_n(row, static_cast<int64_t>(to.width) * to.elements, value_);
      if (y < top_ || y >= top_ + from.height) continue;
      const float* source = ValueOf<const float>(context, input_.value) + from.origin() +
                            (y - top_) * from.row_stride();
      std::copy_n(source, static_cast<int64_t>(from.width) * from.elements,
                  row + static_cast<int64_t>(left_) * to.elements);
    }
  }

 private:
  int top_;
  int left_;
  float value_;
  MapReference input_;
  MapReference output_;
};

class Pad final : public Operator {
 public:
  constexpr explicit Pad(bool has_value) : has_value_(has_value) {}

  void Check(const NodeCheck& check) const override {
    check.Operands(has_value_ ? 3 : 2);
    Require(!has_value_ || IsChannelParameter(check.Input(2), 1),
            "the value of the padding must be a constant");
    const Tensor& map = check.InputMap(0, DataType::kFloat32);
    const Tensor& amounts = NodeCheck::Constant(check.Input(1), DataType::kInt32, {4, 2});
    const Tensor& output = check.OutputMap(DataType::kFloat32);
    int32_t pad[8];
    std::memcpy(pad, amounts.constant, sizeof(pad));
    for (int axis = 0; axis < 4; ++axis) {
      const int before = pad[2 * axis];
      const int after = pad[2 * axis + 1];
      const bool spatial = axis == 1 || axis == 2;
      Require(before >= 0 && after >= 0 && (spatial || (before == 0 && after == 0)),
              "only rows and columns can be padded");
      Require(static_cast<int64_t>(map.shape[axis]) + before + after == output.shape[axis],
              "the output has another shape than the padding gives");
    }
  }

  Shape InferShape(const Graph& graph, const Node& node) const override {
    Shape shape = InputOf(graph, node, 0).shape;
    const Tensor& amounts = InputOf(graph, node, 1);
    if (amounts.type != DataType::kInt32 || amounts.constant == nullptr ||
        amounts.constant_bytes != shape.size() * 2 * sizeof(int32_t)) {
      throw PlanError("the amounts of padding are not constants of the input's rank");
    }
    const int32_t* amount = static_cast<const int32_t*>(amounts.constant);
    for (int& size : shape) {
      const int64_t before = *amount++;
      const int64_t after = *amount++;
      const int64_t padded = size + before + after;
      if (before < 0 || after < 0 || padded > std::numeric_limits<int>::max()) {
        throw PlanError("an amount of padding is out of range");
      }
      size = static_cast<int>(padded);
    }
    return shape;
  }

  void Plan(int n, PlanBuilder* builder) const override {
    const Node& node = builder->node(n);
    const Border border = BorderOf(builder->graph(), node);
    const int input = builder->MapOf(node.inputs[0]);
    const int output = builder->DeclareOutput(n);
    builder->AddWhole(
        n,
        std::make_unique<PadStep>(border.top, border.left, ValueOf(builder->graph(), node),
                                  builder->Reference(input), builder->Reference(output)),
        output);
  }

  std::optional<Border> Zeros(const Graph& graph, const Node& node) const override {
    // A product with -0 has another sign.
    const float value = ValueOf(graph, node);
    if (value != 0.0f || std::signbit(value)) return std::nullopt;
    return BorderOf(graph, node);
  }

 private:
  static Border BorderOf(const Graph& graph, const Node& node) {
    const auto* amounts = static_cast<const int32_t*>(InputOf(graph, node, 1).constant);
    return {amounts[2], amounts[3], amounts[4], amounts[5]};
  }
  float ValueOf(const Graph& graph, const Node& node) const {
    return has_value_ ? *static_cast<const float*>(InputOf(graph, node, 2).constant) : 0.0f;
  }

  bool has_value_;
};

const Pad kPad(false);
const Pad kPadV2(true);

}  // namespace

extern const OperatorRow kPadRow(kPad, tflite::BuiltinOperator::PAD);
extern const OperatorRow kPadV2Row(kPadV2, tflite::BuiltinOperator::PADV2);

}  // namespace bireid
