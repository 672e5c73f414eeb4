// The operators that the engine runs and the delegate claims.
#ifndef BIREID_OPERATORS_TABLE_H_
#define BIREID_OPERATORS_TABLE_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "operators/operator_row.h"

namespace bireid {

using OperatorTable = std::vector<const OperatorRow*>;

const OperatorTable& Operators();

// The row of an operator by its number in the schema, which is LiteRT's too, and if that says that
// it is a custom one, by its name. Null if there is none.
const OperatorRow* FindOperator(const OperatorTable& table, int32_t builtin,
                                std::string_view custom_name);

}  // namespace bireid

#endif  // BIREID_OPERATORS_TABLE_H_
