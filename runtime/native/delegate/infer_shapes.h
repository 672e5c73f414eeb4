// The shapes of tensors that a resized input changes.
#ifndef BIREID_DELEGATE_INFER_SHAPES_H_
#define BIREID_DELEGATE_INFER_SHAPES_H_

#include "plan/graph.h"

namespace bireid {

// Sets the shape of the node's output from those of its inputs. The model gives shapes for its own
// input size only, and LiteRT cannot infer them for operators that it does not know. Throws
// PlanError if the inputs give no shape.
void InferShapes(const Node& node, Graph* graph);

}  // namespace bireid

#endif  // BIREID_DELEGATE_INFER_SHAPES_H_
