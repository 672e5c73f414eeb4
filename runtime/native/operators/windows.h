// What operators with a filter share.
#ifndef BIREID_OPERATORS_WINDOWS_H_
#define BIREID_OPERATORS_WINDOWS_H_

#include "kernels/float_convolution.h"
#include "plan/graph.h"
#include "plan/node_check.h"

namespace bireid {

// What the windows of the filter, the second input, read around the map.
Border FilterBorder(const Graph& graph, const Node& node);

// Throws unless the output is that of the node's windows, a map of `elements`.
void CheckFiltered(const NodeCheck& check, const Tensor& input, const Tensor& filter,
                   const Tensor& output, int elements);

// Of a node with a float filter.
FloatConvolutionSpec ConvolutionSpecOf(const Graph& graph, const Node& node, int channels_out);

}  // namespace bireid

#endif  // BIREID_OPERATORS_WINDOWS_H_
