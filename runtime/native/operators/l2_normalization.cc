// L2_NORMALIZATION over the channels of every pixel.
#include "formats/builtin_options.h"
#include "kernels/pixelwise.h"
#include "operators/operator_row.h"
#include "operators/pixelwise.h"

namespace bireid {
namespace {

Options WithoutActivation(Options options) {
  if (options.activation != Activation::kNone) throw PlanError("it has a fused activation");
  return options;
}

Options Read(const tflite::Operator& source) {
  return WithoutActivation(ReadActivation<tflite::L2NormOptions>(source));
}

Options ReadParameters(const void* source) {
  return WithoutActivation(ReadActivationParameters(source));
}

const PixelwiseOperator kL2Normalization(L2Normalize);

}  // namespace

extern const OperatorRow kL2NormalizationRow(kL2Normalization,
                                             tflite::BuiltinOperator::L2_NORMALIZATION,
                                             {Read, ReadParameters});

}  // namespace bireid
