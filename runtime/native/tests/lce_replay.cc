// Replays models around LCE's operators on one path: whether it gives what LCE's interpreter gave,
// to the last bit. tests/lce_replay.py writes the cases, which come by standard input, for a
// program in Node has no files. Needs no GoogleTest: see emulated_paths.cc.
//
// Usage: lce_replay ISA <CASES
// A case is four uint32, the bytes of its name, model, input and output, and these behind one
// another.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model_operators.h"
#include "formats/schema/tflite.h"
#include "kernels/dispatch.h"
#include "operators/table.h"
#include "plan/plan.h"
#include "tests/emulated_tiles.h"

namespace bireid {
namespace {

constexpr int kNamesShown = 10;

// Beside the paths of FindKernels, that of amx in plain C++.
const KernelTable* PathOf(std::string_view isa) {
  static const KernelTable emulated = EmulatedAmxKernels();
  return isa == emulated.name ? &emulated : FindKernels(isa);
}

// The next bytes of standard input; fewer if it ends.
std::string Read(size_t count) {
  std::string bytes(count, '\0');
  bytes.resize(std::fread(bytes.data(), 1, count, stdin));
  return bytes;
}

std::string ReadWhole(size_t count) {
  std::string bytes = Read(count);
  if (bytes.size() != count) throw std::runtime_error("the cases end too early");
  return bytes;
}

template <typename Vector>
std::vector<int> IndicesOf(const Vector* indices) {
  return {indices->begin(), indices->end()};
}

// Of any types and batches, which model_reader.h refuses. The models are our own, constants point
// into them.
Graph GraphOf(const tflite::Model& model) {
  Graph graph;
  const tflite::SubGraph& subgraph = *model.subgraphs()->Get(0);
  for (const tflite::Tensor* source : *subgraph.tensors()) {
    Tensor tensor;
    tensor.type = DataTypeOf(source->type());
    if (tensor.type == DataType::kOther) throw std::runtime_error("a tensor of an unknown type");
    tensor.shape = IndicesOf(source->shape());
    if (const auto* stored = model.buffers()->Get(source->buffer())->data()) {
      tensor.constant = stored->data();
      tensor.constant_bytes = stored->size();
    }
    const auto* quantization = source->quantization();
    if (quantization != nullptr && quantization->scale() != nullptr) {
      tensor.scale = quantization->scale()->Get(0);
      tensor.zero_point = static_cast<int32_t>(quantization->zero_point()->Get(0));
    }
    graph.tensors.push_back(tensor);
  }
  for (const tflite::Operator* source : *subgraph.operators()) {
    const tflite::OperatorCode& code = *model.operator_codes()->Get(source->opcode_index());
    const OperatorRow* row = FindOperator(Operators(), code);
    if (row == nullptr) throw std::runtime_error("no operator " + NameOf(code));
    graph.nodes.push_back({row->op(), IndicesOf(source->inputs()), IndicesOf(source->outputs()),
                           row->ReadOptions(*source), NameOf(code)});
  }
  graph.inputs = IndicesOf(subgraph.inputs());
  graph.outputs = IndicesOf(subgraph.outputs());
  return graph;
}

// Memory as a model, or any element, wants it aligned.
std::unique_ptr<uint64_t[]> Aligned(std::string_view bytes) {
  auto aligned = std::make_unique<uint64_t[]>(bytes.size() / sizeof(uint64_t) + 1);
  std::memcpy(aligned.get(), bytes.data(), bytes.size());
  return aligned;
}

// What is wrong; empty: nothing.
std::string Replay(std::string_view model, std::string_view input, std::string_view output,
                   const KernelTable& kernels) {
  const auto file = Aligned(model);
  PlanOptions options;
  options.kernels = &kernels;
  const auto plan = Plan::Build(GraphOf(*tflite::GetModel(file.get())), options);
  const auto source = Aligned(input);
  const auto target = Aligned(std::string(output.size(), 'x'));
  const void* sources[] = {source.get()};
  void* targets[] = {target.get()};
  if (const char* failure = plan->Run(sources, targets)) return failure;
  int different = 0;
  const char* bytes = reinterpret_cast<const char*>(target.get());
  for (size_t i = 0; i < output.size(); ++i) different += bytes[i] == output[i] ? 0 : 1;
  return different == 0 ? "" : std::to_string(different) + " bytes differ";
}

int ReplayAll(const KernelTable& kernels) {
  int cases = 0;
  int failures = 0;
  uint32_t sizes[4];
  for (std::string begin; !(begin = Read(sizeof(sizes))).empty(); ++cases) {
    begin += ReadWhole(sizeof(sizes) - begin.size());
    std::memcpy(sizes, begin.data(), sizeof(sizes));
    const std::string name = ReadWhole(sizes[0]);
    const std::string model = ReadWhole(sizes[1]);
    const std::string input = ReadWhole(sizes[2]);
    const std::string problem = Replay(model, input, ReadWhole(sizes[3]), kernels);
    if (!problem.empty() && ++failures <= kNamesShown) {
      std::printf("%s: %s\n", name.c_str(), problem.c_str());
    }
  }
  std::printf("%s: %d of %d wrong\n", kernels.name, failures, cases);
  return failures == 0 && cases > 0 ? 0 : 1;
}

}  // namespace
}  // namespace bireid

int main(int argc, char** argv) {
  const bireid::KernelTable* kernels = argc == 2 ? bireid::PathOf(argv[1]) : nullptr;
  if (kernels == nullptr) {
    std::fprintf(stderr, "usage: lce_replay ISA <CASES, a path that this build and CPU have\n");
    return 2;
  }
  try {
    return bireid::ReplayAll(*kernels);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
