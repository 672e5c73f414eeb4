// RSQRT: 1 / sqrt(x).
#include "kernels/pixelwise.h"
#include "operators/operator_row.h"
#include "operators/pixelwise.h"

namespace bireid {
namespace {

const PixelwiseOperator kRsqrt(ReciprocalRoot);

}  // namespace

extern const OperatorRow kRsqrtRow(kRsqrt, tflite::BuiltinOperator::RSQRT);

}  // namespace bireid
