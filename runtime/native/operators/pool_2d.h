// What poolings share.
#ifndef BIREID_OPERATORS_POOL_2D_H_
#define BIREID_OPERATORS_POOL_2D_H_

#include "plan/graph.h"
#include "plan/node_check.h"
#include "plan/shape_inference.h"

namespace bireid {

// The filter of a node's options on its first input, which has been checked.
Extent VerticalPool(const Graph& graph, const Node& node);
Extent HorizontalPool(const Graph& graph, const Node& node);

void CheckPool(const NodeCheck& check, DataType type);
Shape PoolShape(const Graph& graph, const Node& node);

}  // namespace bireid

#endif  // BIREID_OPERATORS_POOL_2D_H_
