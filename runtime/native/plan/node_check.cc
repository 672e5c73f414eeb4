#include "plan/node_check.h"

#include <cmath>
#include <cstdint>
#include <string>

#include "plan/node_shapes.h"
#include "plan/operator.h"
#include "plan/plan.h"

namespace bireid {

void NodeCheck::Operands(size_t count, size_t optional) const {
  for (const int tensor : node_.inputs) {
    if (tensor >= 0) At(tensor);
  }
  Require(node_.inputs.size() >= count && node_.inputs.size() <= count + optional &&
              node_.outputs.size() == 1,
          "wrong number of inputs or outputs");
}

const Tensor& NodeCheck::At(int tensor) const {
  Require(tensor >= 0 && static_cast<size_t>(tensor) < graph_.tensors.size(),
          "a tensor is missing");
  return graph_.tensors[tensor];
}

const Tensor& NodeCheck::Map(const Tensor& tensor, DataType type) {
  Require(tensor.constant == nullptr, "a map is a constant");
  Require(tensor.type == type, "a tensor has another type than the operator needs");
  Require(tensor.shape.size() == 4, "a map must have four dimensions");
  Require(ElementCount(tensor.shape) > 0, "a map is empty, of unknown size or too large");
  return tensor;
}

const Tensor& NodeCheck::Constant(const Tensor& tensor, DataType type,
                                  const std::vector<int>& shape) {
  Require(tensor.constant != nullptr, "weights are not stored in the model");
  Require(tensor.type == type, "weights have another type than the operator needs");
  Require(tensor.shape == shape, "weights have another shape than the operator needs");
  const int64_t count = ElementCount(shape);
  Require(count > 0 && tensor.constant_bytes == static_cast<size_t>(count) * 4,
          "weights are shorter or longer than their shape");
  Require(IsAligned(tensor), "weights are not aligned in the model");
  return tensor;
}

const Tensor& NodeCheck::Filter(size_t index, DataType type) const {
  const Tensor& filter = Input(index);
  Require(filter.shape.size() == 4, "the filter must have four dimensions");
  return Constant(filter, type, filter.shape);
}

void NodeCheck::Bias(int channels) const {
  if (node_.inputs.size() > 2 && node_.inputs[2] >= 0) {
    Constant(Input(2), DataType::kFloat32, {channels});
  }
}

void NodeCheck::SameShape(const Tensor& a, const Tensor& b) {
  Require(a.shape == b.shape, "the shapes of input and output differ");
}

void NodeCheck::OutputIs(const Tensor& output, const Tensor& input, const Extent& vertical,
                         const Extent& horizontal, int elements) {
  Require(output.shape ==
              std::vector<int>{input.shape[0], vertical.output, horizontal.output, elements},
          "the output has another shape than the options give");
}

void NodeCheck::PackedPair(const Tensor& map, const Tensor& packed) {
  std::vector<int> shape = map.shape;
  shape[3] = Blocks(shape[3]);
  Require(packed.shape == shape, "the packed map has another shape than the map");
}

void NodeCheck::Scale(const Tensor& tensor) {
  Require(tensor.scale > 0 && std::isfinite(tensor.scale) && tensor.zero_point >= -128 &&
              tensor.zero_point <= 127,
          "an int8 tensor has no valid scale and zero point");
}

std::string WhyUnsupported(const Graph& graph, const Node& node) {
  try {
    if (node.op == nullptr) return "unknown operator";
    node.op->Check(NodeCheck(graph, node));
    return "";
  } catch (const UnsupportedNode& reason) {
    return reason.what();
  } catch (const std::invalid_argument& reason) {
    return reason.what();
  }
}

}  // namespace bireid
