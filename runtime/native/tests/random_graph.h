// Random graphs of every operator that a plan knows.
#ifndef BIREID_TESTS_RANDOM_GRAPH_H_
#define BIREID_TESTS_RANDOM_GRAPH_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/random_maps.h"

namespace bireid {

class RandomGraph : public RandomMaps {
 public:
  explicit RandomGraph(uint32_t seed) : RandomMaps(seed) {
    AddInput({random_.Int(1, 9), random_.Int(1, 9)}, Channels());
    for (int wanted = random_.Int(1, 16); wanted > 0; --wanted) AddRandomNode();
    if (graph().nodes.empty()) AddRelu(AddInput({2, 3}, 5, DataType::kFloat32));
    ChooseOutputs();
  }

 private:
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
    switch (random_.Int(0, 21)) {
      case 0:
      case 1:
      case 2:
        return AddQuantize(map);
      case 3:
        return AddConvolution(map);
      case 4:
        return AddDepthwiseConvolution(map);
      case 5:
        return AddPool(map, random_.Chance(50) ? Op("MAX_POOL_2D") : Op("AVERAGE_POOL_2D"));
      case 6:
        return AddPad(map);
      case 7:
        return AddRelu(map);
      case 8:
        return AddPrelu(map);
      case 9:
        return AddPixelwise(Op("LOGISTIC"), map);
      case 10:
        return AddPixelwise(Op("L2_NORMALIZATION"), map);
      case 11:
        return AddGate(map);
      case 12:
        return AddReshape(map);
      case 13:
        return AddConcatenation(map);
      case 14:
        return AddResize(map);
      case 15:
        return AddPixelwise(Op("HARD_SWISH"), map);
      case 16:
        return AddInstanceNorm(map);
      case 17:
        return AddPower(map);
      default:
        return AddArithmetic(map);
    }
  }

  void AddPackedNode(const Map& map) {
    switch (random_.Int(0, 5)) {
      case 0:
        return AddDequantize(map);
      case 1:
        return AddPool(map, Op("LceBMaxPool2d"));
      default:
        return AddBinaryConvolution(map);
    }
  }

  void AddQuantize(const Map& map) {
    AddNode(Op("LceQuantize"), {map.tensor}, SizeOf(map), DataType::kInt32, map.channels);
  }

  void AddDequantize(const Map& map) {
    const DataType types[] = {DataType::kFloat32, DataType::kInt8, DataType::kBool};
    AddNode(Op("LceDequantize"), {map.tensor}, SizeOf(map), types[random_.Int(0, 2)], map.channels);
  }

  void AddRelu(const Map& map) {
    AddNode(Op("RELU"), {map.tensor}, SizeOf(map), DataType::kFloat32, map.channels,
            AnyActivation());
  }

  void AddPrelu(const Map& map) {
    AddNode(Op("PRELU"), {map.tensor, AddParameter(map.channels)}, SizeOf(map), DataType::kFloat32,
            map.channels);
  }

  void AddPixelwise(const Operator* op, const Map& map) {
    AddNode(op, {map.tensor}, SizeOf(map), DataType::kFloat32, map.channels);
  }

  // With the second input that a file gives, or without.
  std::vector<int> WithUnread(const Map& map, const std::vector<int32_t>& values) {
    if (random_.Chance(50)) return {map.tensor};
    const int count = static_cast<int>(values.size());
    return {map.tensor, writer_.AddConstant(DataType::kInt32, {count}, values)};
  }

  // The mean of a map's channels and what else is done to it, often as factors of the map.
  void AddGate(const Map& map) {
    const int axes = writer_.AddConstant(DataType::kInt32, {2}, std::vector<int32_t>{-3, 2});
    AddNode(Op("MEAN"), {map.tensor, axes}, {1, 1}, DataType::kFloat32, map.channels);
    if (random_.Chance(70)) {
      const int channels = random_.Chance(70) ? map.channels : Channels();
      AddNode(Op("FULLY_CONNECTED"), AddWeights(maps_.back(), {channels, map.channels}), {1, 1},
              DataType::kFloat32, channels, AnyActivation());
    }
    if (random_.Chance(50)) AddPixelwise(Op("LOGISTIC"), maps_.back());
    if (maps_.back().channels == map.channels && random_.Chance(80)) {
      AddWithOperand(Op("MUL"), map, maps_.back().tensor);
    }
  }

