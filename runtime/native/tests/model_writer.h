// Writes model files for tests, from a description that a test can damage first.
#ifndef BIREID_TESTS_MODEL_WRITER_H_
#define BIREID_TESTS_MODEL_WRITER_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "formats/schema/tflite.h"

namespace bireid {

class ModelWriter {
 public:
  using Builder = flatbuffers::FlatBufferBuilder;

  struct Tensor {
    tflite::TensorType type;
    std::vector<int> shape;
    std::vector<uint8_t> data;  // of a constant
    std::vector<float> scales;
    std::vector<int64_t> zero_points;
    uint32_t buffer;
  };

  struct Operator {
    uint32_t code;
    std::vector<int> inputs;
    std::vector<int> outputs;
    tflite::BuiltinOptions options_type = tflite::BuiltinOptions::NONE;
    std::function<flatbuffers::Offset<void>(Builder&)> options;
    std::string custom_options;
  };

  int AddTensor(tflite::TensorType type, std::vector<int> shape) {
    const uint32_t own_buffer = static_cast<uint32_t>(tensors.size()) + 1;
    tensors.push_back({type, std::move(shape), {}, {}, {}, own_buffer});
    return static_cast<int>(tensors.size()) - 1;
  }

  template <typename Value>
  int AddConstant(tflite::TensorType type, std::vector<int> shape,
                  const std::vector<Value>& values) {
    const int index = AddTensor(type, std::move(shape));
    std::vector<uint8_t>& data = tensors[index].data;
    data.resize(values.size() * sizeof(Value));
    std::memcpy(data.data(), values.data(), data.size());
    return index;
  }

  // Of ones.
  int AddWeights(std::vector<int> shape) {
    size_t count = 1;
    for (const int size : shape) count *= static_cast<size_t>(size);
    return AddConstant(tflite::TensorType::FLOAT32, std::move(shape),
                       std::vector<float>(count, 1.0f));
  }

  // The operator's output. Without a custom code it is a built-in one.
  int AddOperator(tflite::BuiltinOperator builtin, std::vector<int> inputs, int output,
                  const std::string& custom_code = "", const std::string& custom_options = "") {
    codes.push_back({builtin, custom_code});
    const uint32_t code = static_cast<uint32_t>(codes.size()) - 1;
    operators.push_back({code, std::move(inputs), {output}, {}, {}, custom_options});
    return output;
  }

  // With options, which `write` makes by one of the schema's Create functions.
  template <typename Write>
  int AddOperatorWith(Write write, tflite::BuiltinOperator builtin, std::vector<int> inputs,
                      int output) {
    AddOperator(builtin, std::move(inputs), output);
    SetOptions(write, &operators.back());
    return output;
  }

  template <typename Write>
  static void SetOptions(Write write, Operator* target) {
    target->options_type = TypeOf(decltype(write(std::declval<Builder&>())){});
    target->options = [write](Builder& builder) { return write(builder).Union(); };
  }

  struct Signature {
    std::string key;
    std::vector<std::pair<std::string, uint32_t>> inputs;  // name and tensor
    std::vector<std::pair<std::string, uint32_t>> outputs;
    uint32_t subgraph = 0;
  };

  // In memory of exactly its size.
  std::vector<uint8_t> Write() const {
    Builder builder;
    std::vector<flatbuffers::Offset<tflite::Buffer>> buffers = {tflite::CreateBuffer(builder)};
    for (const Tensor& tensor : tensors) {
      builder.ForceVectorAlignment(tensor.data.size(), 1, 16);
      buffers.push_back(tflite::CreateBuffer(builder, builder.CreateVector(tensor.data)));
    }
    const auto subgraph =
        tflite::CreateSubGraph(builder, WriteTensors(builder), builder.CreateVector(inputs),
                               builder.CreateVector(outputs), WriteOperators(builder));
    const auto all_subgraphs = builder.CreateVector(
        std::vector<flatbuffers::Offset<tflite::SubGraph>>(subgraphs, subgraph));
    const auto all_codes = WriteCodes(builder);
    const auto all_signatures = WriteSignatures(builder);
    tflite::FinishModelBuffer(builder,
                              tflite::CreateModel(builder, version, all_codes, all_subgraphs,
                                                  builder.CreateVector(buffers), all_signatures));
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
  }

