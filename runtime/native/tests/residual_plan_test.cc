// Plans of graphs in which all maps have one size, as in residual networks: there maps take over
// each other's memory, and are added to where they lie.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/cases.h"
#include "tests/graph_interpreter.h"
#include "tests/graph_writer.h"
#include "tests/plan_runner.h"
#include "tests/stage_reference.h"

namespace bireid {
namespace {

class ResidualGraph {
 public:
  explicit ResidualGraph(uint32_t seed) : random_(seed) {
    const int channels[] = {5, 32, 40, 64};
    channels_ = channels[random_.Int(0, 3)];
    shape_ = {random_.Int(1, 2), random_.Int(1, 5), random_.Int(1, 5), channels_};
    packed_shape_ = {shape_[0], shape_[1], shape_[2], Blocks(channels_)};
    maps_.push_back(writer_.AddInput(DataType::kFloat32, shape_));
    for (int nodes = random_.Int(4, 14); nodes > 0; --nodes) AddRandomNode();
    for (const int map : maps_) {
      const bool is_input = map == maps_.front();
      if (map == maps_.back() || (!is_input && random_.Chance(8))) {
        writer_.graph.outputs.push_back(map);
      }
    }
  }

  const Graph& graph() const { return writer_.graph; }

  std::vector<Bytes> Inputs() {
    Bytes bytes(BytesOf(graph().tensors[graph().inputs[0]]));
    const std::vector<float> values =
        random_.Floats(static_cast<int64_t>(bytes.size() / sizeof(float)));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return {bytes};
  }

 private:
  int AnyMap() {
    if (random_.Chance(50)) return maps_.back();
    return maps_[random_.Int(0, static_cast<int>(maps_.size()) - 1)];
  }

  int AddFloats(std::vector<int> shape, int count, float factor = 1.0f) {
    std::vector<float> values = random_.Floats(count);
    for (float& value : values) value *= factor;
    return writer_.AddConstant(DataType::kFloat32, std::move(shape), values);
  }
  int AddParameter() { return AddFloats({channels_}, channels_); }

  void AddNode(const Operator* op, const std::vector<int>& inputs,
               const Options& options = Options()) {
    maps_.push_back(writer_.AddNode(op, inputs, DataType::kFloat32, shape_, options));
  }

  void AddRandomNode() {
    switch (random_.Int(0, 9)) {
      case 0:
        return AddConvolution();
      case 1:
      case 2:
        return AddBinaryConvolution();
      case 3:
        return AddPool();
      case 4:
        return AddNode(Op("PRELU"), {AnyMap(), AddParameter()});
      case 5:
        return AddNode(Op("MUL"), {AnyMap(), AddParameter()});
      default:
        return AddShortcut();
    }
  }

  void AddShortcut() {
    const int shortcut = AnyMap();
    AddNode(Op("ADD"), {AnyMap(), shortcut});
    if (random_.Chance(30)) AddNode(Op("ADD"), {shortcut, maps_.back()});
  }

  Options Window(int size) const {
    Options options;
    options.padding = Padding::kSame;
    options.filter_height = options.filter_width = size;
    return options;
  }

  void AddConvolution() {
    const int size = random_.Chance(50) ? 1 : 3;
    const int depth = size * size * channels_;
    const int weights = AddFloats({channels_, size, size, channels_}, channels_ * depth,
                                  1.0f / static_cast<float>(depth));
    AddNode(Op("CONV_2D"), {AnyMap(), weights}, Window(size));
  }

  void AddBinaryConvolution() {
    const int bits =
        writer_.AddNode(Op("LceQuantize"), {AnyMap()}, DataType::kInt32, packed_shape_);
    const int size = random_.Chance(30) ? 1 : 3;
    const int groups = channels_ % 32 == 0 && random_.Chance(50) ? channels_ / 32 : 1;
    const int depth = channels_ / groups;
    std::vector<uint32_t> words = random_.Words(channels_ * size * size * Blocks(depth));
    for (size_t i = Blocks(depth) - 1; i < words.size(); i += Blocks(depth)) {
      words[i] &= ~0u >> (Blocks(depth) * 32 - depth);
    }
    const int filter =
        writer_.AddConstant(DataType::kInt32, {channels_, size, size, Blocks(depth)}, words);
    Options options = Window(size);
    options.own["channels_in"] = channels_;
    options.own["pad_values"] = random_.Int(0, 1);
    const int multiplier =
        AddFloats({channels_}, channels_, 1.0f / static_cast<float>(size * size * depth));
    AddNode(Op("LceBconv2d"), {bits, filter, multiplier, AddParameter(), -1}, options);
  }

  void AddPool() {
    const Operator* op = random_.Chance(50) ? Op("MAX_POOL_2D") : Op("AVERAGE_POOL_2D");
    AddNode(op, {AnyMap()}, Window(3));
  }

  Random random_;
  int channels_;
  std::vector<int> shape_;
  std::vector<int> packed_shape_;
  GraphWriter writer_;
  std::vector<int> maps_;
};

TEST(ResidualPlan, IsExact) {
  for (uint32_t seed = 0; seed < Cases(150); ++seed) {
    SCOPED_TRACE(seed);
    ResidualGraph random(seed);
    const std::vector<Bytes> inputs = random.Inputs();
    const std::vector<Bytes> expected = GraphInterpreter::Run(random.graph(), inputs);
    for (const std::string& isa : AvailablePaths()) {
      for (const int threads : {1, 2}) {
        const auto plan = BuildPlanAndForget(random.graph(), OptionsFor(isa, threads));
        for (const char fill : {'\x5a', '\xff'}) {
          ASSERT_TRUE(RunGuarded(*plan, random.graph(), inputs, fill) == expected)
              << isa << ", threads: " << threads;
        }
      }
    }
  }
}

}  // namespace
}  // namespace bireid
