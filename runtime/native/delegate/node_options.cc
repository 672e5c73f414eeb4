#include "delegate/node_options.h"

#include <string>

#include "plan/lce_options.h"
#include "plan/plan.h"

namespace bireid {
namespace {

using litert::TfLiteNode;

Padding ReadPadding(litert::TfLitePadding padding) {
  if (padding == litert::kTfLitePaddingSame) return Padding::kSame;
  if (padding == litert::kTfLitePaddingValid) return Padding::kValid;
  throw PlanError("unknown padding " + std::to_string(padding));
}

Options ReadCustomOptions(Operator op, const TfLiteNode& node) {
  if (node.custom_initial_data_size < 0) throw PlanError("custom options of a negative size");
  return ReadLceOptions(op, node.custom_initial_data,
                        static_cast<size_t>(node.custom_initial_data_size));
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
  options.activation = ActivationOf(parameters.activation);
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
  options.activation = ActivationOf(parameters.activation);
  options.stride_height = parameters.stride_height;
  options.stride_width = parameters.stride_width;
  options.filter_height = parameters.filter_height;
  options.filter_width = parameters.filter_width;
  return options;
}

Options ReadArithmetic(const TfLiteNode& node) {
  Options options;
  options.activation =
      ActivationOf(BuiltinOptions<litert::TfLiteArithmeticParams>(node).activation);
  return options;
}

}  // namespace

Options ReadNodeOptions(Operator op, const TfLiteNode& node) {
  switch (op) {
    case Operator::kLceBconv2d:
    case Operator::kLceBMaxPool2d:
      return ReadCustomOptions(op, node);
    case Operator::kConv2d:
      return ReadConvolution(node);
    case Operator::kMaxPool2d:
    case Operator::kAveragePool2d:
      return ReadPool(node);
    case Operator::kAdd:
    case Operator::kMul:
      return ReadArithmetic(node);
    default:
      return Options();
  }
}

}  // namespace bireid
