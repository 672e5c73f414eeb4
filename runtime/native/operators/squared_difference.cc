// SQUARED_DIFFERENCE: (a - b)^2 of maps, of which one may be a single pixel, or of a map and a
// constant.
#include "kernels/pixelwise.h"
#include "operators/operands.h"
#include "operators/operator_row.h"

namespace bireid {
namespace {

const OperandOperator kSquaredDifference(SquaredDifference);

}  // namespace

extern const OperatorRow kSquaredDifferenceRow(kSquaredDifference,
                                               tflite::BuiltinOperator::SQUARED_DIFFERENCE);

}  // namespace bireid
