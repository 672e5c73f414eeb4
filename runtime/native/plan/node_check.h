// What the operators' Check are made of. Nothing about the node is trusted.
#ifndef BIREID_PLAN_NODE_CHECK_H_
#define BIREID_PLAN_NODE_CHECK_H_

#include <cstddef>
#include <stdexcept>
#include <vector>

#include "kernels/geometry.h"
#include "plan/graph.h"

namespace bireid {

// What is wrong with a node.
class UnsupportedNode : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws UnsupportedNode with the message unless the condition holds.
inline void Require(bool condition, const char* message) {
  if (!condition) throw UnsupportedNode(message);
}

// A node whose tensors are looked at one by one; all throw UnsupportedNode.
class NodeCheck {
 public:
  NodeCheck(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  const Graph& graph() const { return graph_; }
  const Node& node() const { return node_; }
  const Options& options() const { return node_.options; }

  // So many inputs, and one output. No more than the operator has: whoever reads the graph takes
  // each for one that it knows.
  void Operands(size_t count, size_t optional = 0) const;

  // With Operands checked.
  const Tensor& At(int tensor) const;
  const Tensor& Input(size_t index) const { return At(node_.inputs[index]); }
  const Tensor& Output() const { return At(node_.outputs[0]); }

  // A tensor that is a map of this type.
  static const Tensor& Map(const Tensor& tensor, DataType type);
  const Tensor& InputMap(size_t index, DataType type) const { return Map(Input(index), type); }
  const Tensor& OutputMap(DataType type) const { return Map(Output(), type); }

  // A stored array of exactly this shape, of 4-byte values.
  static const Tensor& Constant(const Tensor& tensor, DataType type, const std::vector<int>& shape);
  // A stored filter of four dimensions.
  const Tensor& Filter(size_t index, DataType type) const;
  // A third input of so many floats, or none.
  void Bias(int channels) const;

  static void SameShape(const Tensor& a, const Tensor& b);
  // The output of windows on the input.
  static void OutputIs(const Tensor& output, const Tensor& input, const Extent& vertical,
                       const Extent& horizontal, int elements);
  // `packed` holds the signs of `map`.
  static void PackedPair(const Tensor& map, const Tensor& packed);
  // An int8 tensor can be read.
  static void Scale(const Tensor& tensor);

 private:
  const Graph& graph_;
  const Node& node_;
};

}  // namespace bireid

#endif  // BIREID_PLAN_NODE_CHECK_H_
