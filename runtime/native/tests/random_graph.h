// Random graphs of every operator that a plan knows, and inputs for them.
#ifndef BIREID_TESTS_RANDOM_GRAPH_H_
#define BIREID_TESTS_RANDOM_GRAPH_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "tests/graph_interpreter.h"
#include "tests/graph_writer.h"
#include "tests/stage_reference.h"

namespace bireid {

class RandomGraph {
 public:
  explicit RandomGraph(uint32_t seed) : random_(seed), batch_(random_.Int(1, 3)) {
    AddInput({random_.Int(1, 9), random_.Int(1, 9)}, Channels());
    for (int wanted = random_.Int(1, 16); wanted > 0; --wanted) AddRandomNode();
    if (graph().nodes.empty()) AddRelu(AddInput({2, 3}, 5, DataType::kFloat32));
    ChooseOutputs();
  }

  const Graph& graph() const { return writer_.graph; }

  std::vector<Bytes> Inputs() {
    std::vector<Bytes> inputs;
    for (const int input : graph().inputs) {
      const Tensor& tensor = graph().tensors[input];
      Bytes bytes(BytesOf(tensor));
      if (tensor.type == DataType::kFloat32) {
        const std::vector<float> values = random_.Floats(bytes.size() / sizeof(float));
        std::memcpy(bytes.data(), values.data(), bytes.size());
      } else {
        for (char& byte : bytes) byte = static_cast<char>(random_.Int(-128, 127));
      }
      if (tensor.type == DataType::kBool) {
        for (char& byte : bytes) byte &= 1;
      }
      inputs.push_back(std::move(bytes));
    }
    return inputs;
  }

 private:
  // A map that nodes may read; of a packed one, how many channels it holds.
  struct Map {
    int tensor;
    DataType type;
    int channels;
  };
  struct Size {
    int height;
    int width;
  };

  int Channels() {
    return random_.Chance(30) ? 32 * random_.Int(1, 3)
                              : random_.Int(1, random_.Chance(20) ? 100 : 40);
  }

  Activation RandomActivation() {
    return random_.Chance(50) ? Activation::kNone : static_cast<Activation>(random_.Int(1, 3));
  }

  std::vector<int> Shape(const Map& map) const { return graph().tensors[map.tensor].shape; }

  std::vector<int> ShapeOf(const Size& size, DataType type, int channels) const {
    return {batch_, size.height, size.width,
            type == DataType::kInt32 ? Blocks(channels) : channels};
  }

  // An input of any type but packed: bits past the last channel would have to be zero.
  Map AddInput(const Size& size, int channels) {
    const DataType types[] = {DataType::kFloat32, DataType::kFloat32, DataType::kFloat32,
                              DataType::kInt8, DataType::kBool};
    return AddInput(size, channels, types[random_.Int(0, 4)]);
  }

  Map AddInput(const Size& size, int channels, DataType type) {
    const int tensor = writer_.AddInput(type, ShapeOf(size, type, channels));
    writer_.graph.tensors[tensor].zero_point = random_.Int(-20, 20);
    maps_.push_back({tensor, type, channels});
    return maps_.back();
  }

  void AddNode(Operator op, std::vector<int> inputs, const Size& size, DataType type, int channels,
               const Options& options = Options()) {
    const int output =
        writer_.AddNode(op, std::move(inputs), type, ShapeOf(size, type, channels), options);
    Tensor& tensor = writer_.graph.tensors[output];
    tensor.scale = random_.Chance(50) ? 1.0f : 0.03f;
    tensor.zero_point = random_.Int(-128, 127);
    maps_.push_back({output, type, channels});
  }

  int AddFloats(std::vector<int> shape, int count, float factor = 1.0f) {
    std::vector<float> values = random_.Floats(count);
    for (float& value : values) value *= factor;
    return writer_.AddConstant(DataType::kFloat32, std::move(shape), values);
  }

  // One value per channel, or one for all.
  int AddParameter(int channels) {
    const int count = random_.Chance(25) ? 1 : channels;
    if (random_.Chance(30)) return AddFloats({1, 1, 1, count}, count);
    return count == 1 && random_.Chance(30) ? AddFloats({}, 1) : AddFloats({count}, count);
  }

  void AddRandomNode() {
    if (graph().inputs.size() < 3 && random_.Chance(7)) {
      AddInput({random_.Int(1, 9), random_.Int(1, 9)}, Channels());
    }
    const Map map = random_.Chance(60) ? maps_.back()
                                       : maps_[random_.Int(0, static_cast<int>(maps_.size()) - 1)];
    switch (map.type) {
      case DataType::kFloat32:
        return AddFloatNode(map);
      case DataType::kInt32:
        return AddPackedNode(map);
      default:
        return AddQuantize(map);
    }
  }