  // Pieces of a normalisation by what the channels of an image have in common.
  void AddInstanceNorm(const Map& map) {
    const int axes = writer_.AddConstant(DataType::kInt32, {2}, std::vector<int32_t>{1, 2});
    AddNode(Op("MEAN"), {map.tensor, axes}, {1, 1}, DataType::kFloat32, map.channels);
    const int mean = maps_.back().tensor;
    const Operator* ops[] = {Op("SQUARED_DIFFERENCE"), Op("ADD"), Op("SUB")};
    AddWithOperand(ops[random_.Int(0, 2)], map, mean);
    // What an addition may join.
    AddWithOperand(Op("MUL"), map, AddParameter(map.channels));
    AddWithOperand(ops[random_.Int(0, 2)], maps_.back(), mean);
  }

  // Of numbers that have a root, or a power.
  void AddPower(const Map& map) {
    const float bound = 0.25f * static_cast<float>(random_.Int(1, 9));
    std::vector<int> inputs{
        map.tensor, writer_.AddConstant(DataType::kFloat32, {1}, std::vector<float>{bound})};
    if (random_.Chance(40)) std::swap(inputs[0], inputs[1]);
    AddNode(Op("MAXIMUM"), inputs, SizeOf(map), DataType::kFloat32, map.channels);
    const Map base = maps_.back();
    if (random_.Chance(30)) return AddPixelwise(Op("RSQRT"), base);
    AddNode(Op("POW"), {base.tensor, AddParameter(base.channels)}, SizeOf(base), DataType::kFloat32,
            base.channels);
  }

  void AddReshape(const Map& map) {
    const Size size = SizeOf(map);
    const int pixels = size.height * size.width;
    const int count = pixels * map.channels;
    if (count <= 200 && random_.Chance(50)) return AddReshape(map, {1, 1}, count);
    if (map.channels % 2 == 0) return AddReshape(map, {2, pixels}, map.channels / 2);
    AddReshape(map, {size.width, size.height}, map.channels);
  }

  void AddReshape(const Map& map, const Size& size, int channels) {
    AddNode(Op("RESHAPE"), WithUnread(map, {batch_, size.height, size.width, channels}), size,
            DataType::kFloat32, channels);
  }

  // Of maps of the same size, the map itself among them and perhaps more than once.
  void AddConcatenation(const Map& map) {
    const Size size = SizeOf(map);
    std::vector<Map> others;
    for (const Map& other : maps_) {
      const Size own = SizeOf(other);
      if (other.type == DataType::kFloat32 && own.height == size.height &&
          own.width == size.width) {
        others.push_back(other);
      }
    }
    std::vector<int> inputs;
    int channels = 0;
    for (int count = random_.Int(1, 4); count > 0; --count) {
      const Map& other = others[random_.Int(0, static_cast<int>(others.size()) - 1)];
      if (channels + other.channels > 200) break;
      inputs.push_back(other.tensor);
      channels += other.channels;
    }
    if (inputs.empty()) return;
    Options options = AnyActivation();
    options.own["axis"] = random_.Chance(50) ? 3 : -1;
    AddNode(Op("CONCATENATION"), inputs, size, DataType::kFloat32, channels, options);
  }

  void AddResize(const Map& map) {
    const Size size = SizeOf(map);
    const Size larger{size.height * random_.Int(1, 3), size.width * random_.Int(1, 3)};
    if (larger.height * larger.width > 100) return;
    const int constant = writer_.AddConstant(DataType::kInt32, {2},
                                             std::vector<int32_t>{larger.height, larger.width});
    Options options;
    options.own["half_pixel_centers"] = random_.Chance(50) ? 1 : 0;
    AddNode(Op("RESIZE_NEAREST_NEIGHBOR"), {map.tensor, constant}, larger, DataType::kFloat32,
            map.channels, options);
  }

  void AddArithmetic(const Map& map) {
    const Operator* ops[] = {Op("ADD"), Op("ADD"), Op("SUB"), Op("MUL"), Op("SQUARED_DIFFERENCE")};
    const Operator* op = ops[random_.Int(0, 4)];
    if (random_.Chance(45)) return AddWithOperand(op, map, AddParameter(map.channels));
    std::vector<int> others;  // the map itself among them
    for (const Map& other : maps_) {
      if (other.type == DataType::kFloat32 && Shape(other) == Shape(map)) {
        others.push_back(other.tensor);
      }
    }
    if (others.size() == 1 && graph().inputs.size() < 3 && random_.Chance(50)) {
      others[0] = AddInput(SizeOf(map), map.channels, DataType::kFloat32).tensor;
    }
    AddWithOperand(op, map, others[random_.Int(0, static_cast<int>(others.size()) - 1)]);
  }

  void AddWithOperand(const Operator* op, const Map& map, int operand) {
    std::vector<int> inputs{map.tensor, operand};
    if (random_.Chance(40)) std::swap(inputs[0], inputs[1]);
    AddNode(op, inputs, SizeOf(map), DataType::kFloat32, map.channels, AnyActivation());
  }

