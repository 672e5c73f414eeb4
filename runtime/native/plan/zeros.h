// Padding with zeros that costs nothing.
#ifndef BIREID_PLAN_ZEROS_H_
#define BIREID_PLAN_ZEROS_H_

#include "plan/graph.h"

namespace bireid {

// The graph without the nodes that put zeros around a map which only convolutions read: those find
// the zeros in the border of the map itself. The graph has been checked.
Graph WithZerosRead(const Graph& graph);

}  // namespace bireid

#endif  // BIREID_PLAN_ZEROS_H_
