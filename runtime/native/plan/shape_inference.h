// What the operators' InferShape are made of. Shapes may be anything; all throw PlanError with the
// reason if they give no shape.
#ifndef BIREID_PLAN_SHAPE_INFERENCE_H_
#define BIREID_PLAN_SHAPE_INFERENCE_H_

#include <cstddef>
#include <vector>

#include "plan/graph.h"

namespace bireid {

using Shape = std::vector<int>;

// An input that is not left out.
const Tensor& InputOf(const Graph& graph, const Node& node, size_t index);

// Of an input of four dimensions; `what` names it in the message.
const Shape& MapShape(const Graph& graph, const Node& node, size_t index, const char* what);

// Words that hold so many packed channels.
constexpr int WordsOf(int channels) { return channels / 32 + (channels % 32 != 0); }

// What windows of this filter give, with so many channels.
Shape WindowsOutput(const Shape& map, int filter_height, int filter_width, int channels,
                    const Options& options);

// With another last dimension.
Shape WithLast(Shape shape, int last);

// Of two operands, by the rules of NumPy.
Shape Broadcast(Shape a, Shape b);

}  // namespace bireid

#endif  // BIREID_PLAN_SHAPE_INFERENCE_H_