  void AddPad(const Map& map) {
    std::vector<int32_t> amounts(8);
    const Size size = SizeOf(map);
    if (size.height * size.width > 60) return;
    for (int i = 2; i < 6; ++i) amounts[i] = random_.Int(0, 2);
    std::vector<int> inputs{map.tensor, writer_.AddConstant(DataType::kInt32, {4, 2}, amounts)};
    const bool has_value = random_.Chance(50);
    if (has_value) {
      const float zeros[] = {0.0f, -0.0f};
      inputs.push_back(random_.Chance(50)
                           ? AddFloats({1}, 1)
                           : writer_.AddConstant(DataType::kFloat32, {1},
                                                 std::vector<float>{zeros[random_.Int(0, 1)]}));
    }
    AddNode(Op(has_value ? "PADV2" : "PAD"), inputs,
            {size.height + amounts[2] + amounts[3], size.width + amounts[4] + amounts[5]},
            DataType::kFloat32, map.channels);
    // Convolutions read zeros where the map itself lies.
    const Map padded = maps_.back();
    if (random_.Chance(15)) AddPad(padded);
    for (int readers = random_.Int(0, 2); readers > 0; --readers) {
      random_.Chance(50) ? AddConvolution(padded) : AddDepthwiseConvolution(padded);
    }
  }

  void AddPool(const Map& map, const Operator* op) {
    Options options = RandomWindow(map, false);
    if (op != Op("LceBMaxPool2d")) options.activation = RandomActivation();
    AddNode(op, {map.tensor}, OutputSize(map, options), map.type, map.channels, options);
  }

  // The inputs of a node that sums over all of a filter but its first dimension, or of one for
  // every channel of the last, which is then as long as `biases`.
  std::vector<int> AddWeights(const Map& map, std::vector<int> shape, int biases = 0) {
    int count = 1;
    for (const int size : shape) count *= size;
    const int channels = biases == 0 ? shape[0] : biases;
    const float unit = static_cast<float>(channels) / static_cast<float>(count);
    std::vector<int> inputs{map.tensor, AddFloats(std::move(shape), count, unit)};
    if (random_.Chance(70)) {
      inputs.push_back(AddFloats({channels}, channels));
    } else if (random_.Chance(50)) {
      inputs.push_back(-1);
    }
    return inputs;
  }

  void AddConvolution(const Map& map) {
    Options options = RandomWindow(map, true);
    options.activation = RandomActivation();
    int filters = Channels();
    int groups = random_.Chance(60) ? 1 : random_.Int(2, 5);
    if (map.channels % groups != 0) groups = map.channels;
    if (groups > 1) filters = groups * (random_.Chance(80) ? random_.Int(1, 4) : 33);
    const std::vector<int> inputs = AddWeights(
        map, {filters, options.filter_height, options.filter_width, map.channels / groups});
    AddNode(Op("CONV_2D"), inputs, OutputSize(map, options), DataType::kFloat32, filters, options);
  }

  void AddDepthwiseConvolution(const Map& map) {
    Options options = RandomWindow(map, true);
    options.activation = RandomActivation();
    const int filters = map.channels * (random_.Chance(60) ? 1 : random_.Int(2, 3));
    const std::vector<int> inputs =
        AddWeights(map, {1, options.filter_height, options.filter_width, filters}, filters);
    AddNode(Op("DEPTHWISE_CONV_2D"), inputs, OutputSize(map, options), DataType::kFloat32, filters,
            options);
  }

  void AddBinaryConvolution(const Map& map) {
    const DataType types[] = {DataType::kFloat32, DataType::kFloat32, DataType::kInt32,
                              DataType::kInt8};
    const DataType type = types[random_.Int(0, 3)];
    Options options = RandomWindow(map, true);
    options.own["channels_in"] = map.channels;
    options.activation = random_.Chance(60) ? Activation::kNone : RandomActivation();
    const bool zero = type == DataType::kFloat32 && options.activation == Activation::kNone;
    options.own["pad_values"] = zero && random_.Chance(60) ? 0 : 1;
    const int words = Blocks(map.channels);
    const int groups = map.channels % 32 == 0 && random_.Chance(70) ? words : 1;
    const int filters = groups * (random_.Chance(50) ? random_.Int(1, 20) : 32);
    std::vector<int> inputs = AddBinaryWeights(options, filters, map.channels / groups);
    inputs.insert(inputs.begin(), map.tensor);
    inputs[type == DataType::kInt32 ? 2 : 4] = -1;
    if (type == DataType::kInt32) inputs[3] = -1;
    AddNode(Op("LceBconv2d"), inputs, OutputSize(map, options), type, filters, options);
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
};

}  // namespace bireid

#endif  // BIREID_TESTS_RANDOM_GRAPH_H_
