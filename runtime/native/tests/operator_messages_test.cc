// What operators say of nodes that they cannot run. A damaged file can hold any of them.
#include <gtest/gtest.h>

#include <limits>

#include "tests/damaged_graph.h"

namespace bireid {
namespace {

INSTANTIATE_TEST_SUITE_P(
    Operators, DamagedNode,
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
        Damage{"convolution", kFilter,
               [](Model& m) {
                 m[m.weights].shape = {3, 3, 3, 40};
                 m[m.weights].constant_bytes = 3 * 9 * 40 * 4;
               }},
        Damage{"groups", "channels must be divisible by the number of groups",
               [](Model& m) {
                 m[m.grouped].shape = {9, 8, 1, 16};
               }},
        Damage{"groups", kWeightShape, [](Model& m) { m["groups"].inputs.push_back(m.bias); }},
        Damage{"groups", kOptions, [](Model& m) { m.OutputOf("groups").shape[3] = 2; }},
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
        Damage{"mean", kAxes, [](Model& m) { m[m.image].rank = 3; }},
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
        Damage{"concatenate", kAxis, [](Model& m) { m[m.joined].rank = 5; }},
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
        Damage{"gate", "the operands have different numbers of dimensions",
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
        Damage{"add", kShapes, [](Model& m) { m["add"].inputs[1] = m.AddPixel(1, 32); }},
        Damage{"add", kShapes, [](Model& m) { m["add"].inputs[1] = m.AddPixel(2, 64); }},
        Damage{"subtract", kShapes, [](Model& m) { m["subtract"].inputs[0] = m.AddPixel(1, 1); }},
        Damage{"square", kShapes, [](Model& m) { m["square"].inputs[0] = m.mean; }},
        Damage{"square", kOperand, [](Model& m) { m["square"].inputs[1] = m.bias; }},
        Damage{"power", "the exponent is not stored in the model",
               [](Model& m) { m["power"].inputs[1] = m.image; }},
        Damage{"power", "the exponent is not stored in the model",
               [](Model& m) { m["power"].inputs = {m.exponent, m.image}; }},
        Damage{"power", kOperand, [](Model& m) { m["power"].inputs[1] = m.bias; }},
        Damage{"power", "an exponent is not finite",
               [](Model& m) {
                 static const float exponent = std::numeric_limits<float>::infinity();
                 m[m.exponent].constant = &exponent;
               }},
        Damage{"maximum", "one operand must be a constant of one value",
               [](Model& m) { m["maximum"].inputs[0] = m.slope; }},
        Damage{"maximum", "one operand must be a constant of one value",
               [](Model& m) { m["maximum"].inputs[0] = m.image; }},
        Damage{"maximum", kIsConstant, [](Model& m) { m["maximum"].inputs[1] = m.exponent; }},
        Damage{"maximum", kShapes, [](Model& m) { m.OutputOf("maximum").shape[3] = 63; }},
        Damage{"hard swish", kShapes, [](Model& m) { m.OutputOf("hard swish").shape[3] = 63; }},
        Damage{"root", kType, [](Model& m) { m["root"].inputs[0] = m.packed; }},
        Damage{"pad value", "the value of the padding must be a constant",
               [](Model& m) { m["pad value"].inputs[2] = m.image; }},
        Damage{"pad value", "the value of the padding must be a constant",
               [](Model& m) { m["pad value"].inputs[2] = m.amounts; }},
        Damage{"pad value", kOperands, [](Model& m) { m["pad value"].inputs.pop_back(); }},
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

}  // namespace
}  // namespace bireid
