// What operators share that stages can compute: a float map and another, or a constant of one value
// or one per channel.
#ifndef BIREID_OPERATORS_ELEMENTWISE_H_
#define BIREID_OPERATORS_ELEMENTWISE_H_

#include "plan/chain.h"
#include "plan/graph.h"

namespace bireid {

// The input that is not `tensor`; of twice the same tensor, that.
int OtherOperand(const Node& node, int tensor);

// Whether an input is computed.
bool IsMap(const Graph& graph, const Node& node, size_t index);

// A stage with a constant times `factor`, one value per channel.
BoundStage ParameterStage(StageKind kind, const Tensor& constant, int channels, float factor,
                          const ChainBuilder& chains);

}  // namespace bireid

#endif  // BIREID_OPERATORS_ELEMENTWISE_H_
