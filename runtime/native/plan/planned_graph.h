// A graph as steps over maps in memory.
#ifndef BIREID_PLAN_PLANNED_GRAPH_H_
#define BIREID_PLAN_PLANNED_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

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
  std::vector<size_t> buffer_bytes;  // of the maps of one image
  size_t scratch_bytes = 0;          // of one thread
  int batch = 1;
  // What the steps point to.
  std::vector<std::unique_ptr<std::vector<int32_t>>> offsets;
  std::vector<std::unique_ptr<std::vector<float>>> parameters;
};

}  // namespace bireid

#endif  // BIREID_PLAN_PLANNED_GRAPH_H_
