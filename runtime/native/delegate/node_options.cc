#include "delegate/node_options.h"

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "delegate/flexbuffer_map.h"
#include "plan/plan.h"

namespace bireid {
namespace {

using litert::TfLiteNode;

using CustomOptions = std::map<std::string, int64_t>;

CustomOptions ReadCustomOptions(const TfLiteNode& node) {
  if (node.custom_initial_data_size < 0) throw PlanError("custom options of a negative size");
  try {
    return ReadFlexbufferMap(node.custom_initial_data,
                             static_cast<size_t>(node.custom_initial_data_size));
  } catch (const FlexbufferError& error) {
    throw PlanError(error.what());
  }
}

int Integer(const CustomOptions& options, const char* key) {
  const auto found = options.find(key);
  if (found == options.end()) {
    throw PlanError("custom options lack '" + std::string(key) + "'");
  }
  if (found->second < std::numeric_limits<int>::min() ||
      found->second > std::numeric_limits<int>::max()) {
    throw PlanError("custom option '" + std::string(key) + "' is out of range");
  }
  return static_cast<int>(found->second);
}

Activation ReadActivation(int activation) {
  switch (activation) {
    case litert::kTfLiteActNone:
      return Activation::kNone;
    case litert::kTfLiteActRelu:
      return Activation::kRelu;
    case litert::kTfLiteActReluN1To1:
      return Activation::kReluN1To1;
    case litert::kTfLiteActRelu6:
      return Activation::kRelu6;
    default:
      throw PlanError("unknown activation " + std::to_string(activation));
  }
}

// The model file counts from 0, LiteRT from 1.
Padding ReadLcePadding(int padding) {
  if (padding == 0) return Padding::kSame;
  if (padding == 1) return Padding::kValid;
  throw PlanError("unknown padding " + std::to_string(padding));
}

Padding ReadPadding(litert::TfLitePadding padding) {
  if (padding == litert::kTfLitePaddingSame) return Padding::kSame;
  if (padding == litert::kTfLitePaddingValid) return Padding::kValid;
  throw PlanError("unknown padding " + std::to_string(padding));
}

Options ReadBinaryConvolution(const TfLiteNode& node) {
  const CustomOptions custom = ReadCustomOptions(node);
  Options options;
  options.channels_in = Integer(custom, "channels_in");
  options.stride_height = Integer(custom, "stride_height");
  options.stride_width = Integer(custom, "stride_width");
  options.dilation_height = Integer(custom, "dilation_height_factor");
  options.dilation_width = Integer(custom, "dilation_width_factor");
  options.padding = ReadLcePadding(Integer(custom, "padding"));
  options.pad_value = Integer(custom, "pad_values");
  options.activation = ReadActivation(Integer(custom, "fused_activation_function"));
  return options;
}

Options ReadBinaryMaxPool(const TfLiteNode& node) {
  const CustomOptions custom = ReadCustomOptions(node);
  Options options;
  options.filter_height = Integer(custom, "filter_height");
  options.filter_width = Integer(custom, "filter_width");
  options.stride_height = Integer(custom, "stride_height");
  options.stride_width = Integer(custom, "stride_width");
  options.padding = ReadLcePadding(Integer(custom, "padding"));
  return options;
}

template <typename Parameters>
const Parameters& BuiltinOptions(const TfLiteNode& node) {
  if (node.builtin_data == nullptr) throw PlanError("it has no options");
  return *static_cast<const Parameters*>(node.builtin_data);
}

Options ReadConvolution(const TfLiteNode& node) {
  const auto& parameters = BuiltinOptions<litert::TfLiteConvParams>(node);
  Options options;
  options.padding = ReadPadding(parameters.padding);
  options.activation = ReadActivation(parameters.activation);
  options.stride_height = parameters.stride_height;
  options.stride_width = parameters.stride_width;
  options.dilation_height = parameters.dilation_height_factor;
  options.dilation_width = parameters.dilation_width_factor;
  return options;
}

Options ReadPool(const TfLiteNode& node) {
  const auto& parameters = BuiltinOptions<litert::TfLitePoolParams>(node);
  Options options;
  options.padding = ReadPadding(parameters.padding);
  options.activation = ReadActivation(parameters.activation);
  options.stride_height = parameters.stride_height;
  options.stride_width = parameters.stride_width;
  options.filter_height = parameters.filter_height;
  options.filter_width = parameters.filter_width;
  return options;
}

Options ReadArithmetic(const TfLiteNode& node) {
  Options options;
  options.activation =
      ReadActivation(BuiltinOptions<litert::TfLiteArithmeticParams>(node).activation);
  return options;
}

}  // namespace

Options ReadNodeOptions(Operator op, const TfLiteNode& node) {
  switch (op) {
    case Operator::kLceBconv2d:
      return ReadBinaryConvolution(node);
    case Operator::kLceBMaxPool2d:
      return ReadBinaryMaxPool(node);
    case Operator::kConv2d:
      return ReadConvolution(node);
    case Operator::kMaxPool2d:
    case Operator::kAveragePool2d:
      return ReadPool(node);
    case Operator::kAdd:
    case Operator::kMul:
      return ReadArithmetic(node);
    case Operator::kLceQuantize:
    case Operator::kLceDequantize:
    case Operator::kPrelu:
    case Operator::kRelu:
    case Operator::kPad:
      break;
  }
  return Options();
}

}  // namespace bireid
