#include "engine/model_operators.h"

#include <algorithm>
#include <string_view>

#include "plan/lce_options.h"
#include "plan/plan.h"

namespace bireid {
namespace {

using tflite::BuiltinOperator;

constexpr size_t kMaxNameLength = 64;

struct OperatorName {
  Operator op;
  BuiltinOperator builtin;
  std::string_view custom;
};

constexpr OperatorName kOperators[] = {
    {Operator::kLceQuantize, BuiltinOperator::CUSTOM, "LceQuantize"},
    {Operator::kLceDequantize, BuiltinOperator::CUSTOM, "LceDequantize"},
    {Operator::kLceBconv2d, BuiltinOperator::CUSTOM, "LceBconv2d"},
    {Operator::kLceBMaxPool2d, BuiltinOperator::CUSTOM, "LceBMaxPool2d"},
    {Operator::kConv2d, BuiltinOperator::CONV_2D, ""},
    {Operator::kDepthwiseConv2d, BuiltinOperator::DEPTHWISE_CONV_2D, ""},
    {Operator::kFullyConnected, BuiltinOperator::FULLY_CONNECTED, ""},
    {Operator::kMaxPool2d, BuiltinOperator::MAX_POOL_2D, ""},
    {Operator::kAveragePool2d, BuiltinOperator::AVERAGE_POOL_2D, ""},
    {Operator::kMean, BuiltinOperator::MEAN, ""},
    {Operator::kAdd, BuiltinOperator::ADD, ""},
    {Operator::kSub, BuiltinOperator::SUB, ""},
    {Operator::kMul, BuiltinOperator::MUL, ""},
    {Operator::kPrelu, BuiltinOperator::PRELU, ""},
    {Operator::kRelu, BuiltinOperator::RELU, ""},
    {Operator::kRelu, BuiltinOperator::RELU_N1_TO_1, ""},
    {Operator::kRelu, BuiltinOperator::RELU6, ""},
    {Operator::kLogistic, BuiltinOperator::LOGISTIC, ""},
    {Operator::kL2Normalization, BuiltinOperator::L2_NORMALIZATION, ""},
    {Operator::kPad, BuiltinOperator::PAD, ""},
    {Operator::kReshape, BuiltinOperator::RESHAPE, ""},
};

// Old files have it in a field of one byte, and newer ones repeat it there if it fits.
BuiltinOperator BuiltinOf(const tflite::OperatorCode& code) {
  return std::max(code.builtin_code(),
                  static_cast<BuiltinOperator>(code.deprecated_builtin_code()));
}

std::string_view CustomCode(const tflite::OperatorCode& code) {
  return code.custom_code() == nullptr ? "" : code.custom_code()->string_view();
}

// One line of readable ASCII.
std::string Readable(std::string_view text) {
  std::string result(text.substr(0, kMaxNameLength));
  for (char& character : result) {
    if (character < ' ' || character > '~') character = '?';
  }
  return result;
}

Activation ReadActivation(tflite::ActivationFunctionType activation) {
  return ActivationOf(static_cast<int>(activation));
}

Padding ReadPadding(tflite::Padding padding) {
  if (padding == tflite::Padding::SAME) return Padding::kSame;
  if (padding == tflite::Padding::VALID) return Padding::kValid;
  throw PlanError("unknown padding " + std::to_string(static_cast<int>(padding)));
}

template <typename Table>
const Table& BuiltinOptions(const tflite::Operator& source) {
  const Table* table = source.builtin_options_as<Table>();
  if (table == nullptr) throw PlanError("it has no options");
  return *table;
}

// Of CONV_2D and DEPTHWISE_CONV_2D.
template <typename Table>
Options ReadConvolution(const tflite::Operator& source) {
  const Table& table = BuiltinOptions<Table>(source);
  Options options;
  options.padding = ReadPadding(table.padding());
  options.activation = ReadActivation(table.fused_activation_function());
  options.stride_height = table.stride_h();
  options.stride_width = table.stride_w();
  options.dilation_height = table.dilation_h_factor();
  options.dilation_width = table.dilation_w_factor();
  return options;
}

Options ReadPool(const tflite::Operator& source) {
  const auto& table = BuiltinOptions<tflite::Pool2DOptions>(source);
  Options options;
  options.padding = ReadPadding(table.padding());
  options.activation = ReadActivation(table.fused_activation_function());
  options.stride_height = table.stride_h();
  options.stride_width = table.stride_w();
  options.filter_height = table.filter_height();
  options.filter_width = table.filter_width();
  return options;
}

// Of operators that have nothing else.
template <typename Table>
Options ReadFusedActivation(const tflite::Operator& source) {
  Options options;
  options.activation = ReadActivation(BuiltinOptions<Table>(source).fused_activation_function());
  return options;
}

Options ReadFullyConnected(const tflite::Operator& source) {
  if (BuiltinOptions<tflite::FullyConnectedOptions>(source).weights_format() !=
      tflite::FullyConnectedOptionsWeightsFormat::DEFAULT) {
    throw PlanError("its weights are shuffled");
  }
  return ReadFusedActivation<tflite::FullyConnectedOptions>(source);
}

Options ReadL2Normalization(const tflite::Operator& source) {
  Options options = ReadFusedActivation<tflite::L2NormOptions>(source);
  if (options.activation != Activation::kNone) throw PlanError("it has a fused activation");
  return options;
}

// RELU, RELU_N1_TO_1 and RELU6 are one operator to the plan.
Options ReluOptions(BuiltinOperator builtin) {
  Options options;
  options.activation = builtin == BuiltinOperator::RELU6          ? Activation::kRelu6
                       : builtin == BuiltinOperator::RELU_N1_TO_1 ? Activation::kReluN1To1
                                                                  : Activation::kRelu;
  return options;
}

Options ReadCustomOptions(Operator op, const tflite::Operator& source) {
  const auto* custom = source.custom_options();
  if (custom == nullptr) return ReadLceOptions(op, nullptr, 0);
  return ReadLceOptions(op, custom->data(), custom->size());
}

}  // namespace

std::optional<Operator> FindOperator(const tflite::OperatorCode& code) {
  const BuiltinOperator builtin = BuiltinOf(code);
  const bool custom = builtin == BuiltinOperator::CUSTOM;
  for (const OperatorName& entry : kOperators) {
    if (entry.builtin == builtin && (!custom || entry.custom == CustomCode(code))) return entry.op;
  }
  return std::nullopt;
}

std::string NameOf(const tflite::OperatorCode& code) {
  const BuiltinOperator builtin = BuiltinOf(code);
  const std::string custom = Readable(CustomCode(code));
  if (builtin == BuiltinOperator::CUSTOM && !custom.empty()) return custom;
  const std::string name = tflite::EnumNameBuiltinOperator(builtin);
  return name.empty() ? "number " + std::to_string(static_cast<int>(builtin)) : name;
}

Options ReadOptions(Operator op, const tflite::OperatorCode& code, const tflite::Operator& source) {
  switch (op) {
    case Operator::kLceBconv2d:
    case Operator::kLceBMaxPool2d:
      return ReadCustomOptions(op, source);
    case Operator::kConv2d:
      return ReadConvolution<tflite::Conv2DOptions>(source);
    case Operator::kDepthwiseConv2d:
      return ReadConvolution<tflite::DepthwiseConv2DOptions>(source);
    case Operator::kMaxPool2d:
    case Operator::kAveragePool2d:
      return ReadPool(source);
    case Operator::kFullyConnected:
      return ReadFullyConnected(source);
    case Operator::kAdd:
      return ReadFusedActivation<tflite::AddOptions>(source);
    case Operator::kSub:
      return ReadFusedActivation<tflite::SubOptions>(source);
    case Operator::kMul:
      return ReadFusedActivation<tflite::MulOptions>(source);
    case Operator::kL2Normalization:
      return ReadL2Normalization(source);
    case Operator::kRelu:
      return ReluOptions(BuiltinOf(code));
    default:
      return Options();
  }
}

}  // namespace bireid
