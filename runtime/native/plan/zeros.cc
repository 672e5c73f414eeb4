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

// What the readers of a map need around it.
Border Needed(const Graph& graph, const std::vector<Node>& readers) {
  Border needed;
  for (const Node& reader : readers) needed.Extend(reader.op->InputBorder(graph, reader));
  return needed;
}

int64_t Elements(const Tensor& map, const Border& border) {
  return MapLayout{map.shape[1], map.shape[2], map.shape[3], border}.total();
}

// A reader of what a padding wrote, as one of what that read.
Node ReadAround(const Node& padding, const Border& zeros, Node reader) {
  reader.inputs[0] = padding.inputs[0];
  reader.name = padding.name + " + " + reader.name;
  Border& around = reader.options.zeros;
  around.top += zeros.top;
  around.bottom += zeros.bottom;
  around.left += zeros.left;
  around.right += zeros.right;
  return reader;
}

std::vector<Node> Nodes(const Graph& graph, const std::vector<int>& numbers, int but) {
  std::vector<Node> nodes;
  for (const int n : numbers) {
    if (n != but && graph.nodes[n].inputs[0] >= 0) nodes.push_back(graph.nodes[n]);
  }
  return nodes;
}

}  // namespace

Graph WithZerosRead(const Graph& graph) {
  Graph result = graph;
  std::vector<std::vector<int>> readers = ConsumersOf(graph);
  std::vector<bool> is_absorbed(graph.nodes.size());
  // From the last one on: a padding of a padding is read where that is.
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& padding = graph.nodes[n];
    const std::optional<Border> zeros = padding.op->Zeros(graph, padding);
    const int padded = padding.outputs[0];
    if (!zeros || !OnlyReadersOfZeros(result, padded, readers[padded])) continue;
    const int map = padding.inputs[0];
    std::vector<Node> moved;
    for (const int reader : readers[padded]) {
      moved.push_back(ReadAround(padding, *zeros, result.nodes[reader]));
    }
    // Borders of several readers together can be larger than the maps that they replace.
    const Border before = Needed(result, Nodes(result, readers[map], static_cast<int>(n)));
    const Border added = Needed(result, moved);
    Border together = before;
    together.Extend(added);
    const Tensor& tensor = graph.tensors[map];
    if (Elements(tensor, together) > Elements(tensor, before) + Elements(tensor, added)) continue;
    for (size_t i = 0; i < moved.size(); ++i) {
      result.nodes[readers[padded][i]] = std::move(moved[i]);
    }
    std::vector<int>& around = readers[map];
    around.erase(std::find(around.begin(), around.end(), static_cast<int>(n)));
    around.insert(around.end(), readers[padded].begin(), readers[padded].end());
    is_absorbed[n] = true;
  }
  std::vector<Node> kept;
  for (size_t n = 0; n < result.nodes.size(); ++n) {
    if (!is_absorbed[n]) kept.push_back(std::move(result.nodes[n]));
  }
  result.nodes = std::move(kept);
  return result;
}

}  // namespace bireid
