#include "engine/model_reader.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "engine/errors.h"
#include "engine/model_operators.h"
#include "formats/schema/tflite.h"
#include "plan/node_shapes.h"
#include "plan/plan.h"

namespace bireid {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 30;
constexpr size_t kBaseAlignment = 8;  // of the widest number that the schema has
constexpr uint32_t kSchemaVersion = 3;

// More than any network for people has. A small file can say large numbers by repeating itself.
constexpr size_t kMaxDepth = 16;
constexpr size_t kMaxTables = 1 << 16;
constexpr size_t kMaxNodes = 1 << 12;
constexpr size_t kMaxNodeTensors = 64;
constexpr size_t kMaxRank = 8;
constexpr size_t kMaxEnds = 64;
// A product of two maps: of the networks for people only those with attention have it.
constexpr char kAttention[] = "BATCH_MATMUL";
constexpr char kDefaultSignature[] = "serving_default";

size_t ElementBytes(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kInt32 ? 4 : 1;
}

// Any field of a FlatBuffer can be left out.
template <typename Vector>
uint32_t SizeOf(const Vector* vector) {
  return vector == nullptr ? 0 : vector->size();
}

class Reader {
 public:
  Reader(const tflite::Model& model, const std::string& source, const OperatorTable& operators)
      : model_(model), source_(source), operators_(operators) {}

  Model Read() {
    if (model_.version() != kSchemaVersion) {
      throw UnsupportedError(source_ + ": version " + std::to_string(model_.version()) +
                             " of TensorFlow Lite's schema; this engine reads version 3");
    }
    if (SizeOf(model_.subgraphs()) != 1) {
      throw UnsupportedError(source_ + ": it has " + std::to_string(SizeOf(model_.subgraphs())) +
                             " subgraphs; this engine runs models of one");
    }
    const tflite::SubGraph& subgraph = *model_.subgraphs()->Get(0);
    if (SizeOf(subgraph.operators()) > kMaxNodes) Damaged("there are more than 4096 operators");
    RequireKnownOperators(subgraph);
    for (uint32_t i = 0; i < SizeOf(subgraph.tensors()); ++i) {
      graph_.tensors.push_back(
          ReadTensor(*subgraph.tensors()->Get(i), "tensor " + std::to_string(i)));
    }
    for (uint32_t i = 0; i < SizeOf(subgraph.operators()); ++i) {
      graph_.nodes.push_back(ReadNode(*subgraph.operators()->Get(i), i));
    }
    Model model;
    model.inputs = ReadEnds(subgraph, subgraph.inputs(), "input");
    model.outputs = ReadEnds(subgraph, subgraph.outputs(), "output");
    if (const tflite::SignatureDef* signature = FindSignature()) {
      TakeNames(signature->inputs(), "input", &model.inputs);
      TakeNames(signature->outputs(), "output", &model.outputs);
    } else if (model.inputs.size() != 1 || model.outputs.size() != 1) {
      Unsupported("it has " + std::to_string(model.inputs.size()) + " inputs and " +
                  std::to_string(model.outputs.size()) +
                  " outputs, and no signature that names them");
    }
    for (const ModelEnd& end : model.inputs) graph_.inputs.push_back(end.tensor);
    for (const ModelEnd& end : model.outputs) graph_.outputs.push_back(end.tensor);
    model.graph = std::move(graph_);
    return model;
  }

 private:
  [[noreturn]] void Damaged(const std::string& what) const {
    throw BundleError(source_ + ": " + what + "; the file is damaged, copy the bundle again");
  }

  [[noreturn]] void Unsupported(const std::string& what, const std::string& also = "") const {
    throw UnsupportedError(source_ + ": " + what + "; run the model with LiteRT and the delegate" +
                           also);
  }

  const tflite::OperatorCode& CodeOf(const tflite::Operator& source) const {
    if (source.opcode_index() >= SizeOf(model_.operator_codes())) {
      Damaged("an operator has a code that is not there");
    }
    return *model_.operator_codes()->Get(source.opcode_index());
  }

