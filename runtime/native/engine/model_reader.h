// Reads a model file, a FlatBuffer of TensorFlow Lite's schema, into the graph that the plan runs.
#ifndef BIREID_ENGINE_MODEL_READER_H_
#define BIREID_ENGINE_MODEL_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "operators/table.h"
#include "plan/graph.h"

namespace bireid {

// A tensor that a model gets or gives.
struct ModelEnd {
  std::string name;        // by the model's signature; empty without one
  int tensor;              // of the graph
  std::vector<int> shape;  // as the file has it, without the batch
};

struct Model {
  Graph graph;  // its inputs and outputs are in the order of these
  std::vector<ModelEnd> inputs;
  std::vector<ModelEnd> outputs;
};

// The network in the `bytes` untrusted bytes at `data`, which are aligned to 8 as `new` aligns them
// and must outlive the graph: its constants point into them. Its inputs and outputs are float32,
// for one item. Their names are those of the signature "serving_default", or of the only one; a
// model without a signature has one input and one output. The plan knows maps of four dimensions:
// a tensor of another rank becomes [N, 1, 1, C], [N, 1, W, C] or [N, all before, W, C]; constants
// keep their shape. Indices, and sizes of constants, can be relied on; whether the operators fit
// their tensors is for the plan to say.
//
// Throws BundleError if the file is damaged, UnsupportedError if this engine cannot run it. Both
// begin with `source`, the name of the file.
Model ReadModel(const uint8_t* data, size_t bytes, const std::string& source,
                const OperatorTable& operators = Operators());

}  // namespace bireid

#endif  // BIREID_ENGINE_MODEL_READER_H_
