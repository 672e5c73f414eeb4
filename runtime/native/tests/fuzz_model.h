// Models made of a fuzzer's bytes: nearly right, or quite wrong.
#ifndef BIREID_TESTS_FUZZ_MODEL_H_
#define BIREID_TESTS_FUZZ_MODEL_H_

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "operators/table.h"
#include "tests/fake_litert.h"

namespace bireid {

using Shape = std::vector<int>;

// A FlexBuffer map of integers of 4 bytes each.
inline std::string WriteOptions(const std::vector<std::pair<std::string, int>>& options) {
  const auto number = [](uint32_t value) {
    std::string bytes;
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
  };
  std::string bytes;
  std::vector<size_t> keys;
  for (const auto& [key, value] : options) {
    keys.push_back(bytes.size());
    bytes += key + '\0';
  }
  const size_t first = bytes.size() + 4;
  bytes += number(static_cast<uint32_t>(options.size()));
  for (const size_t key : keys) bytes += number(static_cast<uint32_t>(bytes.size() - key));
  bytes += number(static_cast<uint32_t>(bytes.size() - first)) + number(4);
  bytes += number(static_cast<uint32_t>(options.size()));
  const size_t values = bytes.size();
  for (const auto& [key, value] : options) bytes += number(static_cast<uint32_t>(value));
  bytes += std::string(options.size(), '\x06');       // int, 4 bytes
  bytes += static_cast<char>(bytes.size() - values);  // to the root
  return bytes + "\x26\x01";                          // a map, 4 bytes
}

// A model in the fake runtime. Few bytes make a whole one that is accepted, so that no corpus is
// needed to begin with.
class FuzzModel {
 public:
  explicit FuzzModel(FuzzedDataProvider& data) : data_(data) {
    const Shape shape{Number(1, 3), Number(1, 9), Number(1, 9), Number(1, 40)};
    constexpr litert::TfLiteType kTypes[] = {litert::kTfLiteFloat32, litert::kTfLiteFloat32,
                                             litert::kTfLiteFloat32, litert::kTfLiteInt8,
                                             litert::kTfLiteBool,    litert::kTfLiteInt32};
    maps_.push_back(runtime_.AddTensor(data_.PickValueInArray(kTypes), shape));
    for (int nodes = data_.ConsumeIntegralInRange(1, 8); nodes > 0; --nodes) AddNode();
    for (int damages = data_.ConsumeIntegralInRange(0, 3); damages > 0; --damages) Damage();
  }

