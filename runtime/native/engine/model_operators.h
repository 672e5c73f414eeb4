// The operators of a model file.
#ifndef BIREID_ENGINE_MODEL_OPERATORS_H_
#define BIREID_ENGINE_MODEL_OPERATORS_H_

#include <string>

#include "formats/schema/tflite.h"
#include "operators/table.h"
#include "plan/graph.h"

namespace bireid {

// The row of one of a model's, null if the table has none.
const OperatorRow* FindOperator(const OperatorTable& table, const tflite::OperatorCode& code);

// kOther where no operator of the plan reads it.
DataType DataTypeOf(tflite::TensorType type);

// As the schema or LCE writes it, such as "CONV_2D"; fit for a message whatever the file says.
std::string NameOf(const tflite::OperatorCode& code);

}  // namespace bireid

#endif  // BIREID_ENGINE_MODEL_OPERATORS_H_
