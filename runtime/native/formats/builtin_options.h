// Reads the options of TensorFlow Lite's own operators, from a model file and from LiteRT. Either
// may be damaged: all throw PlanError with the reason if options are missing or of an unknown kind.
// Numbers are not judged here.
#ifndef BIREID_FORMATS_BUILTIN_OPTIONS_H_
#define BIREID_FORMATS_BUILTIN_OPTIONS_H_

#include "formats/litert_parameters.h"
#include "formats/schema/tflite.h"
#include "plan/graph.h"
#include "plan/plan.h"

namespace bireid {

// By its number in model files, in LiteRT and in LCE's options alike.
Activation ActivationOf(int number);
inline Activation ActivationOf(tflite::ActivationFunctionType activation) {
  return ActivationOf(static_cast<int>(activation));
}

Padding PaddingOf(tflite::Padding padding);
Padding PaddingOf(litert::TfLitePadding padding);

template <typename Table>
const Table& TableOf(const tflite::Operator& source) {
  const Table* table = source.builtin_options_as<Table>();
  if (table == nullptr) throw PlanError("it has no options");
  return *table;
}

template <typename Parameters>
const Parameters& ParametersOf(const void* source) {
  if (source == nullptr) throw PlanError("it has no options");
  return *static_cast<const Parameters*>(source);
}

// Of operators that have nothing but an activation.
template <typename Table>
Options ReadActivation(const tflite::Operator& source) {
  Options options;
  options.activation = ActivationOf(TableOf<Table>(source).fused_activation_function());
  return options;
}
Options ReadActivationParameters(const void* source);

// Of a convolution of any kind.
template <typename Table>
Options ReadConvolution(const tflite::Operator& source) {
  const Table& table = TableOf<Table>(source);
  Options options;
  options.padding = PaddingOf(table.padding());
  options.activation = ActivationOf(table.fused_activation_function());
  options.stride_height = table.stride_h();
  options.stride_width = table.stride_w();
  options.dilation_height = table.dilation_h_factor();
  options.dilation_width = table.dilation_w_factor();
  return options;
}
template <typename Parameters>
Options ReadConvolutionParameters(const void* source) {
  const auto& parameters = ParametersOf<Parameters>(source);
  Options options;
  options.padding = PaddingOf(parameters.padding);
  options.activation = ActivationOf(parameters.activation);
  options.stride_height = parameters.stride_height;
  options.stride_width = parameters.stride_width;
  options.dilation_height = parameters.dilation_height_factor;
  options.dilation_width = parameters.dilation_width_factor;
  return options;
}

}  // namespace bireid

#endif  // BIREID_FORMATS_BUILTIN_OPTIONS_H_