  void AddFloatNode(const Map& map) {
    switch (random_.Int(0, 9)) {
      case 0:
      case 1:
        return AddQuantize(map);
      case 2:
        return AddConvolution(map);
      case 3:
        return AddPool(map, random_.Chance(50) ? Operator::kMaxPool2d : Operator::kAveragePool2d);
      case 4:
        return AddPad(map);
      case 5:
        return AddRelu(map);
      case 6:
        return AddPrelu(map);
      case 7:
        return AddScale(map);
      default:
        return AddSum(map);
    }
  }

  void AddPackedNode(const Map& map) {
    switch (random_.Int(0, 5)) {
      case 0:
        return AddDequantize(map);
      case 1:
        return AddPool(map, Operator::kLceBMaxPool2d);
      default:
        return AddBinaryConvolution(map);
    }
  }

  Size SizeOf(const Map& map) const { return {Shape(map)[1], Shape(map)[2]}; }

  void AddQuantize(const Map& map) {
    AddNode(Operator::kLceQuantize, {map.tensor}, SizeOf(map), DataType::kInt32, map.channels);
  }

  void AddDequantize(const Map& map) {
    const DataType types[] = {DataType::kFloat32, DataType::kInt8, DataType::kBool};
    AddNode(Operator::kLceDequantize, {map.tensor}, SizeOf(map), types[random_.Int(0, 2)],
            map.channels);
  }

  void AddRelu(const Map& map) {
    AddNode(Operator::kRelu, {map.tensor}, SizeOf(map), DataType::kFloat32, map.channels);
  }

  void AddPrelu(const Map& map) {
    AddNode(Operator::kPrelu, {map.tensor, AddParameter(map.channels)}, SizeOf(map),
            DataType::kFloat32, map.channels);
  }

  void AddScale(const Map& map) { AddWithOperand(Operator::kMul, map, AddParameter(map.channels)); }

  void AddSum(const Map& map) {
    if (random_.Chance(25)) return AddWithOperand(Operator::kAdd, map, AddParameter(map.channels));
    std::vector<int> others;  // the map itself among them
    for (const Map& other : maps_) {
      if (other.type == DataType::kFloat32 && Shape(other) == Shape(map)) {
        others.push_back(other.tensor);
      }
    }
    if (others.size() == 1 && graph().inputs.size() < 3 && random_.Chance(50)) {
      others[0] = AddInput(SizeOf(map), map.channels, DataType::kFloat32).tensor;
    }
    AddWithOperand(Operator::kAdd, map,
                   others[random_.Int(0, static_cast<int>(others.size()) - 1)]);
  }

  void AddWithOperand(Operator op, const Map& map, int operand) {
    Options options;
    options.activation = RandomActivation();
    std::vector<int> inputs{map.tensor, operand};
    if (random_.Chance(40)) std::swap(inputs[0], inputs[1]);
    AddNode(op, inputs, SizeOf(map), DataType::kFloat32, map.channels, options);
  }

  void AddPad(const Map& map) {
    std::vector<int32_t> amounts(8);
    const Size size = SizeOf(map);
    if (size.height * size.width > 60) return;
    for (int i = 2; i < 6; ++i) amounts[i] = random_.Int(0, 2);
    const int constant = writer_.AddConstant(DataType::kInt32, {4, 2}, amounts);
    AddNode(Operator::kPad, {map.tensor, constant},
            {size.height + amounts[2] + amounts[3], size.width + amounts[4] + amounts[5]},
            DataType::kFloat32, map.channels);
  }

  // A window that may be larger than the map if it is padded.
  Options RandomWindow(const Map& map, bool dilates) {
    Options options;
    const int largest = random_.Chance(15) ? 5 : 3;
    options.filter_height = random_.Int(1, largest);
    options.filter_width = random_.Int(1, largest);
    options.stride_height = random_.Chance(60) ? 1 : random_.Int(1, 3);
    options.stride_width = random_.Chance(60) ? 1 : random_.Int(1, 3);
    options.dilation_height = dilates && random_.Chance(20) ? random_.Int(2, 3) : 1;
    options.dilation_width = dilates && random_.Chance(20) ? random_.Int(2, 3) : 1;
    const Size size = SizeOf(map);
    const bool fits = (options.filter_height - 1) * options.dilation_height < size.height &&
                      (options.filter_width - 1) * options.dilation_width < size.width;
    options.padding = fits && random_.Chance(40) ? Padding::kValid : Padding::kSame;
    return options;
  }

