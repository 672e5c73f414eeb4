// What operators share about shapes and constants.
#ifndef BIREID_PLAN_NODE_SHAPES_H_
#define BIREID_PLAN_NODE_SHAPES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernel_table.h"
#include "plan/graph.h"

namespace bireid {

// 1 GiB of floats, for one map and for all computed maps of an image together: what a file declares
// is no reason to allocate without bound. Offsets of elements are int32 as well.
constexpr int64_t kMaxMapElements = 1 << 28;
// Multiplications, or comparisons of 32 bits, that one image may take: a minute of a slow core, and
// a hundred times what networks of a device need.
constexpr double kMaxOperations = 137'438'953'472;  // 2^37
// Of the buffers of one image and the scratch of all threads.
constexpr size_t kMaxPlanBytes = size_t{1} << 30;

// Elements of a tensor; 0 if a dimension is not positive, or if there are more than a plan handles.
int64_t ElementCount(const std::vector<int>& shape);

// Whether the constant of a tensor can be read as 4-byte values; a damaged file may say otherwise.
bool IsAligned(const Tensor& tensor);

// Whether a tensor is a stored float32 array of one value, or of one value per channel of a map.
bool IsChannelParameter(const Tensor& tensor, int channels);

// Whether a map has one pixel.
bool IsSinglePixel(const Tensor& map);

// The nodes that read each tensor, in order, and the batch size. The graph must have nodes.
std::vector<std::vector<int>> ConsumersOf(const Graph& graph);
int BatchOf(const Graph& graph);

// A stage for an activation other than kNone.
Stage ClampStage(Activation activation);

}  // namespace bireid

#endif  // BIREID_PLAN_NODE_SHAPES_H_
