// Bytes become a model in the fake runtime and the delegate's options. The delegate must refuse
// them, or run inside the memory that it is given.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "delegate/graph_reader.h"
#include "plan/operator.h"
#include "plan/plan.h"
#include "tests/fuzz_model.h"

namespace bireid {
namespace {

using DelegateOptions = std::map<std::string, std::string>;

// Of a graph; larger ones run as well, but there is no point in waiting for them here.
constexpr double kMaxCost = 1e6;
constexpr size_t kMaxTensorBytes = 1 << 20;

// Not "profile", which writes a file, and no number of threads that would fill the machine.
DelegateOptions MakeOptions(FuzzedDataProvider& data) {
  constexpr const char* kKeys[] = {"isa",        "fuse",      "threads", "stem",
                                   "pixel_mean", "pixel_std", "profil"};
  constexpr const char* kValues[] = {"auto",    "scalar",    "avx2",  "avx512f", "avx512",
                                     "amx",     "neon",      "uint8", "none",    "backbone",
                                     "float32", "2",         "3",     "0.5",     "0.5,1",
                                     "0,1,2",   "1,nan,inf", "0,-1",  "1e-40",   ""};
  DelegateOptions options;
  while (data.remaining_bytes() > 4 && data.ConsumeIntegral<uint8_t>() > 200) {
    const char* key = data.PickValueInArray(kKeys);
    options[key] = data.PickValueInArray(kValues);
  }
  return options;
}

// Tensors that no node of the delegate's writes; sometimes another.
std::vector<int> PartitionInputs(FuzzModel& model, bool fuses, FuzzedDataProvider& data) {
  std::vector<bool> is_written(model.runtime().tensors.size());
  for (size_t n = 0; n < model.nodes().size(); ++n) {
    const bool is_custom =
        model.runtime().registration(n).builtin_code == litert::kTfLiteBuiltinCustom;
    const TfLiteIntArray& outputs = *model.nodes()[n]->outputs;
    for (int i = 0; i < outputs.size; ++i) {
      const size_t output = outputs.data[i];
      if (output < is_written.size()) is_written[output] = fuses || is_custom;
    }
  }
  std::vector<int> inputs;
  for (size_t t = 0; t < is_written.size(); ++t) {
    if (!is_written[t]) inputs.push_back(static_cast<int>(t));
  }
  if (data.ConsumeIntegral<uint8_t>() > 250) inputs.push_back(model.Number(0, 20));
  return inputs;
}

std::vector<int> PartitionOutputs(FuzzModel& model, FuzzedDataProvider& data) {
  std::vector<int> outputs;
  for (const int map : model.maps()) {
    const bool is_input = map == model.maps().front();
    if (!is_input && (map == model.maps().back() || data.ConsumeBool())) outputs.push_back(map);
  }
  if (data.ConsumeIntegral<uint8_t>() > 250) outputs.push_back(model.Number(0, 20));
  return outputs;
}

double Count(const Shape& shape) {
  double count = 1;
  for (const int size : shape) count *= size;
  return count;
}

// Roughly, in multiplications and values in memory.
double CostOf(const Graph& graph, const Node& node) {
  const Options& o = node.options;
  const Shape& input = graph.tensors[node.inputs[0]].shape;
  const Shape& output = graph.tensors[node.outputs[0]].shape;
  double window = static_cast<double>(o.filter_height) * o.filter_width;
  double bordered = Count(input);
  if (node.inputs.size() > 1 && node.inputs[1] >= 0) {
    const Shape& filter = graph.tensors[node.inputs[1]].shape;
    if (filter.size() == 4 && graph.tensors[node.inputs[1]].constant != nullptr) {
      window = std::max(window, Count(filter) / filter[0]);
      bordered = (input[1] + static_cast<double>(filter[1]) * o.dilation_height) *
                 (input[2] + static_cast<double>(filter[2]) * o.dilation_width) * input[3];
    }
  }
  return Count(output) * window + bordered;
}

// At the shapes that the tensors have now. What will be refused is cheap.
bool IsCheap(FuzzModel& model) {
  Graph graph;
  graph.tensors = ReadTensors(model.runtime().context());
  double cost = 0;
  for (const int n : model.runtime().claimed) {
    try {
      const OperatorRow& row = *FindOperator(model.runtime().registration(n));
      const Node node = ReadNode(row, n, *model.nodes()[n], graph.tensors);
      graph.tensors[node.outputs[0]].shape = node.op->InferShape(graph, node);
      if (!WhyUnsupported(graph, node).empty()) return true;
      cost += CostOf(graph, node);
    } catch (const PlanError&) {
      return true;
    }
  }
  return cost <= kMaxCost;
}

void PrepareAndInvoke(FuzzModel& model, FuzzedDataProvider& data) {
  FakeRuntime& runtime = model.runtime();
  if (!IsCheap(model) || runtime.Prepare() != litert::kTfLiteOk) return;
  for (const TfLiteTensor& tensor : runtime.tensors) {
    if (tensor.bytes > kMaxTensorBytes) return;
  }
  std::vector<char> values(runtime.tensors[model.maps()[0]].bytes);
  for (char& value : values) value = data.ConsumeIntegral<char>();
  runtime.Write(model.maps()[0], values);
  runtime.Invoke();
}

void RunDelegate(FuzzedDataProvider& data) {
  FuzzModel model(data);
  const DelegateOptions options = MakeOptions(data);
  const auto fuse = options.find("fuse");
  const bool fuses = fuse == options.end() || fuse->second != "none";
  const std::vector<int> inputs = PartitionInputs(model, fuses, data);
  if (model.runtime().Apply(options, inputs, PartitionOutputs(model, data)) != litert::kTfLiteOk ||
      model.runtime().claimed.empty()) {
    return;
  }
  PrepareAndInvoke(model, data);
  if (!data.ConsumeBool()) return;
  const Shape shape{model.Number(1, 3), model.Number(1, 9), model.Number(1, 9),
                    model.Number(1, 40)};
  model.runtime().Resize(model.maps()[0], shape);
  PrepareAndInvoke(model, data);
}

}  // namespace
}  // namespace bireid

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  FuzzedDataProvider data(bytes, size);
  bireid::RunDelegate(data);
  return 0;
}
