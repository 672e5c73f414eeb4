// Writes graphs for tests, with the memory of their constants.
#ifndef BIREID_TESTS_GRAPH_WRITER_H_
#define BIREID_TESTS_GRAPH_WRITER_H_

#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "plan/graph.h"
#include "tests/operator_named.h"

namespace bireid {

class GraphWriter {
 public:
  GraphWriter() = default;
  GraphWriter(const GraphWriter&) = delete;  // the graph points into it
  GraphWriter& operator=(const GraphWriter&) = delete;

  int AddTensor(DataType type, std::vector<int> shape) {
    Tensor tensor;
    tensor.type = type;
    tensor.shape = std::move(shape);
    graph.tensors.push_back(std::move(tensor));
    return static_cast<int>(graph.tensors.size()) - 1;
  }

  int AddInput(DataType type, std::vector<int> shape) {
    graph.inputs.push_back(AddTensor(type, std::move(shape)));
    return graph.inputs.back();
  }

  // Of 4-byte values.
  template <typename Value>
  int AddConstant(DataType type, std::vector<int> shape, const std::vector<Value>& values) {
    static_assert(sizeof(Value) == 4);
    const int index = AddTensor(type, std::move(shape));
    constants_.emplace_back(values.size() * sizeof(Value));
    std::memcpy(constants_.back().data(), values.data(), constants_.back().size());
    graph.tensors[index].constant = constants_.back().data();
    graph.tensors[index].constant_bytes = constants_.back().size();
    return index;
  }

  // The node's output.
  int AddNode(const Operator* op, std::vector<int> inputs, DataType type, std::vector<int> shape,
              const Options& options = Options()) {
    const int output = AddTensor(type, std::move(shape));
    const std::string name = "N" + std::to_string(graph.nodes.size());
    graph.nodes.push_back({op, std::move(inputs), {output}, options, name});
    return output;
  }

  Graph graph;

 private:
  std::deque<std::vector<char>> constants_;
};

}  // namespace bireid

#endif  // BIREID_TESTS_GRAPH_WRITER_H_
