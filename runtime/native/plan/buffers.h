// Lets maps that do not live at the same time share memory.
#ifndef BIREID_PLAN_BUFFERS_H_
#define BIREID_PLAN_BUFFERS_H_

#include <vector>

#include "plan/planned_graph.h"

namespace bireid {

// What a step does to the values.
struct StepAccess {
  std::vector<int> reads;   // by windows or whole: must not share memory with what it writes
  std::vector<int> writes;  // apart from stages; the step's stages tell their own
};

// Sets the slots of all values in buffers, and the sizes of the buffers. Only maps of one layout
// share, since the zeros in a border are written once, when memory is made.
void AssignBuffers(const std::vector<StepAccess>& accesses, PlannedGraph* plan);

}  // namespace bireid

#endif  // BIREID_PLAN_BUFFERS_H_
