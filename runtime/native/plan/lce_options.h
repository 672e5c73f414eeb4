// Reads the options of LCE's operators: a FlexBuffer, whoever hands it over.
#ifndef BIREID_PLAN_LCE_OPTIONS_H_
#define BIREID_PLAN_LCE_OPTIONS_H_

#include <cstddef>

#include "plan/graph.h"

namespace bireid {

// Of a kLceBconv2d or kLceBMaxPool2d; the other operators of LCE have none. The bytes are
// untrusted. Throws PlanError with the reason if they are missing, malformed or of an unknown kind.
// Numbers are not judged here.
Options ReadLceOptions(Operator op, const void* data, size_t bytes);

// By its number in LCE's options, in model files and in LiteRT alike. Throws PlanError.
Activation ActivationOf(int number);

}  // namespace bireid

#endif  // BIREID_PLAN_LCE_OPTIONS_H_
