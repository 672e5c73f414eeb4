// Refuses graphs that make no sense, before anything is planned.
#ifndef BIREID_PLAN_VALIDATION_H_
#define BIREID_PLAN_VALIDATION_H_

#include "plan/graph.h"

namespace bireid {

// Throws PlanError unless every node is supported, every tensor is computed once and before it is
// read, all maps are of one batch, and they are not too large together.
void CheckGraph(const Graph& graph);

}  // namespace bireid

#endif  // BIREID_PLAN_VALIDATION_H_
