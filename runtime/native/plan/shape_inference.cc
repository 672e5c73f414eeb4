#include "plan/shape_inference.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "plan/plan.h"

namespace bireid {

const Tensor& InputOf(const Graph& graph, const Node& node, size_t index) {
  if (index >= node.inputs.size() || node.inputs[index] < 0) {
    throw PlanError("input " + std::to_string(index) + " is missing");
  }
  return graph.tensors[node.inputs[index]];
}

const Shape& MapShape(const Graph& graph, const Node& node, size_t index, const char* what) {
  const Shape& shape = InputOf(graph, node, index).shape;
  if (shape.size() != 4) throw PlanError(std::string(what) + " does not have 4 dimensions");
  return shape;
}

Shape WindowsOutput(const Shape& map, int filter_height, int filter_width, int channels,
                    const Options& options) {
  try {
    const Extent vertical = Extent::Of(map[1], filter_height, options.stride_height,
                                       options.dilation_height, options.padding);
    const Extent horizontal = Extent::Of(map[2], filter_width, options.stride_width,
                                         options.dilation_width, options.padding);
    return {map[0], vertical.output, horizontal.output, channels};
  } catch (const std::invalid_argument& error) {
    throw PlanError(error.what());
  }
}

Shape WithLast(Shape shape, int last) {
  if (shape.empty()) throw PlanError("the input is a single number");
  shape.back() = last;
  return shape;
}

Shape Broadcast(Shape a, Shape b) {
  if (a.size() < b.size()) std::swap(a, b);
  b.insert(b.begin(), a.size() - b.size(), 1);
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && a[i] != 1 && b[i] != 1) throw PlanError("the shapes do not fit together");
    if (a[i] == 1) a[i] = b[i];
  }
  return a;
}

}  // namespace bireid