  uint32_t version = 3;
  size_t subgraphs = 1;
  std::vector<std::pair<tflite::BuiltinOperator, std::string>> codes;
  std::vector<Tensor> tensors;
  std::vector<Operator> operators;
  std::vector<int> inputs;
  std::vector<int> outputs;
  std::vector<Signature> signatures;

 private:
  template <typename Table>
  static tflite::BuiltinOptions TypeOf(flatbuffers::Offset<Table>) {
    return tflite::BuiltinOptionsTraits<Table>::enum_value;
  }

  template <typename Table>
  using Vector = flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<Table>>>;

  Vector<tflite::Tensor> WriteTensors(Builder& builder) const {
    std::vector<flatbuffers::Offset<tflite::Tensor>> written;
    for (const Tensor& tensor : tensors) {
      const auto quantization = tflite::CreateQuantizationParameters(
          builder, builder.CreateVector(tensor.scales), builder.CreateVector(tensor.zero_points));
      written.push_back(tflite::CreateTensor(builder, builder.CreateVector(tensor.shape),
                                             tensor.type, tensor.buffer, quantization));
    }
    return builder.CreateVector(written);
  }

  Vector<tflite::Operator> WriteOperators(Builder& builder) const {
    std::vector<flatbuffers::Offset<tflite::Operator>> written;
    for (const Operator& op : operators) {
      const auto options = op.options ? op.options(builder) : flatbuffers::Offset<void>();
      const auto* custom = reinterpret_cast<const uint8_t*>(op.custom_options.data());
      written.push_back(tflite::CreateOperator(
          builder, op.code, builder.CreateVector(op.inputs), builder.CreateVector(op.outputs),
          op.options_type, options, builder.CreateVector(custom, op.custom_options.size())));
    }
    return builder.CreateVector(written);
  }

  static Vector<tflite::TensorMap> WriteNames(
      Builder& builder, const std::vector<std::pair<std::string, uint32_t>>& names) {
    std::vector<flatbuffers::Offset<tflite::TensorMap>> written;
    for (const auto& [name, tensor] : names) {
      written.push_back(tflite::CreateTensorMap(builder, builder.CreateString(name), tensor));
    }
    return builder.CreateVector(written);
  }

  Vector<tflite::SignatureDef> WriteSignatures(Builder& builder) const {
    std::vector<flatbuffers::Offset<tflite::SignatureDef>> written;
    for (const Signature& signature : signatures) {
      const auto named_inputs = WriteNames(builder, signature.inputs);
      const auto named_outputs = WriteNames(builder, signature.outputs);
      written.push_back(tflite::CreateSignatureDef(builder, named_inputs, named_outputs,
                                                   builder.CreateString(signature.key),
                                                   signature.subgraph));
    }
    return builder.CreateVector(written);
  }

  // As converters do: codes that fit a byte stand in both fields.
  Vector<tflite::OperatorCode> WriteCodes(Builder& builder) const {
    std::vector<flatbuffers::Offset<tflite::OperatorCode>> written;
    for (const auto& [builtin, custom] : codes) {
      const int number = std::min(static_cast<int>(builtin), 127);
      const auto name = custom.empty() ? 0 : builder.CreateString(custom);
      written.push_back(
          tflite::CreateOperatorCode(builder, static_cast<int8_t>(number), name, builtin));
    }
    return builder.CreateVector(written);
  }
};

}  // namespace bireid

#endif  // BIREID_TESTS_MODEL_WRITER_H_
