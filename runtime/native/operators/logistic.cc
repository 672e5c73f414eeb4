// LOGISTIC: 1 / (1 + exp(-x)).
#include "kernels/pixelwise.h"
#include "operators/operator_row.h"
#include "operators/pixelwise.h"

namespace bireid {
namespace {

const PixelwiseOperator kLogistic(Logistic);

}  // namespace

extern const OperatorRow kLogisticRow(kLogistic, tflite::BuiltinOperator::LOGISTIC);

}  // namespace bireid
