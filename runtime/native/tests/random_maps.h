// What random graphs are made of: maps, nodes, constants and windows, and inputs for a graph.
#ifndef BIREID_TESTS_RANDOM_MAPS_H_
#define BIREID_TESTS_RANDOM_MAPS_H_

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "tests/graph_interpreter.h"
#include "tests/graph_writer.h"
#include "tests/stage_reference.h"

namespace bireid {

class RandomMaps {
 public:
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

 protected:
  explicit RandomMaps(uint32_t seed) : random_(seed), batch_(random_.Int(1, 3)) {}

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

  Options AnyActivation() {
    Options options;
    options.activation = RandomActivation();
    return options;
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

  void AddNode(const Operator* op, std::vector<int> inputs, const Size& size, DataType type,
               int channels, const Options& options = Options()) {
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

  Size SizeOf(const Map& map) const { return {Shape(map)[1], Shape(map)[2]}; }

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

  Random random_;
  int batch_;
  GraphWriter writer_;
  std::vector<Map> maps_;
};

}  // namespace bireid

#endif  // BIREID_TESTS_RANDOM_MAPS_H_