  // All at once: whoever converts the network again wants to know every one.
  void RequireKnownOperators(const tflite::SubGraph& subgraph) const {
    std::set<std::string> unknown;
    for (uint32_t i = 0; i < SizeOf(subgraph.operators()); ++i) {
      const tflite::OperatorCode& code = CodeOf(*subgraph.operators()->Get(i));
      if (FindOperator(operators_, code) == nullptr) unknown.insert(NameOf(code));
    }
    if (unknown.empty()) return;
    std::string names;
    for (const std::string& name : unknown) names += (names.empty() ? "" : ", ") + name;
    Unsupported(
        (unknown.size() == 1 ? "operator " + names + " is" : "operators " + names + " are") +
            " not known to this engine",
        unknown.count(kAttention) == 0
            ? ""
            : ", import it as ONNX, or let it teach a network without attention (teach-cache)");
  }

  Tensor ReadTensor(const tflite::Tensor& source, const std::string& name) const {
    Tensor tensor;
    tensor.type = DataTypeOf(source.type());
    if (SizeOf(source.shape()) > kMaxRank) Damaged(name + " has more than 8 dimensions");
    const auto* shape = source.shape();
    if (SizeOf(shape) > 0) tensor.shape.assign(shape->begin(), shape->end());
    if (source.buffer() >= SizeOf(model_.buffers())) Damaged(name + " has no buffer in the file");
    const auto* stored = model_.buffers()->Get(source.buffer())->data();
    if (SizeOf(stored) > 0) {
      tensor.constant = stored->data();
      tensor.constant_bytes = stored->size();
      RequireWhole(tensor, name);
    } else {
      TakeMapShape(&tensor, name);
    }
    ReadQuantization(source.quantization(), name, &tensor);
    return tensor;
  }

  void RequireWhole(const Tensor& tensor, const std::string& name) const {
    if (tensor.type == DataType::kOther) return;  // no operator of the plan reads it
    const auto count = static_cast<size_t>(ElementCount(tensor.shape));
    if (count == 0 || tensor.constant_bytes != count * ElementBytes(tensor.type)) {
      Damaged(name + " is stored shorter or longer than its shape");
    }
  }

  // A model without a fixed number of items says -1. The plan knows maps only.
  void TakeMapShape(Tensor* tensor, const std::string& name) const {
    std::vector<int>& shape = tensor->shape;
    if (!shape.empty() && shape.front() == -1) shape.front() = 1;
    for (const int size : shape) {
      if (size < 1) Damaged(name + " has a dimension of " + std::to_string(size));
    }
    tensor->rank = static_cast<int>(shape.size());
    if (shape.empty()) return;
    while (shape.size() < size_t{kMapRank}) shape.insert(shape.begin() + 1, 1);
    while (shape.size() > size_t{kMapRank}) {
      if (shape[2] > kMaxMapElements / shape[1]) Damaged(name + " is too large");
      shape[1] *= shape[2];
      shape.erase(shape.begin() + 2);
    }
  }

  void ReadQuantization(const tflite::QuantizationParameters* source, const std::string& name,
                        Tensor* tensor) const {
    if (source == nullptr) return;
    const uint32_t scales = SizeOf(source->scale());
    if (SizeOf(source->zero_point()) != scales) {
      Damaged(name + " has not as many zero points as scales");
    }
    // One per channel is not for activations, and the plan reads no quantized weights.
    if (tensor->type != DataType::kInt8 || scales != 1) return;
    const int64_t zero_point = source->zero_point()->Get(0);
    if (zero_point < INT8_MIN || zero_point > INT8_MAX) {
      Damaged(name + " has a zero point outside its type");
    }
    tensor->scale = source->scale()->Get(0);
    tensor->zero_point = static_cast<int32_t>(zero_point);
  }

  Node ReadNode(const tflite::Operator& source, uint32_t index) const {
    const tflite::OperatorCode& code = CodeOf(source);
    Node node;
    const OperatorRow& row = *FindOperator(operators_, code);
    node.op = row.op();
    node.name = NameOf(code) + "#" + std::to_string(index);
    node.inputs = ReadIndices(source.inputs(), -1, node.name);
    node.outputs = ReadIndices(source.outputs(), 0, node.name);
    try {
      node.options = row.ReadOptions(source);
    } catch (const PlanError& error) {
      Unsupported(node.name + ": " + error.what());
    }
    return node;
  }

