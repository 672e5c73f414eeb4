// Operators by the names that models have for them.
#ifndef BIREID_TESTS_OPERATOR_NAMED_H_
#define BIREID_TESTS_OPERATOR_NAMED_H_

#include <stdexcept>
#include <string>

#include "operators/table.h"

namespace bireid {

inline const OperatorRow& RowNamed(const std::string& name) {
  for (const OperatorRow* row : Operators()) {
    if (row->name() == name) return *row;
  }
  throw std::logic_error("no operator " + name);
}

inline const Operator* Op(const std::string& name) { return RowNamed(name).op(); }

// The first name that the operator has.
inline std::string NameOf(const Operator* op) {
  for (const OperatorRow* row : Operators()) {
    if (row->op() == op) return row->name();
  }
  return "?";
}

}  // namespace bireid

#endif  // BIREID_TESTS_OPERATOR_NAMED_H_
