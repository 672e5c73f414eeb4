// A graph of every operator, for tests to damage, and what a plan says of it.
#ifndef BIREID_TESTS_DAMAGED_GRAPH_H_
#define BIREID_TESTS_DAMAGED_GRAPH_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plan/plan.h"
#include "tests/graph_writer.h"
#include "tests/plan_runner.h"

namespace bireid {

// Every operator once, on a map of 6x5.
struct Model : GraphWriter {
  Model() {
    Options window;
    window.filter_height = window.filter_width = 3;
    Options binary;
    binary.own["channels_in"] = 64;
    const std::vector<int> shape{1, 6, 5, 64};
    image = AddInput(DataType::kFloat32, shape);
    packed = Named("quantize", AddNode(Op("LceQuantize"), {image}, DataType::kInt32, Bits()));
    filter = AddConstant(DataType::kInt32, {8, 3, 3, 2}, std::vector<int32_t>(8 * 9 * 2));
    multiplier = AddConstant(DataType::kFloat32, {8}, std::vector<float>(8));
    thresholds = AddConstant(DataType::kInt32, {8}, std::vector<int32_t>(8));
    sums = Named("binary", AddNode(Op("LceBconv2d"), {packed, filter, multiplier, multiplier, -1},
                                   DataType::kFloat32, {1, 4, 3, 8}, binary));
    bits = Named("bits", AddNode(Op("LceBconv2d"), {packed, filter, -1, -1, thresholds},
                                 DataType::kInt32, {1, 4, 3, 1}, binary));
    Named("binary pool",
          AddNode(Op("LceBMaxPool2d"), {packed}, DataType::kInt32, {1, 4, 3, 2}, window));
    small = Named("dequantize", AddNode(Op("LceDequantize"), {packed}, DataType::kInt8, shape));
    graph.tensors[small].scale = 0.5f;
    weights = AddConstant(DataType::kFloat32, {2, 3, 3, 64}, std::vector<float>(2 * 9 * 64));
    bias = AddConstant(DataType::kFloat32, {2}, std::vector<float>(2));
    Named("convolution",
          AddNode(Op("CONV_2D"), {image, weights, bias}, DataType::kFloat32, {1, 4, 3, 2}));
    Named("pool", AddNode(Op("MAX_POOL_2D"), {image}, DataType::kFloat32, {1, 4, 3, 64}, window));
    slope = AddConstant(DataType::kFloat32, {64}, std::vector<float>(64));
    Named("add", AddNode(Op("ADD"), {image, slope}, DataType::kFloat32, shape));
    product = Named("multiply", AddNode(Op("MUL"), {slope, image}, DataType::kFloat32, shape));
    Named("prelu", AddNode(Op("PRELU"), {image, slope}, DataType::kFloat32, shape));
    Named("subtract", AddNode(Op("SUB"), {slope, image}, DataType::kFloat32, shape));
    axes = AddConstant(DataType::kInt32, {2}, std::vector<int32_t>{1, 2});
    mean = Named("mean", AddNode(Op("MEAN"), {image, axes}, DataType::kFloat32, {1, 1, 1, 64}));
    Named("gate", AddNode(Op("MUL"), {image, mean}, DataType::kFloat32, shape));
    Named("logistic", AddNode(Op("LOGISTIC"), {image}, DataType::kFloat32, shape));
    Named("hard swish", AddNode(Op("HARD_SWISH"), {image}, DataType::kFloat32, shape));
    Named("root", AddNode(Op("RSQRT"), {image}, DataType::kFloat32, shape));
    Named("square", AddNode(Op("SQUARED_DIFFERENCE"), {image, mean}, DataType::kFloat32, shape));
    exponent = AddConstant(DataType::kFloat32, {1}, std::vector<float>{3});
    Named("power", AddNode(Op("POW"), {image, exponent}, DataType::kFloat32, shape));
    Named("maximum", AddNode(Op("MAXIMUM"), {exponent, image}, DataType::kFloat32, shape));
    grouped = AddConstant(DataType::kFloat32, {8, 3, 3, 16}, std::vector<float>(8 * 9 * 16));
    Named("groups", AddNode(Op("CONV_2D"), {image, grouped}, DataType::kFloat32, {1, 4, 3, 8}));
    Named("normalize", AddNode(Op("L2_NORMALIZATION"), {mean}, DataType::kFloat32, {1, 1, 1, 64}));
    Named("reshape", AddNode(Op("RESHAPE"), {image}, DataType::kFloat32, {1, 1, 1, 1920}));
    matrix = AddConstant(DataType::kFloat32, {2, 64}, std::vector<float>(2 * 64));
    Named("fully connected",
          AddNode(Op("FULLY_CONNECTED"), {mean, matrix, bias}, DataType::kFloat32, {1, 1, 1, 2}));
    taps = AddConstant(DataType::kFloat32, {1, 3, 3, 128}, std::vector<float>(9 * 128));
    Named("depthwise",
          AddNode(Op("DEPTHWISE_CONV_2D"), {image, taps}, DataType::kFloat32, {1, 4, 3, 128}));
    Named("relu", AddNode(Op("RELU"), {image}, DataType::kFloat32, shape));
    amounts = AddConstant(DataType::kInt32, {4, 2}, std::vector<int32_t>{0, 0, 1, 2, 3, 4, 0, 0});
    padded = Named("pad", AddNode(Op("PAD"), {image, amounts}, DataType::kFloat32, {1, 9, 12, 64}));
    Named("pad value",
          AddNode(Op("PADV2"), {image, amounts, exponent}, DataType::kFloat32, {1, 9, 12, 64}));
    Options last;
    last.own["axis"] = 3;
    joined = Named("concatenate", AddNode(Op("CONCATENATION"), {image, image, product},
                                          DataType::kFloat32, {1, 6, 5, 192}, last));
    size = AddConstant(DataType::kInt32, {2}, std::vector<int32_t>{12, 15});
    grown = Named("resize", AddNode(Op("RESIZE_NEAREST_NEIGHBOR"), {image, size},
                                    DataType::kFloat32, {1, 12, 15, 64}));
    graph.outputs = {sums, padded};
  }

