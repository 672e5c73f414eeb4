#include "plan/lce_options.h"

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "plan/flexbuffer_map.h"
#include "plan/plan.h"

namespace bireid {
namespace {

using CustomOptions = std::map<std::string, int64_t>;

CustomOptions ReadCustomOptions(const void* data, size_t bytes) {
  try {
    return ReadFlexbufferMap(data, bytes);
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

Padding PaddingOf(int padding) {
  if (padding == 0) return Padding::kSame;
  if (padding == 1) return Padding::kValid;
  throw PlanError("unknown padding " + std::to_string(padding));
}

Options BinaryConvolution(const CustomOptions& custom) {
  Options options;
  options.channels_in = Integer(custom, "channels_in");
  options.stride_height = Integer(custom, "stride_height");
  options.stride_width = Integer(custom, "stride_width");
  options.dilation_height = Integer(custom, "dilation_height_factor");
  options.dilation_width = Integer(custom, "dilation_width_factor");
  options.padding = PaddingOf(Integer(custom, "padding"));
  options.pad_value = Integer(custom, "pad_values");
  options.activation = ActivationOf(Integer(custom, "fused_activation_function"));
  return options;
}

Options BinaryMaxPool(const CustomOptions& custom) {
  Options options;
  options.filter_height = Integer(custom, "filter_height");
  options.filter_width = Integer(custom, "filter_width");
  options.stride_height = Integer(custom, "stride_height");
  options.stride_width = Integer(custom, "stride_width");
  options.padding = PaddingOf(Integer(custom, "padding"));
  return options;
}

}  // namespace

Options ReadLceOptions(Operator op, const void* data, size_t bytes) {
  const CustomOptions custom = ReadCustomOptions(data, bytes);
  return op == Operator::kLceBconv2d ? BinaryConvolution(custom) : BinaryMaxPool(custom);
}

Activation ActivationOf(int number) {
  switch (number) {
    case 0:
      return Activation::kNone;
    case 1:
      return Activation::kRelu;
    case 2:
      return Activation::kReluN1To1;
    case 3:
      return Activation::kRelu6;
    default:
      throw PlanError("unknown activation " + std::to_string(number));
  }
}

}  // namespace bireid
