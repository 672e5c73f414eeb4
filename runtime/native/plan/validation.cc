#include "plan/validation.h"

#include <algorithm>
#include <string>
#include <vector>

#include "plan/node_shapes.h"
#include "plan/operator.h"
#include "plan/plan.h"

namespace bireid {
void CheckGraph(const Graph& graph) {
  if (graph.nodes.empty()) throw PlanError("the graph has no nodes");
  std::vector<bool> known(graph.tensors.size());
  const auto is_known = [&](int tensor) {
    return tensor >= 0 && static_cast<size_t>(tensor) < known.size() && known[tensor];
  };
  for (const int tensor : graph.inputs) {
    if (tensor < 0 || static_cast<size_t>(tensor) >= known.size()) {
      throw PlanError("the graph has an input that does not exist");
    }
    if (graph.tensors[tensor].constant != nullptr) {
      throw PlanError("an input of the graph is a constant");
    }
    known[tensor] = true;
  }
  int64_t elements = 0;
  double operations = 0;
  for (const Node& node : graph.nodes) {
    const std::string reason = WhyUnsupported(graph, node);
    if (!reason.empty()) throw PlanError(node.name + ": " + reason);
    for (const int tensor : node.inputs) {
      if (tensor >= 0 && graph.tensors[tensor].constant == nullptr && !is_known(tensor)) {
        throw PlanError(node.name + ": an input is read before it is computed");
      }
    }
    const int output = node.outputs[0];
    if (known[output]) throw PlanError(node.name + ": its output is computed twice");
    known[output] = true;
    const std::vector<int>& shape = graph.tensors[output].shape;
    if (shape[0] != BatchOf(graph)) throw PlanError(node.name + ": the batch size changes");
    elements += ElementCount(shape) / shape[0];
    if (elements > kMaxMapElements) {
      throw PlanError(node.name + ": the maps of the graph need more than 1 GiB");
    }
    operations += static_cast<double>(ElementCount(shape) / shape[0]) * node.op->Reads(graph, node);
    if (operations > kMaxOperations) {
      throw PlanError(node.name + ": the graph needs more than 2^37 operations for an image");
    }
  }
  for (const int tensor : graph.outputs) {
    if (!is_known(tensor)) throw PlanError("the graph has an output that nothing computes");
    if (std::find(graph.inputs.begin(), graph.inputs.end(), tensor) != graph.inputs.end()) {
      throw PlanError("an input of the graph is an output too");
    }
    if (std::count(graph.outputs.begin(), graph.outputs.end(), tensor) > 1) {
      throw PlanError("an output of the graph is listed twice");
    }
  }
}

}  // namespace bireid
