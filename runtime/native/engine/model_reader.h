// Reads a model file, a FlatBuffer of TensorFlow Lite's schema, into the graph that the plan runs.
#ifndef BIREID_ENGINE_MODEL_READER_H_
#define BIREID_ENGINE_MODEL_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "operators/table.h"
#include "plan/graph.h"

namespace bireid {

// The network in the `bytes` untrusted bytes at `data`, which are aligned to 8 as `new` aligns them
// and must outlive the graph: its constants point into them. It has one float32 input and one
// float32 output, for one image. A matrix [N, C] becomes a map [N, 1, 1, C]; constants keep their
// shape. Indices, and sizes of constants, can be relied on; whether the operators fit their tensors
// is for the plan to say.
//
// Throws BundleError if the file is damaged, UnsupportedError if this engine cannot run it. Both
// begin with `source`, the name of the file.
Graph ReadModel(const uint8_t* data, size_t bytes, const std::string& source,
                const OperatorTable& operators = Operators());

}  // namespace bireid

#endif  // BIREID_ENGINE_MODEL_READER_H_
