#include "formats/builtin_options.h"

#include <string>

namespace bireid {

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

Padding PaddingOf(tflite::Padding padding) {
  if (padding == tflite::Padding::SAME) return Padding::kSame;
  if (padding == tflite::Padding::VALID) return Padding::kValid;
  throw PlanError("unknown padding " + std::to_string(static_cast<int>(padding)));
}

Padding PaddingOf(litert::TfLitePadding padding) {
  if (padding == litert::kTfLitePaddingSame) return Padding::kSame;
  if (padding == litert::kTfLitePaddingValid) return Padding::kValid;
  throw PlanError("unknown padding " + std::to_string(padding));
}

Options ReadActivationParameters(const void* source) {
  Options options;
  options.activation =
      ActivationOf(ParametersOf<litert::TfLiteArithmeticParams>(source).activation);
  return options;
}

}  // namespace bireid
