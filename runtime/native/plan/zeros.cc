#include "plan/zeros.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "plan/node_shapes.h"
#include "plan/operator.h"

namespace bireid {
namespace {

// Whether every reader of a tensor finds zeros in the border of its first input.
bool OnlyReadersOfZeros(const Graph& graph, int tensor, const std::vector<int>& readers) {
  const bool is_output =
      std::find(graph.outputs.begin(), graph.outputs.end(), tensor) != graph.outputs.end();
  return !is_output && !readers.empty() && std::all_of(readers.begin(), readers.end(), [&](int n) {
    const Node& node = graph.nodes[n];
    return node.op->ReadsZeros() && node.inputs[0] == tensor;
  });
}

void ReadAround(const Node& padding, const Border& zeros, Node* node) {
  node->inputs[0] = padding.inputs[0];
  node->name = padding.name + " + " + node->name;
  Border& around = node->options.zeros;
  around.top += zeros.top;
  around.bottom += zeros.bottom;
  around.left += zeros.left;
  around.right += zeros.right;
}

}  // namespace

Graph WithZerosRead(const Graph& graph) {
  Graph result = graph;
  std::vector<std::vector<int>> readers = ConsumersOf(graph);
  std::vector<bool> is_read(graph.nodes.size());
  // From the last one on: a padding of a padding is read where that is.
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& padding = graph.nodes[n];
    const std::optional<Border> zeros = padding.op->Zeros(graph, padding);
    const int tensor = padding.outputs[0];
    if (!zeros || graph.tensors[padding.inputs[0]].constant != nullptr ||
        !OnlyReadersOfZeros(result, tensor, readers[tensor])) {
      continue;
    }
    for (const int reader : readers[tensor]) ReadAround(padding, *zeros, &result.nodes[reader]);
    std::vector<int>& around = readers[padding.inputs[0]];
    around.erase(std::find(around.begin(), around.end(), static_cast<int>(n)));
    around.insert(around.end(), readers[tensor].begin(), readers[tensor].end());
    is_read[n] = true;
  }
  std::vector<Node> left;
  for (size_t n = 0; n < result.nodes.size(); ++n) {
    if (!is_read[n]) left.push_back(std::move(result.nodes[n]));
  }
  result.nodes = std::move(left);
  return result;
}

}  // namespace bireid