  Node& operator[](const std::string& name) {
    for (Node& node : graph.nodes) {
      if (node.name == name) return node;
    }
    ADD_FAILURE() << name;
    return graph.nodes[0];
  }
  Tensor& operator[](int tensor) { return graph.tensors[tensor]; }
  int AddPixel(int batch, int channels) {
    return AddInput(DataType::kFloat32, {batch, 1, 1, channels});
  }
  Tensor& OutputOf(const std::string& name) { return graph.tensors[(*this)[name].outputs[0]]; }

  int image, packed, filter, multiplier, thresholds, sums, bits, small, weights, bias, slope;
  int product, axes, mean, matrix, taps, amounts, padded, size, joined, grown, exponent, grouped;

 private:
  static std::vector<int> Bits() { return {1, 6, 5, 2}; }
  int Named(const char* name, int output) {
    graph.nodes.back().name = name;
    return output;
  }
};

inline std::string BuildError(const Graph& graph,
                              const PlanOptions& options = OptionsFor("scalar", 1)) {
  try {
    Plan::Build(graph, options);
    return "";
  } catch (const PlanError& error) {
    return error.what();
  }
}

struct Damage {
  const char* node;
  const char* message;
  void (*make)(Model& m);
};

constexpr const char* kOperands = "wrong number of inputs or outputs";
constexpr const char* kMissing = "a tensor is missing";
constexpr const char* kType = "a tensor has another type than the operator needs";
constexpr const char* kRank = "a map must have four dimensions";
constexpr const char* kEmpty = "a map is empty, of unknown size or too large";
constexpr const char* kIsConstant = "a map is a constant";
constexpr const char* kNotStored = "weights are not stored in the model";
constexpr const char* kWeightType = "weights have another type than the operator needs";
constexpr const char* kWeightShape = "weights have another shape than the operator needs";
constexpr const char* kLength = "weights are shorter or longer than their shape";
constexpr const char* kAlignment = "weights are not aligned in the model";
constexpr const char* kShapes = "the shapes of input and output differ";
constexpr const char* kOptions = "the output has another shape than the options give";
constexpr const char* kPackedShape = "the packed map has another shape than the map";
constexpr const char* kFilter = "the filter does not fit the input";
constexpr const char* kFilterRank = "the filter must have four dimensions";
constexpr const char* kScale = "an int8 tensor has no valid scale and zero point";
constexpr const char* kSizes = "sizes, strides and dilations must be at least 1";
constexpr const char* kOperand = "a constant operand must have one value, or one per channel";
constexpr const char* kSlope = "the slope must have one value, or one per channel";
constexpr const char* kReshape = "a reshape must keep the batch and the number of values";
constexpr const char* kAxes = "the mean is not over rows and columns";
constexpr const char* kAxis = "only channels, the last axis, can be concatenated";
constexpr const char* kFactor = "the new size does not repeat every pixel a whole number of times";
constexpr const char* kSpatial = "only rows and columns can be padded";

class DamagedNode : public testing::TestWithParam<Damage> {};

TEST_P(DamagedNode, IsNamedWithTheReason) {
  Model model;
  ASSERT_EQ(BuildError(model.graph), "");
  GetParam().make(model);
  EXPECT_EQ(BuildError(model.graph), GetParam().node + std::string(": ") + GetParam().message);
  EXPECT_EQ(WhyUnsupported(model.graph, model[GetParam().node]), GetParam().message);
}

}  // namespace bireid

#endif  // BIREID_TESTS_DAMAGED_GRAPH_H_
