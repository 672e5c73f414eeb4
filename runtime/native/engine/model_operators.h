// The operators of a model file in the plan's terms.
#ifndef BIREID_ENGINE_MODEL_OPERATORS_H_
#define BIREID_ENGINE_MODEL_OPERATORS_H_

#include <optional>
#include <string>

#include "engine/schema/tflite_generated.h"
#include "plan/graph.h"

namespace bireid {

// The plan's operator for one of a model, if it has one.
std::optional<Operator> FindOperator(const tflite::OperatorCode& code);

// As the schema or LCE writes it, such as "CONV_2D"; fit for a message whatever the file says.
std::string NameOf(const tflite::OperatorCode& code);

// Throws PlanError with the reason if the options are missing, malformed or of an unknown kind.
// Numbers are not judged here.
Options ReadOptions(Operator op, const tflite::OperatorCode& code, const tflite::Operator& source);

}  // namespace bireid

#endif  // BIREID_ENGINE_MODEL_OPERATORS_H_
