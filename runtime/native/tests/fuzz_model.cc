// Any bytes as a model file: it is refused, or it is read, planned and run.
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "engine/errors.h"
#include "engine/model_reader.h"
#include "kernels/dispatch.h"
#include "plan/plan.h"
#include "tests/model_network.h"

namespace {

// Graphs that would take long to run are only read.
constexpr int64_t kMaxElements = 1 << 16;

int64_t Elements(const bireid::Tensor& tensor) {
  int64_t count = 1;
  for (const int size : tensor.shape) count = size < 1 ? 0 : count * size;
  return count;
}

bool IsSmall(const bireid::Graph& graph) {
  int64_t sum = 0;
  for (const bireid::Tensor& tensor : graph.tensors) {
    const int64_t elements = Elements(tensor);
    if (elements > kMaxElements || (sum += elements) > kMaxElements) return false;
  }
  for (const bireid::Node& node : graph.nodes) {
    if (node.options.filter_height > 64 || node.options.filter_width > 64) return false;
  }
  return true;
}

void Run(const std::vector<uint8_t>& model) {
  try {
    const bireid::Model read = bireid::ReadModel(model.data(), model.size(), "model");
    const bireid::Graph& graph = read.graph;
    if (!IsSmall(graph)) return;
    bireid::PlanOptions options;
    options.kernels = bireid::FindKernels("auto");
    const auto plan = bireid::Plan::Build(graph, options);
    std::vector<std::vector<float>> values;
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    values.reserve(graph.inputs.size() + graph.outputs.size());
    for (const int input : graph.inputs) {
      inputs.push_back(values.emplace_back(Elements(graph.tensors[input]), 0.5f).data());
    }
    for (const int output : graph.outputs) {
      outputs.push_back(values.emplace_back(Elements(graph.tensors[output])).data());
    }
    plan->Run(inputs.data(), outputs.data());
  } catch (const bireid::BundleError&) {
  } catch (const bireid::UnsupportedError&) {
  } catch (const bireid::PlanError&) {
  }
}

// A real model with triples of input bytes as (position, position, new value).
void RunChanged(const uint8_t* data, size_t size) {
  static const std::vector<uint8_t> network = bireid::Network().Write();
  std::vector<uint8_t> model = network;
  for (size_t i = 0; i + 2 < size; i += 3) {
    model[(data[i] << 8 | data[i + 1]) % model.size()] = data[i + 2];
  }
  Run(model);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run(std::vector<uint8_t>(data, data + size));
  RunChanged(data, size);
  return 0;
}
