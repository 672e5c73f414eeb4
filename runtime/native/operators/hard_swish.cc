// HARD_SWISH: x * relu6(x + 3) / 6.
#include "kernels/pixelwise.h"
#include "operators/operator_row.h"
#include "operators/pixelwise.h"

namespace bireid {
namespace {

const PixelwiseOperator kHardSwish(HardSwish);

}  // namespace

extern const OperatorRow kHardSwishRow(kHardSwish, tflite::BuiltinOperator::HARD_SWISH);

}  // namespace bireid