  // `lowest` is -1 where an input may be left out.
  std::vector<int> ReadIndices(const flatbuffers::Vector<int32_t>* source, int lowest,
                               const std::string& name, size_t most = kMaxNodeTensors) const {
    if (SizeOf(source) > most)
      Damaged(name + " has more than " + std::to_string(most) + " tensors");
    std::vector<int> indices;
    for (uint32_t i = 0; i < SizeOf(source); ++i) {
      indices.push_back(source->Get(i));
      if (indices[i] < lowest || indices[i] >= static_cast<int>(graph_.tensors.size())) {
        Damaged(name + " has tensor " + std::to_string(indices[i]) + ", which is not there");
      }
    }
    return indices;
  }

  // The inputs or outputs of the whole model, in its order.
  std::vector<ModelEnd> ReadEnds(const tflite::SubGraph& subgraph,
                                 const flatbuffers::Vector<int32_t>* source,
                                 const std::string& name) const {
    std::vector<ModelEnd> ends;
    for (const int index : ReadIndices(source, 0, "the list of " + name + "s", kMaxEnds)) {
      const Tensor& tensor = graph_.tensors[index];
      if (tensor.type != DataType::kFloat32 || tensor.constant != nullptr || tensor.rank < 2 ||
          tensor.shape[0] != 1) {
        Unsupported("its " + name + " is not float32 for one item");
      }
      const auto* shape = subgraph.tensors()->Get(static_cast<uint32_t>(index))->shape();
      ends.push_back({"", index, {shape->begin() + 1, shape->end()}});
    }
    return ends;
  }

  // By its key, or the only one; null: none.
  const tflite::SignatureDef* FindSignature() const {
    const auto* signatures = model_.signature_defs();
    const tflite::SignatureDef* found = nullptr;
    for (uint32_t i = 0; i < SizeOf(signatures); ++i) {
      const auto* key = signatures->Get(i)->signature_key();
      const bool is_default = key != nullptr && key->string_view() == kDefaultSignature;
      if (is_default || SizeOf(signatures) == 1) found = signatures->Get(i);
    }
    if (found == nullptr && SizeOf(signatures) > 0) {
      Unsupported("none of its signatures is serving_default");
    }
    if (found != nullptr && found->subgraph_index() != 0) {
      Damaged("its signature is for a subgraph that is not there");
    }
    return found;
  }

  // Every input or output gets one name.
  void TakeNames(const flatbuffers::Vector<flatbuffers::Offset<tflite::TensorMap>>* names,
                 const std::string& end_name, std::vector<ModelEnd>* ends) const {
    std::set<std::string> seen;
    for (uint32_t i = 0; i < SizeOf(names); ++i) {
      const tflite::TensorMap& named = *names->Get(i);
      const std::string name = named.name() == nullptr ? "" : named.name()->str();
      const auto end = std::find_if(ends->begin(), ends->end(), [&](const ModelEnd& each) {
        return static_cast<uint32_t>(each.tensor) == named.tensor_index() && each.name.empty();
      });
      if (name.empty() || end == ends->end() || !seen.insert(name).second) {
        Damaged("its signature names an " + end_name + " that is not there, or one twice");
      }
      end->name = name;
    }
    if (seen.size() != ends->size()) Damaged("its signature does not name every " + end_name);
  }

  const tflite::Model& model_;
  const std::string& source_;
  const OperatorTable& operators_;
  Graph graph_;
};

}  // namespace

Model ReadModel(const uint8_t* data, size_t bytes, const std::string& source,
                const OperatorTable& operators) {
  if (reinterpret_cast<uintptr_t>(data) % kBaseAlignment != 0) {
    throw std::invalid_argument("a model must stand in memory aligned to 8 bytes");
  }
  flatbuffers::Verifier::Options limits;
  limits.max_depth = kMaxDepth;
  limits.max_tables = kMaxTables;
  if (bytes > kMaxBytes) throw BundleError(source + ": larger than the limit of 1 GiB");
  flatbuffers::Verifier verifier(data, bytes, limits);
  if (!tflite::VerifyModelBuffer(verifier)) {
    throw BundleError(source + ": not a TensorFlow Lite model, or a damaged one; " +
                      "copy the bundle again");
  }
  return Reader(*tflite::GetModel(data), source, operators).Read();
}

}  // namespace bireid
