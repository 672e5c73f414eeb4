// Reads the options of a LiteRT node: the structure of a built-in operator, the FlexBuffer of an
// LCE operator.
#ifndef BIREID_DELEGATE_NODE_OPTIONS_H_
#define BIREID_DELEGATE_NODE_OPTIONS_H_

#include "delegate/litert_abi.h"
#include "plan/graph.h"

namespace bireid {

// Throws PlanError with the reason if they are missing, malformed or of an unknown kind. Numbers
// are not judged here.
Options ReadNodeOptions(Operator op, const litert::TfLiteNode& node);

}  // namespace bireid

#endif  // BIREID_DELEGATE_NODE_OPTIONS_H_
