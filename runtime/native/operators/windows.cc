#include "operators/windows.h"

namespace bireid {
namespace {

struct Extents {
  Extent vertical;
  Extent horizontal;
};

Extents ExtentsOf(const std::vector<int>& map, const std::vector<int>& filter, const Options& o) {
  return {Extent::Of(map[1], filter[1], o.stride_height, o.dilation_height, o.padding, o.zeros.top,
                     o.zeros.bottom),
          Extent::Of(map[2], filter[2], o.stride_width, o.dilation_width, o.padding, o.zeros.left,
                     o.zeros.right)};
}

}  // namespace

Border FilterBorder(const Graph& graph, const Node& node) {
  const Extents extents = ExtentsOf(graph.tensors[node.inputs[0]].shape,
                                    graph.tensors[node.inputs[1]].shape, node.options);
  return {extents.vertical.pad_before, extents.vertical.pad_after, extents.horizontal.pad_before,
          extents.horizontal.pad_after};
}

void CheckFiltered(const NodeCheck& check, const Tensor& input, const Tensor& filter,
                   const Tensor& output, int elements) {
  const Extents extents = ExtentsOf(input.shape, filter.shape, check.options());
  NodeCheck::OutputIs(output, input, extents.vertical, extents.horizontal, elements);
}

FloatConvolutionSpec ConvolutionSpecOf(const Graph& graph, const Node& node, int channels_out) {
  const std::vector<int>& filter = graph.tensors[node.inputs[1]].shape;
  const Options& options = node.options;
  return {graph.tensors[node.inputs[0]].shape[3],
          channels_out,
          filter[1],
          filter[2],
          options.stride_height,
          options.stride_width,
          options.dilation_height,
          options.dilation_width,
          options.padding,
          options.zeros};
}

}  // namespace bireid
