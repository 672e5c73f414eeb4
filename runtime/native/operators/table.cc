#include "operators/table.h"

// One line per operator; the row is in the file that implements it.
#define BIREID_OPERATORS(ROW)    \
  ROW(kAddRow)                   \
  ROW(kAveragePool2dRow)         \
  ROW(kConcatenationRow)         \
  ROW(kConv2dRow)                \
  ROW(kDepthwiseConv2dRow)       \
  ROW(kFullyConnectedRow)        \
  ROW(kHardSwishRow)             \
  ROW(kL2NormalizationRow)       \
  ROW(kLceBconv2dRow)            \
  ROW(kLceBMaxPool2dRow)         \
  ROW(kLceDequantizeRow)         \
  ROW(kLceQuantizeRow)           \
  ROW(kLogisticRow)              \
  ROW(kMaximumRow)               \
  ROW(kMaxPool2dRow)             \
  ROW(kMeanRow)                  \
  ROW(kMulRow)                   \
  ROW(kPadRow)                   \
  ROW(kPadV2Row)                 \
  ROW(kPowRow)                   \
  ROW(kPreluRow)                 \
  ROW(kRelu6Row)                 \
  ROW(kReluN1To1Row)             \
  ROW(kReluRow)                  \
  ROW(kReshapeRow)               \
  ROW(kResizeNearestNeighborRow) \
  ROW(kRsqrtRow)                 \
  ROW(kSquaredDifferenceRow)     \
  ROW(kSubRow)

namespace bireid {

#define BIREID_DECLARE(row) extern const OperatorRow row;
BIREID_OPERATORS(BIREID_DECLARE)

const OperatorTable& Operators() {
#define BIREID_ADDRESS(row) &row,
  static const OperatorTable table = {BIREID_OPERATORS(BIREID_ADDRESS)};
  return table;
}

const OperatorRow* FindOperator(const OperatorTable& table, int32_t builtin,
                                std::string_view custom_name) {
  for (const OperatorRow* row : table) {
    if (static_cast<int32_t>(row->builtin()) != builtin) continue;
    if (!row->is_custom() || row->name() == custom_name) return row;
  }
  return nullptr;
}

}  // namespace bireid
