// Fuses a graph into steps, and gives every map a place in memory.
#ifndef BIREID_PLAN_PLAN_BUILDER_H_
#define BIREID_PLAN_PLAN_BUILDER_H_

#include <memory>
#include <vector>

#include "plan/graph.h"
#include "plan/plan.h"
#include "plan/step.h"

namespace bireid {

// A map that exists while the plan runs.
struct Value {
  enum class Place : uint8_t { kBuffer, kInput, kOutput };

  MapLayout layout;
  int element_bytes = 4;
  Place place = Place::kBuffer;
  int slot = 0;  // of the buffers, or of the graph's inputs or outputs
};

struct PlannedGraph {
  std::vector<std::unique_ptr<Step>> steps;
  std::vector<Value> values;
  std::vector<size_t> buffer_bytes;
  int batch = 1;
  // What the steps point to.
  std::vector<std::unique_ptr<std::vector<int32_t>>> offsets;
  std::vector<std::unique_ptr<std::vector<float>>> parameters;
};

// Throws PlanError, or std::bad_alloc.
PlannedGraph BuildPlan(const Graph& graph, const PlanOptions& options);

}  // namespace bireid

#endif  // BIREID_PLAN_PLAN_BUILDER_H_