  static int Outputs(int input, int filter, int stride, int dilation, Padding padding) {
    const int last = padding == Padding::kSame ? input : input - (filter - 1) * dilation;
    return (last + stride - 1) / stride;
  }

  Size OutputSize(const Map& map, const Options& o) const {
    const Size size = SizeOf(map);
    return {Outputs(size.height, o.filter_height, o.stride_height, o.dilation_height, o.padding),
            Outputs(size.width, o.filter_width, o.stride_width, o.dilation_width, o.padding)};
  }

  void AddPool(const Map& map, Operator op) {
    Options options = RandomWindow(map, false);
    if (op != Operator::kLceBMaxPool2d) options.activation = RandomActivation();
    AddNode(op, {map.tensor}, OutputSize(map, options), map.type, map.channels, options);
  }

  void AddConvolution(const Map& map) {
    Options options = RandomWindow(map, true);
    options.activation = RandomActivation();
    const int filters = Channels();
    const int taps = options.filter_height * options.filter_width;
    const int filter =
        AddFloats({filters, options.filter_height, options.filter_width, map.channels},
                  filters * taps * map.channels, 1.0f / static_cast<float>(taps * map.channels));
    std::vector<int> inputs{map.tensor, filter};
    if (random_.Chance(70)) {
      inputs.push_back(AddFloats({filters}, filters));
    } else if (random_.Chance(50)) {
      inputs.push_back(-1);
    }
    AddNode(Operator::kConv2d, inputs, OutputSize(map, options), DataType::kFloat32, filters,
            options);
  }

  void AddBinaryConvolution(const Map& map) {
    const DataType types[] = {DataType::kFloat32, DataType::kFloat32, DataType::kInt32,
                              DataType::kInt8};
    const DataType type = types[random_.Int(0, 3)];
    Options options = RandomWindow(map, true);
    options.channels_in = map.channels;
    options.activation = random_.Chance(60) ? Activation::kNone : RandomActivation();
    const bool zero = type == DataType::kFloat32 && options.activation == Activation::kNone;
    options.pad_value = zero && random_.Chance(60) ? 0 : 1;
    const int words = Blocks(map.channels);
    const int groups = map.channels % 32 == 0 && random_.Chance(70) ? words : 1;
    const int filters = groups * (random_.Chance(50) ? random_.Int(1, 20) : 32);
    std::vector<int> inputs = AddBinaryWeights(options, filters, map.channels / groups);
    inputs.insert(inputs.begin(), map.tensor);
    inputs[type == DataType::kInt32 ? 2 : 4] = -1;
    if (type == DataType::kInt32) inputs[3] = -1;
    AddNode(Operator::kLceBconv2d, inputs, OutputSize(map, options), type, filters, options);
  }

  // Filter, multiplier, bias and thresholds.
  std::vector<int> AddBinaryWeights(const Options& options, int filters, int depth) {
    const int taps = options.filter_height * options.filter_width;
    std::vector<uint32_t> words = random_.Words(int64_t{filters} * taps * Blocks(depth));
    const uint32_t mask = ~0u >> (Blocks(depth) * 32 - depth);
    for (size_t i = Blocks(depth) - 1; i < words.size(); i += Blocks(depth)) words[i] &= mask;
    std::vector<int32_t> thresholds(filters);
    for (int32_t& threshold : thresholds) threshold = random_.Int(-1, taps * depth);
    const int filter = writer_.AddConstant(
        DataType::kInt32, {filters, options.filter_height, options.filter_width, Blocks(depth)},
        words);
    const float unit = 1.0f / std::sqrt(static_cast<float>(taps * depth));
    return {filter, AddFloats({filters}, filters, unit), AddFloats({filters}, filters),
            writer_.AddConstant(DataType::kInt32, {filters}, thresholds)};
  }

  // The last node's output, nearly all that nobody reads, and some of the rest.
  void ChooseOutputs() {
    std::vector<bool> is_read(graph().tensors.size());
    for (const Node& node : graph().nodes) {
      for (const int input : node.inputs) {
        if (input >= 0) is_read[input] = true;
      }
    }
    for (const Node& node : graph().nodes) {
      const int output = node.outputs[0];
      if (output == graph().nodes.back().outputs[0] || random_.Chance(is_read[output] ? 20 : 95)) {
        writer_.graph.outputs.push_back(output);
      }
    }
    random_.Shuffle(writer_.graph.outputs);
  }

  Random random_;
  int batch_;
  GraphWriter writer_;
  std::vector<Map> maps_;
};

}  // namespace bireid

#endif  // BIREID_TESTS_RANDOM_GRAPH_H_
