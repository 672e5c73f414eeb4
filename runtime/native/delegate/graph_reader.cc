#include "delegate/graph_reader.h"

#include <cstdint>
#include <string>

namespace bireid {
namespace {

using litert::TfLiteContext;
using litert::TfLiteIntArray;
using litert::TfLiteNode;
using litert::TfLiteRegistration;
using litert::TfLiteTensor;

constexpr int kMaxRank = 8;
constexpr int kMaxNodeTensors = 1 << 16;

DataType ReadType(litert::TfLiteType type) {
  switch (type) {
    case litert::kTfLiteFloat32:
      return DataType::kFloat32;
    case litert::kTfLiteInt32:
      return DataType::kInt32;
    case litert::kTfLiteInt8:
      return DataType::kInt8;
    case litert::kTfLiteBool:
      return DataType::kBool;
  }
  return DataType::kOther;
}

Tensor ReadTensor(const TfLiteTensor& source) {
  Tensor tensor;
  tensor.type = ReadType(source.type);
  if (source.dims != nullptr && source.dims->size > kMaxRank) tensor.type = DataType::kOther;
  tensor.scale = source.params.scale;
  tensor.zero_point = source.params.zero_point;
  if (source.allocation_type == litert::kTfLiteMmapRo) {
    tensor.constant = source.data;
    tensor.constant_bytes = source.bytes;
  }
  TakeShape(source, &tensor);
  return tensor;
}

std::vector<int> ReadIndices(const TfLiteIntArray* array) {
  if (array == nullptr || array->size <= 0) return {};
  return std::vector<int>(array->data, array->data + array->size);
}

std::vector<int> ReadNodeTensors(const TfLiteIntArray* array, const char* what, size_t tensors,
                                 bool optional) {
  std::vector<int> indices = ReadIndices(array);
  if (indices.size() > kMaxNodeTensors) throw PlanError(std::string("too many ") + what);
  for (const int index : indices) {
    if (optional && index == -1) continue;
    if (index < 0 || static_cast<size_t>(index) >= tensors) {
      throw PlanError(std::string(what) + ": there is no tensor " + std::to_string(index));
    }
  }
  return indices;
}

Options ReadOptions(const OperatorRow& row, const TfLiteNode& node) {
  if (!row.is_custom()) return row.ReadParameters(node.builtin_data);
  if (node.custom_initial_data_size < 0) throw PlanError("custom options of a negative size");
  return row.ReadCustom(node.custom_initial_data,
                        static_cast<size_t>(node.custom_initial_data_size));
}

// A damaged file can place numbers at any address.
void RequireAligned(const Tensor& tensor) {
  const bool words = tensor.type == DataType::kFloat32 || tensor.type == DataType::kInt32;
  if (words && reinterpret_cast<uintptr_t>(tensor.constant) % alignof(float) != 0) {
    throw PlanError("a constant is not aligned to 4 bytes");
  }
}

// Every tensor is a constant, an input, or written once and before it is read.
void RequireOrder(const Graph& graph) {
  std::vector<bool> known(graph.tensors.size(), false);
  for (size_t i = 0; i < known.size(); ++i) known[i] = graph.tensors[i].constant != nullptr;
  for (const int input : graph.inputs) known[input] = true;
  for (const Node& node : graph.nodes) {
    for (const int input : node.inputs) {
      if (input >= 0 && !known[input]) {
        throw PlanError(node.name + ": tensor " + std::to_string(input) + " is read too early");
      }
    }
    for (const int output : node.outputs) {
      if (known[output]) {
        throw PlanError(node.name + ": tensor " + std::to_string(output) + " is written twice");
      }
      known[output] = true;
    }
  }
  for (const int output : graph.outputs) {
    if (!known[output]) throw PlanError("no node writes tensor " + std::to_string(output));
  }
}

}  // namespace

const OperatorRow* FindOperator(const TfLiteRegistration& registration) {
  const char* name = registration.custom_name;
  return FindOperator(Operators(), registration.builtin_code, name == nullptr ? "" : name);
}

std::vector<int> ReadShape(const TfLiteTensor& tensor) {
  if (tensor.dims == nullptr || tensor.dims->size > kMaxRank) return {};
  return ReadIndices(tensor.dims);
}

void TakeShape(const TfLiteTensor& source, Tensor* tensor) {
  std::vector<int>& shape = tensor->shape;
  shape = ReadShape(source);
  if (!shape.empty()) tensor->rank = static_cast<int>(shape.size());  // else it is not known yet
  if (shape.size() == 2 && tensor->constant == nullptr) shape.insert(shape.begin() + 1, {1, 1});
}

std::vector<Tensor> ReadTensors(const TfLiteContext& context) {
  std::vector<Tensor> tensors;
  tensors.reserve(context.tensors_size);
  for (size_t i = 0; i < context.tensors_size; ++i) {
    tensors.push_back(ReadTensor(context.tensors[i]));
  }
  return tensors;
}

Node ReadNode(const OperatorRow& row, int index, const TfLiteNode& source,
              const std::vector<Tensor>& tensors) {
  Node node;
  node.op = row.op();
  node.name = row.name() + "#" + std::to_string(index);
  node.inputs = ReadNodeTensors(source.inputs, "inputs", tensors.size(), true);
  node.outputs = ReadNodeTensors(source.outputs, "outputs", tensors.size(), false);
  if (node.inputs.empty() || node.inputs[0] < 0) throw PlanError("it has no input");
  if (node.outputs.size() != 1) throw PlanError("it must have one output");
  for (const int input : node.inputs) {
    if (input >= 0) RequireAligned(tensors[input]);
  }
  node.options = ReadOptions(row, source);
  return node;
}

Graph ReadGraph(TfLiteContext* context, const litert::TfLiteDelegateParams& partition) {
  Graph graph;
  graph.tensors = ReadTensors(*context);
  for (const int index : ReadIndices(partition.nodes_to_replace)) {
    TfLiteNode* node = nullptr;
    TfLiteRegistration* registration = nullptr;
    if (context->GetNodeAndRegistration(context, index, &node, &registration) !=
        litert::kTfLiteOk) {
      throw PlanError("LiteRT does not show node " + std::to_string(index));
    }
    const OperatorRow* row = FindOperator(*registration);
    if (row == nullptr) {
      throw PlanError("node " + std::to_string(index) + " is not one that was claimed");
    }
    graph.nodes.push_back(ReadNode(*row, index, *node, graph.tensors));
  }
  for (const int input : ReadNodeTensors(partition.input_tensors, "inputs of the partition",
                                         graph.tensors.size(), true)) {
    if (input >= 0 && graph.tensors[input].constant == nullptr) graph.inputs.push_back(input);
  }
  graph.outputs = ReadNodeTensors(partition.output_tensors, "outputs of the partition",
                                  graph.tensors.size(), false);
  RequireOrder(graph);
  return graph;
}

}  // namespace bireid