  // Mostly a number in the range, sometimes one that a damaged file might have.
  int Number(int low, int high) {
    constexpr int kWild[] = {
        0, -1, 100'000, 1 << 16, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()};
    const int choice = data_.ConsumeIntegral<uint8_t>();
    if (choice < 250) return low + choice % (high - low + 1);
    return kWild[choice - 250];
  }

  FakeRuntime& runtime() { return runtime_; }
  // The input, and what each node writes unless it is damaged.
  const std::vector<int>& maps() const { return maps_; }
  const std::vector<TfLiteNode*>& nodes() const { return nodes_; }

 private:
  int AnyMap() {
    if (data_.ConsumeIntegral<uint8_t>() < 160) return maps_.back();
    return maps_[data_.ConsumeIntegralInRange<size_t>(0, maps_.size() - 1)];
  }

  Shape ShapeOf(int tensor) const {
    Shape shape = runtime_.Shape(tensor);
    shape.resize(4, 1);
    return shape;
  }

  // As many values as the shape has, or fewer; no more than a small file holds.
  int AddConstant(litert::TfLiteType type, const Shape& shape) {
    int64_t count = 1;
    for (const int size : shape) count = std::clamp<int64_t>(count * std::max(size, 0), 0, 1 << 15);
    std::vector<uint32_t> values(static_cast<size_t>(count));
    uint32_t state = data_.ConsumeIntegral<uint16_t>();
    for (uint32_t& value : values) {
      state = state * 1664525u + 1013904223u;
      // Floats between -2 and 2, or any bits.
      value = type == litert::kTfLiteFloat32 ? (state & 0xbfffffffu) : state;
    }
    return runtime_.AddConstant(type, shape, values);
  }

  int AddAmounts() {
    std::vector<int32_t> amounts(8);
    for (int i = 2; i < 6; ++i) amounts[i] = Number(0, 3);
    return runtime_.AddConstant(litert::kTfLiteInt32, {4, 2}, amounts);
  }

  // A node before it is added.
  struct Draft {
    std::vector<int> inputs;
    litert::TfLiteType type;  // of its output
    Shape shape;              // of its output; rows and columns are as good as any
    std::string options;
  };

  // The type that a map must have for a node to read it is often not the one that it has: then
  // the node is refused, which is fine.
  void AddNode() {
    const OperatorTable& table = Operators();
    const size_t choice = data_.ConsumeIntegralInRange<size_t>(0, table.size());
    const bool is_known = choice < table.size();
    const std::string name = is_known ? table[choice]->name() : "FlexErf";
    const int map = AnyMap();
    Draft draft{{map}, runtime_.tensors[map].type, ShapeOf(map), ""};
    const bool is_custom = !is_known || table[choice]->is_custom();
    if (is_custom) {
      MakeCustom(name, &draft);
    } else {
      AddOperands(name, &draft);
    }
    if (data_.ConsumeIntegral<uint8_t>() > 235) draft.inputs.push_back(AnyMap());
    const int output = runtime_.AddTensor(draft.type, draft.shape);
    runtime_.tensors[output].params = {0.25f, data_.ConsumeIntegral<int8_t>()};
    if (is_custom) {
      names_.push_back(name);
      nodes_.push_back(
          &runtime_.AddCustom(names_.back().c_str(), draft.inputs, {output}, draft.options));
    } else {
      const auto code = static_cast<int32_t>(table[choice]->builtin());
      nodes_.push_back(&runtime_.AddNode(code, nullptr, draft.inputs, {output}));
      nodes_.back()->builtin_data = BuiltinParameters(name);
    }
    maps_.push_back(output);
  }

  void MakeCustom(const std::string& name, Draft* draft) {
    constexpr litert::TfLiteType kTypes[] = {litert::kTfLiteFloat32, litert::kTfLiteInt8,
                                             litert::kTfLiteInt32, litert::kTfLiteBool};
    int& channels = draft->shape[3];
    if (name == "LceQuantize") {
      draft->type = litert::kTfLiteInt32;
      channels = Words(channels);
    } else if (name == "LceDequantize") {
      draft->type = data_.PickValueInArray(kTypes);
      channels = Channels(channels);
    } else if (name == "LceBMaxPool2d") {
      draft->options = BinaryPoolOptions();
    } else if (name == "LceBconv2d") {
      draft->type = data_.PickValueInArray(kTypes);
      MakeBinaryConvolution(draft);
    }
  }

  static int Times(int a, int b) {
    return static_cast<int>(std::clamp<int64_t>(int64_t{a} * b, -1000, 1 << 20));
  }
  static int Words(int channels) { return channels / 32 + (channels % 32 > 0); }
  // A number of channels that so many words may hold.
  int Channels(int words) { return 32 * std::clamp(words, 0, 1000) - Number(0, 31) % 32; }

  std::string BinaryPoolOptions() {
    return WriteOptions({{"filter_height", Number(1, 4)},
                         {"filter_width", Number(1, 4)},
                         {"padding", Number(0, 1)},
                         {"stride_height", Number(1, 3)},
                         {"stride_width", Number(1, 3)}});
  }

  void MakeBinaryConvolution(Draft* draft) {
    const bool packs = draft->type == litert::kTfLiteInt32;
    const int words = draft->shape[3];
    const int groups = words > 1 && words < 4 && data_.ConsumeBool() ? words : 1;
    const int filters = groups * std::clamp(Number(1, 40), -1, 1000);
    draft->inputs.push_back(
        AddConstant(litert::kTfLiteInt32, {filters, Number(1, 4), Number(1, 4), words / groups}));
    for (int i = 0; i < 3; ++i) {
      const bool is_threshold = i == 2;
      const auto type = is_threshold ? litert::kTfLiteInt32 : litert::kTfLiteFloat32;
      draft->inputs.push_back(is_threshold == packs ? AddConstant(type, {filters}) : -1);
    }
    draft->shape[3] = packs ? Words(filters) : filters;
    draft->options = WriteOptions({{"channels_in", groups > 1 ? 32 * words : Channels(words)},
                                   {"dilation_height_factor", Number(1, 3)},
                                   {"dilation_width_factor", Number(1, 3)},
                                   {"fused_activation_function", Number(0, 3)},
                                   {"pad_values", Number(0, 1)},
                                   {"padding", Number(0, 1)},
                                   {"stride_height", Number(1, 3)},
                                   {"stride_width", Number(1, 3)}});
  }

  void AddOperands(const std::string& name, Draft* draft) {
    std::vector<int>& inputs = draft->inputs;
    Shape& shape = draft->shape;
    const int channels = shape[3];
    const auto add_bias = [&](int count) {
      inputs.push_back(data_.ConsumeBool() ? -1 : AddConstant(litert::kTfLiteFloat32, {count}));
    };
    if (name == "CONV_2D" || name == "DEPTHWISE_CONV_2D") {
      const bool is_depthwise = name != "CONV_2D";
      shape[3] = is_depthwise ? Times(channels, Number(1, 2)) : Number(1, 40);
      const int groups = !is_depthwise && data_.ConsumeBool() ? std::max(1, Number(1, 4)) : 1;
      inputs.push_back(AddConstant(litert::kTfLiteFloat32,
                                   {is_depthwise ? 1 : shape[3], Number(1, 4), Number(1, 4),
                                    is_depthwise ? shape[3] : channels / groups}));
      add_bias(shape[3]);
    } else if (name == "FULLY_CONNECTED") {
      shape[3] = Number(1, 40);
      inputs.push_back(AddConstant(litert::kTfLiteFloat32, {shape[3], channels}));
      add_bias(shape[3]);
    } else if (name == "PAD" || name == "PADV2") {
      inputs.push_back(AddAmounts());
      if (name == "PADV2") inputs.push_back(AddConstant(litert::kTfLiteFloat32, {1}));
    } else if (name == "PRELU") {
      inputs.push_back(AddConstant(litert::kTfLiteFloat32, {channels}));
    } else if (name == "MAXIMUM") {
      inputs.push_back(AddConstant(litert::kTfLiteFloat32, {1}));
    } else if (name == "ADD" || name == "SUB" || name == "MUL" || name == "SQUARED_DIFFERENCE" ||
               name == "POW") {
      inputs.push_back(data_.ConsumeBool() ? AnyMap()
                                           : AddConstant(litert::kTfLiteFloat32, {channels}));
      if (data_.ConsumeBool()) std::swap(inputs[0], inputs[1]);
    } else if (name == "CONCATENATION") {
      while (data_.ConsumeBool()) inputs.push_back(AnyMap());
    } else {
      AddNumbers(name, draft);
    }
  }

  // Second inputs that hold axes or sizes. Some outputs are matrices.
  void AddNumbers(const std::string& name, Draft* draft) {
    Shape& shape = draft->shape;
    std::vector<int32_t> numbers;
    if (name == "MEAN") {
      numbers = {Number(1, 1), Number(2, 2)};
    } else if (name == "RESHAPE") {
      numbers = {shape[0], -1};
      if (data_.ConsumeBool()) numbers = {Number(1, 3), Number(1, 9), Number(1, 9), -1};
    } else if (name == "RESIZE_NEAREST_NEIGHBOR") {
      numbers = {Times(shape[1], Number(1, 3)), Times(shape[2], Number(1, 3))};
    }
    if (numbers.empty()) return;
    const int count = static_cast<int>(numbers.size());
    draft->inputs.push_back(runtime_.AddConstant(litert::kTfLiteInt32, {count}, numbers));
    const bool is_matrix = name == "MEAN" || (name == "RESHAPE" && count == 2);
    if (is_matrix) shape = {shape[0], shape[3]};
  }

  // Structures of LiteRT's are integers one after the other, but for flags.
  void* BuiltinParameters(const std::string& name) {
    const int padding = Number(1, 2);
    const int activation = Number(0, 3);
    std::array<int, 8> numbers{};
    if (name == "CONV_2D") {
      numbers = {padding, Number(1, 3), Number(1, 3), activation, Number(1, 3), Number(1, 3)};
    } else if (name == "DEPTHWISE_CONV_2D") {
      numbers = {padding, Number(1, 3), Number(1, 3), 1, activation, Number(1, 3), Number(1, 3)};
    } else if (name == "MAX_POOL_2D" || name == "AVERAGE_POOL_2D") {
      numbers = {padding, Number(1, 3), Number(1, 3), Number(1, 4), Number(1, 4), activation};
    } else if (name == "CONCATENATION") {
      numbers = {Number(-1, 3), activation};
    } else if (name == "RESIZE_NEAREST_NEIGHBOR") {
      numbers = {data_.ConsumeBool() ? 0 : 256};  // the second byte: half_pixel_centers
    } else {
      numbers = {activation};
    }
    parameters_.push_back(numbers);
    return parameters_.back().data();
  }

  // One thing that no converter writes.
  void Damage() {
    TfLiteTensor& tensor =
        runtime_.tensors[data_.ConsumeIntegralInRange<size_t>(0, runtime_.tensors.size() - 1)];
    TfLiteNode& node = *nodes_[data_.ConsumeIntegralInRange<size_t>(0, nodes_.size() - 1)];
    const bool is_constant = tensor.allocation_type == litert::kTfLiteMmapRo;
    switch (data_.ConsumeIntegralInRange(0, 9)) {
      case 0:
        tensor.type = static_cast<litert::TfLiteType>(data_.ConsumeIntegralInRange(0, 20));
        return;
      case 1:
        tensor.bytes -= std::min<size_t>(tensor.bytes, data_.ConsumeIntegralInRange(0, 40));
        return;
      case 2:
        if (!is_constant || tensor.data == nullptr || tensor.bytes == 0) return;
        tensor.data = static_cast<char*>(tensor.data) + 1;
        tensor.bytes -= 1;
        return;
      case 3:
        if (is_constant) tensor.data = nullptr;
        return;
      case 4:
        if (tensor.dims != nullptr && tensor.dims->size > 0) {
          tensor.dims->data[data_.ConsumeIntegralInRange(0, tensor.dims->size - 1)] = Number(1, 64);
        }
        return;
      case 5:
        return DamageIndices(data_.ConsumeBool() ? node.inputs : node.outputs);
      case 6:
        return DamageCustomOptions(&node);
      case 7:
        node.builtin_data = nullptr;
        return;
      case 8:
        tensor.params.scale = data_.ConsumeFloatingPoint<float>();
        return;
      default:
        tensor.dims = nullptr;
        return;
    }
  }

  void DamageIndices(TfLiteIntArray* indices) {
    if (indices->size == 0) return;
    if (data_.ConsumeBool()) {
      --indices->size;
      return;
    }
    const int tensors = static_cast<int>(runtime_.tensors.size());
    indices->data[data_.ConsumeIntegralInRange(0, indices->size - 1)] = Number(0, tensors);
  }

  void DamageCustomOptions(TfLiteNode* node) {
    if (node->custom_initial_data_size <= 0) return;
    const char* begin = static_cast<const char*>(node->custom_initial_data);
    damaged_.emplace_back(begin, begin + node->custom_initial_data_size);
    std::vector<char>& bytes = damaged_.back();
    bytes[data_.ConsumeIntegralInRange<size_t>(0, bytes.size() - 1)] =
        data_.ConsumeIntegral<char>();
    node->custom_initial_data = bytes.data();
    node->custom_initial_data_size -=
        data_.ConsumeIntegralInRange(0, node->custom_initial_data_size + 1);
  }

  FuzzedDataProvider& data_;
  // Before the runtime, whose nodes point to them until the end.
  std::deque<std::array<int, 8>> parameters_;
  std::deque<std::string> names_;
  std::deque<std::vector<char>> damaged_;
  FakeRuntime runtime_;
  std::vector<int> maps_;
  std::vector<TfLiteNode*> nodes_;
};

}  // namespace bireid

#endif  // BIREID_TESTS_FUZZ_MODEL_H_
