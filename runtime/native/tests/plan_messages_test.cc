// What a plan says of graphs that it cannot run. A damaged file can hold any of them.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "tests/graph_writer.h"
#include "tests/plan_runner.h"

namespace bireid {
namespace {

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
  int product, axes, mean, matrix, taps, amounts, padded, size, joined, grown;

 private:
  static std::vector<int> Bits() { return {1, 6, 5, 2}; }
  int Named(const char* name, int output) {
    graph.nodes.back().name = name;
    return output;
  }
};

std::string BuildError(const Graph& graph, const PlanOptions& options = OptionsFor("scalar", 1)) {
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

class UnsupportedNode : public testing::TestWithParam<Damage> {};

TEST_P(UnsupportedNode, IsNamedWithTheReason) {
  Model model;
  ASSERT_EQ(BuildError(model.graph), "");
  GetParam().make(model);
  EXPECT_EQ(BuildError(model.graph), GetParam().node + std::string(": ") + GetParam().message);
  EXPECT_EQ(WhyUnsupported(model.graph, model[GetParam().node]), GetParam().message);
}

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

INSTANTIATE_TEST_SUITE_P(
    Tensors, UnsupportedNode,
    testing::Values(
        Damage{"relu", kOperands, [](Model& m) { m["relu"].inputs.clear(); }},
        Damage{"relu", kOperands, [](Model& m) { m["relu"].outputs.clear(); }},
        Damage{"relu", kOperands, [](Model& m) { m["relu"].outputs.push_back(m.sums); }},
        Damage{"binary", kOperands, [](Model& m) { m["binary"].inputs.pop_back(); }},
        // Operands that an operator does not have could be of any shape.
        Damage{"relu", kOperands, [](Model& m) { m["relu"].inputs.push_back(m.image); }},
        Damage{"quantize", kOperands, [](Model& m) { m["quantize"].inputs.push_back(-1); }},
        Damage{"add", kOperands, [](Model& m) { m["add"].inputs.push_back(m.sums); }},
        Damage{"convolution", kOperands, [](Model& m) { m["convolution"].inputs.push_back(-1); }},
        Damage{"relu", kMissing, [](Model& m) { m["relu"].inputs[0] = -1; }},
        Damage{"relu", kMissing, [](Model& m) { m["relu"].inputs[0] = 1000; }},
        Damage{"relu", kMissing, [](Model& m) { m["relu"].outputs[0] = -1; }},
        Damage{"binary", kMissing, [](Model& m) { m["binary"].inputs[3] = -1; }},
        Damage{"bits", kMissing, [](Model& m) { m["bits"].inputs[4] = -1; }},
        Damage{"pad", kIsConstant, [](Model& m) { m["pad"].inputs[0] = m.slope; }},
        Damage{"relu", kIsConstant, [](Model& m) { m["relu"].outputs[0] = m.slope; }},
        Damage{"relu", kType, [](Model& m) { m["relu"].inputs[0] = m.packed; }},
        Damage{"relu", kRank,
               [](Model& m) {
                 m.OutputOf("relu").shape = {1, 6, 320};
               }},
        Damage{"relu", kEmpty, [](Model& m) { m.OutputOf("relu").shape[1] = 0; }},
        Damage{"relu", kEmpty, [](Model& m) { m.OutputOf("relu").shape[1] = -1; }},
        Damage{"relu", kEmpty,
               [](Model& m) {
                 m.OutputOf("relu").shape = {1 << 10, 512, 513, 1};
               }},
        Damage{
            "relu", kEmpty,
            [](Model& m) { m.OutputOf("relu").shape.assign(4, std::numeric_limits<int>::max()); }},
        Damage{"relu", kShapes, [](Model& m) { m.OutputOf("relu").shape[1] = 5; }},
        Damage{"binary", kNotStored, [](Model& m) { m["binary"].inputs[1] = m.packed; }},
        Damage{"binary", kNotStored, [](Model& m) { m["binary"].inputs[4] = m.image; }},
        Damage{"bits", kNotStored, [](Model& m) { m["bits"].inputs[2] = m.image; }},
        Damage{"binary", kWeightType, [](Model& m) { m["binary"].inputs[2] = m.thresholds; }},
        Damage{"binary", kWeightShape, [](Model& m) { m["binary"].inputs[2] = m.slope; }},
        Damage{"binary", kLength, [](Model& m) { m[m.filter].constant_bytes -= 4; }},
        Damage{"convolution", kLength, [](Model& m) { m[m.bias].constant_bytes += 1; }},
        Damage{"binary", kLength, [](Model& m) { m[m.filter].shape[1] = 0; }},
        Damage{"pad", kAlignment, [](Model& m) {
                 m[m.amounts].constant = static_cast<const char*>(m[m.amounts].constant) + 1;
               }}));

INSTANTIATE_TEST_SUITE_P(
    Operators, UnsupportedNode,
    testing::Values(
        Damage{"relu", "unknown operator",
               [](Model& m) { m["relu"].op = nullptr; }},
        Damage{"quantize", "the input must be float32, int8 or bool",
               [](Model& m) { m[m.image].type = DataType::kOther; }},
        Damage{"quantize", kPackedShape, [](Model& m) { m[m.packed].shape[3] = 3; }},
        Damage{"dequantize", "the output must be float32, int8 or bool",
               [](Model& m) { m[m.small].type = DataType::kOther; }},
        Damage{"dequantize", kPackedShape, [](Model& m) { m[m.small].shape[3] = 65; }},
        Damage{"dequantize", kScale, [](Model& m) { m[m.small].scale = 0.0f; }},
        Damage{"dequantize", kScale, [](Model& m) { m[m.small].scale = -1.0f; }},
        Damage{"dequantize", kScale,
               [](Model& m) { m[m.small].scale = std::numeric_limits<float>::infinity(); }},
        Damage{"dequantize", kScale,
               [](Model& m) { m[m.small].scale = std::numeric_limits<float>::quiet_NaN(); }},
        Damage{"dequantize", kScale, [](Model& m) { m[m.small].zero_point = 128; }},
        Damage{"binary", kScale, [](Model& m) { m[m.sums].type = DataType::kInt8; }},
        Damage{"binary", "the output must be float32, int8 or packed int32",
               [](Model& m) { m[m.sums].type = DataType::kBool; }},
        Damage{"binary", kFilterRank,
               [](Model& m) {
                 m[m.filter].shape = {8, 9, 2};
               }},
        Damage{"binary", "channels_in does not fit the input",
               [](Model& m) { m["binary"].options.own["channels_in"] = 65; }},
        Damage{"binary", "channels_in does not fit the input",
               [](Model& m) { m["binary"].options.own["channels_in"] = 0; }},
        Damage{"binary", kFilter,
               [](Model& m) {
                 m[m.filter].shape = {8, 2, 3, 3};
               }},
        Damage{"binary", "channels must be divisible by the number of groups",
               [](Model& m) {
                 m[m.filter].shape = {9, 4, 4, 1};
               }},
        Damage{"binary", "the input channels of a group must be a multiple of 32",
               [](Model& m) {
                 m[m.filter].shape = {8, 6, 3, 1};
                 m["binary"].options.own["channels_in"] = 62;
               }},
        Damage{"binary", "pad_values must be 0 or 1",
               [](Model& m) { m["binary"].options.own["pad_values"] = 2; }},
        Damage{"binary", "zero padding needs float32 output without an activation",
               [](Model& m) {
                 m["binary"].options.padding = Padding::kSame;
                 m["binary"].options.activation = Activation::kRelu;
               }},
        Damage{"binary", "the kernel is too large",
               [](Model& m) {
                 m[m.filter].shape = {1, 300, 300, 2};
                 m[m.filter].constant_bytes = 300 * 300 * 2 * 4;
               }},
        Damage{"binary", "strides must be at least 1",
               [](Model& m) { m["binary"].options.stride_height = 0; }},
        Damage{"binary", "dilations must be at least 1",
               [](Model& m) { m["binary"].options.dilation_width = -1; }},
        Damage{"binary", kOptions, [](Model& m) { m[m.sums].shape[3] = 9; }},
        Damage{"bits", kOptions, [](Model& m) { m[m.bits].shape[3] = 2; }},
        Damage{"binary pool", kSizes, [](Model& m) { m["binary pool"].options.stride_width = 0; }},
        Damage{"convolution", kFilterRank,
               [](Model& m) {
                 m[m.weights].shape = {2, 9, 64};
               }},
        Damage{"convolution", "grouped float convolutions are not supported",
               [](Model& m) {
                 m[m.weights].shape = {4, 3, 3, 32};
               }},
        Damage{"convolution", kSizes, [](Model& m) { m["convolution"].options.stride_width = 0; }},
        Damage{"convolution", "the window is larger than the map",
               [](Model& m) { m["convolution"].options.dilation_height = 3; }},
        Damage{"convolution", "the window is far larger than the map",
               [](Model& m) {
                 m["convolution"].options.padding = Padding::kSame;
                 m["convolution"].options.dilation_height = std::numeric_limits<int>::max();
               }},
        Damage{"convolution", kOptions, [](Model& m) { m.OutputOf("convolution").shape[0] = 2; }},
        Damage{"depthwise", kFilterRank,
               [](Model& m) {
                 m[m.taps].shape = {9, 128};
               }},
        Damage{"depthwise", kFilter,
               [](Model& m) {
                 m[m.taps].shape = {2, 3, 3, 64};
               }},
        Damage{"depthwise", kFilter,
               [](Model& m) {
                 m[m.taps].shape = {1, 3, 4, 96};
               }},
        Damage{"depthwise", kWeightShape, [](Model& m) { m["depthwise"].inputs.push_back(m.slope); }},
        Damage{"depthwise", kNotStored, [](Model& m) { m["depthwise"].inputs[1] = m.image; }},
        Damage{"depthwise", kSizes, [](Model& m) { m["depthwise"].options.stride_height = 0; }},
        Damage{"depthwise", kOptions, [](Model& m) { m.OutputOf("depthwise").shape[3] = 64; }},
        Damage{"fully connected", "the input must be a single pixel",
               [](Model& m) { m["fully connected"].inputs[0] = m.image; }},
        Damage{"fully connected", "the output must be a single pixel",
               [](Model& m) { m.OutputOf("fully connected").shape[1] = 2; }},
        Damage{"fully connected", "the output must be a single pixel",
               [](Model& m) { m.OutputOf("fully connected").shape[0] = 2; }},
        Damage{"fully connected", kWeightShape, [](Model& m) { m[m.matrix].shape[0] = 3; }},
        Damage{"fully connected", kWeightShape,
               [](Model& m) { m["fully connected"].inputs[2] = m.slope; }},
        Damage{"fully connected", kNotStored,
               [](Model& m) { m["fully connected"].inputs[1] = m.image; }},
        Damage{"mean", "the output of a mean must be a single pixel",
               [](Model& m) { m[m.mean].shape[1] = 6; }},
        Damage{"mean", kAxes, [](Model& m) { m["mean"].inputs[1] = m.image; }},
        Damage{"mean", kAxes, [](Model& m) { m[m.axes].type = DataType::kFloat32; }},
        Damage{"mean", kAxes, [](Model& m) { m[m.axes].constant_bytes = 4; }},
        Damage{"mean", kAxes, [](Model& m) { m[m.image].rank = 2; }},
        Damage{"mean", kAxes,
               [](Model& m) {
                 static const int32_t axes[2] = {1, 3};
                 m[m.axes].constant = axes;
               }},
        Damage{"mean", kMissing, [](Model& m) { m["mean"].inputs[1] = -1; }},
        Damage{"mean", kOperands, [](Model& m) { m["mean"].inputs = {m.image, -1, -1}; }},
        Damage{"mean", kOperands, [](Model& m) { m["mean"].inputs.pop_back(); }},
        Damage{"concatenate", kOperands, [](Model& m) { m["concatenate"].inputs.clear(); }},
        Damage{"concatenate", kAxis, [](Model& m) { m["concatenate"].options.own["axis"] = 1; }},
        Damage{"concatenate", kAxis, [](Model& m) { m["concatenate"].options.own["axis"] = -2; }},
        Damage{"concatenate", kAxis, [](Model& m) { m[m.joined].rank = 2; }},
        Damage{"concatenate", kIsConstant,
               [](Model& m) { m["concatenate"].inputs.push_back(m.slope); }},
        Damage{"concatenate", kMissing, [](Model& m) { m["concatenate"].inputs[1] = -1; }},
        Damage{"concatenate", kType, [](Model& m) { m["concatenate"].inputs[0] = m.packed; }},
        Damage{"concatenate", "the maps differ in more than their channels",
               [](Model& m) { m["concatenate"].inputs[0] = m.mean; }},
        Damage{"concatenate", "the output has not the channels of all inputs",
               [](Model& m) { m[m.joined].shape[3] = 191; }},
        Damage{"resize", kOperands, [](Model& m) { m["resize"].inputs.pop_back(); }},
        Damage{"resize", kNotStored, [](Model& m) { m["resize"].inputs[1] = m.image; }},
        Damage{"resize", kWeightShape, [](Model& m) { m["resize"].inputs[1] = m.amounts; }},
        Damage{"resize", "the output has another shape than the new size gives",
               [](Model& m) { m[m.grown].shape[1] = 18; }},
        Damage{"resize", kFactor,
               [](Model& m) {
                 static const int32_t size[2] = {12, 16};
                 m[m.size].constant = size;
                 m[m.grown].shape[2] = 16;
               }},
        Damage{"resize", kFactor,
               [](Model& m) {
                 static const int32_t size[2] = {3, 15};
                 m[m.size].constant = size;
                 m[m.grown].shape[1] = 3;
               }},
        // Corners on corners: 0, 0, 1, 1, ... only for a factor of 2 of few rows.
        Damage{"resize", kFactor,
               [](Model& m) { m["resize"].options.own["align_corners"] = 1; }},
        Damage{"gate", "one operand has two dimensions and the other four",
               [](Model& m) {
                 const int pixel = m.AddPixel(2, 64);
                 m[pixel].rank = 2;
                 const int map = m.AddInput(DataType::kFloat32, {2, 6, 5, 64});
                 m["gate"].inputs = {map, pixel};
                 m.OutputOf("gate").shape[0] = 2;
               }},
        Damage{"normalize", kShapes, [](Model& m) { m.OutputOf("normalize").shape[3] = 63; }},
        Damage{"logistic", kShapes, [](Model& m) { m.OutputOf("logistic").shape[3] = 63; }},
        Damage{"reshape", kReshape, [](Model& m) { m.OutputOf("reshape").shape[3] = 1919; }},
        Damage{"reshape", kReshape,
               [](Model& m) {
                 m.OutputOf("reshape").shape = {2, 1, 1, 960};
               }},
        Damage{"reshape", "the second input is not stored in the model",
               [](Model& m) { m["reshape"].inputs.push_back(m.image); }},
        Damage{"pool", kSizes, [](Model& m) { m["pool"].options.filter_height = 0; }},
        Damage{"pool", kOptions, [](Model& m) { m.OutputOf("pool").shape[3] = 63; }},
        Damage{"add", kOperand, [](Model& m) { m["add"].inputs[1] = m.bias; }},
        Damage{"add", kOperand, [](Model& m) { m["add"].inputs[1] = m.amounts; }},
        Damage{"add", kShapes, [](Model& m) { m["add"].inputs[1] = m.mean; }},
        Damage{"subtract", kShapes, [](Model& m) { m["subtract"].inputs[0] = m.mean; }},
        Damage{"subtract", kOperand, [](Model& m) { m["subtract"].inputs[0] = m.bias; }},
        Damage{"gate", kShapes, [](Model& m) { m["gate"].inputs[1] = m.sums; }},
        Damage{"gate", kShapes, [](Model& m) { m["gate"].inputs[0] = m.mean; }},
        Damage{"gate", kShapes, [](Model& m) { m["gate"].inputs[1] = m.AddPixel(1, 32); }},
        Damage{"gate", kShapes, [](Model& m) { m["gate"].inputs[0] = m.AddPixel(2, 64); }},
        Damage{"gate", kType, [](Model& m) { m["gate"].inputs[1] = m.packed; }},
        Damage{"prelu", kSlope, [](Model& m) { m["prelu"].inputs[1] = m.image; }},
        Damage{"pad", kSpatial,
               [](Model& m) {
                 static const int32_t amounts[8] = {0, 1};
                 m[m.amounts].constant = amounts;
               }},
        Damage{"pad", kSpatial,
               [](Model& m) {
                 static const int32_t amounts[8] = {0, 0, 4, -1};
                 m[m.amounts].constant = amounts;
               }},
        Damage{"pad", "the output has another shape than the padding gives",
               [](Model& m) { m[m.padded].shape[1] = 8; }}));

class ImpossibleGraph : public testing::TestWithParam<Damage> {};

TEST_P(ImpossibleGraph, IsRefused) {
  Model model;
  GetParam().make(model);
  EXPECT_EQ(BuildError(model.graph), GetParam().node + std::string(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, ImpossibleGraph,
    testing::Values(Damage{"", "the graph has no nodes", [](Model& m) { m.graph.nodes.clear(); }},
                    Damage{"", "the graph has an input that does not exist",
                           [](Model& m) { m.graph.inputs.push_back(1000); }},
                    Damage{"", "the graph has an input that does not exist",
                           [](Model& m) { m.graph.inputs.push_back(-1); }},
                    Damage{"", "an input of the graph is a constant",
                           [](Model& m) { m.graph.inputs.push_back(m.slope); }},
                    Damage{"quantize", ": an input is read before it is computed",
                           [](Model& m) { m.graph.inputs.clear(); }},
                    Damage{"binary", ": an input is read before it is computed",
                           [](Model& m) { std::swap(m.graph.nodes[0], m.graph.nodes[1]); }},
                    Damage{"prelu", ": its output is computed twice",
                           [](Model& m) { m["prelu"].outputs[0] = m.product; }},
                    Damage{"multiply", ": its output is computed twice",
                           [](Model& m) { m.graph.inputs.push_back(m.product); }},
                    Damage{"pad", ": the batch size changes",
                           [](Model& m) {
                             m["pad"].inputs[0] = m.AddInput(DataType::kFloat32, {2, 6, 5, 64});
                             m[m.padded].shape[0] = 2;
                           }},
                    Damage{"", "the graph has an output that nothing computes",
                           [](Model& m) { m.graph.outputs.push_back(m.slope); }},
                    Damage{"", "the graph has an output that nothing computes",
                           [](Model& m) { m.graph.outputs.push_back(1000); }},
                    Damage{"", "an output of the graph is listed twice",
                           [](Model& m) { m.graph.outputs.push_back(m.sums); }},
                    Damage{"", "an input of the graph is an output too",
                           [](Model& m) { m.graph.outputs.push_back(m.image); }},
                    Damage{"", "a map with its border is too large", [](Model& m) {
                             Options& options = m["convolution"].options;
                             options.padding = Padding::kSame;
                             options.dilation_height = options.dilation_width = 30000;
                             m.OutputOf("convolution").shape = {1, 6, 5, 2};
                           }}));

TEST(PlanMessages, MapsAreNotTooLargeTogether) {
  GraphWriter writer;
  const std::vector<int> shape = {1, 16384, 8192, 1};  // half a GiB
  int map = writer.AddInput(DataType::kFloat32, shape);
  for (int i = 0; i < 3; ++i) map = writer.AddNode(Op("RELU"), {map}, DataType::kFloat32, shape);
  writer.graph.nodes.back().name = "relu";
  writer.graph.outputs = {map};
  EXPECT_EQ(BuildError(writer.graph), "relu: the maps of the graph need more than 1 GiB");
}

}  // namespace
}  // namespace bireid
