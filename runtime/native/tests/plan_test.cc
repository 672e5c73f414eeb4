// Plans against an interpreter that runs the same graphs node by node, to the last bit.
#include "plan/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/cases.h"
#include "tests/graph_interpreter.h"
#include "tests/graph_writer.h"
#include "tests/plan_runner.h"
#include "tests/random_graph.h"

namespace bireid {
namespace {

// What a test of random graphs must have met.
class Coverage {
 public:
  void Add(const Graph& graph) {
    std::map<int, int> readers;
    for (const Node& node : graph.nodes) {
      ++count_["operator " + NameOf(node.op)];
      for (const int input : node.inputs) {
        if (input >= 0 && graph.tensors[input].constant == nullptr) ++readers[input];
      }
      AddNode(graph, node);
    }
    for (const auto& [tensor, count] : readers) {
      const bool is_output = Has(graph.outputs, tensor);
      if (count > 1) ++count_["a map with several readers"];
      if (is_output) ++count_["an output that is read"];
      if (is_output && NeedsBorder(graph, tensor)) ++count_["an output that needs a border"];
      if (Has(graph.inputs, tensor) && NeedsBorder(graph, tensor)) {
        ++count_["an input that needs a border"];
      }
    }
    if (graph.inputs.size() > 1) ++count_["several inputs"];
  }

  // Of features, and of the operators.
  const std::map<std::string, int>& count() const { return count_; }

 private:
  static bool Has(const std::vector<int>& tensors, int tensor) {
    return std::find(tensors.begin(), tensors.end(), tensor) != tensors.end();
  }

  static bool NeedsBorder(const Graph& graph, int tensor) {
    return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
      return (node.op == Op("LceBconv2d") || node.op == Op("CONV_2D")) &&
             node.inputs[0] == tensor && node.options.padding == Padding::kSame &&
             graph.tensors[node.inputs[1]].shape[1] > 1 && node.options.stride_height == 1;
    });
  }

  void AddNode(const Graph& graph, const Node& node) {
    AddOperands(graph, node);
    if (node.op == Op("DEPTHWISE_CONV_2D")) {
      const int channels = graph.tensors[node.inputs[0]].shape[3];
      if (graph.tensors[node.outputs[0]].shape[3] > channels) ++count_["depth multiplier"];
    }
    if (node.op == Op("CONV_2D") &&
        graph.tensors[node.inputs[0]].shape[3] > graph.tensors[node.inputs[1]].shape[3]) {
      ++count_["groups of a float convolution"];
    }
    if (node.op != Op("LceBconv2d")) return;
    const Tensor& output = graph.tensors[node.outputs[0]];
    if (output.type == DataType::kInt8) ++count_["int8 output"];
    if (output.type == DataType::kInt32) ++count_["bits output"];
    if (output.type == DataType::kFloat32 && node.options.Own("pad_values") == 0)
      ++count_["zero padding"];
    const int groups =
        graph.tensors[node.inputs[0]].shape[3] / graph.tensors[node.inputs[1]].shape[3];
    if (groups > 1) ++count_[output.shape[3] / groups % 32 == 0 ? "whole groups" : "split groups"];
  }

  void AddOperands(const Graph& graph, const Node& node) {
    const bool is_product = node.op == Op("MUL");
    if (node.op != Op("ADD") && node.op != Op("SUB") && !is_product) return;
    const std::string name = is_product ? "product" : node.op == Op("ADD") ? "sum" : "difference";
    if (node.inputs[0] == node.inputs[1]) ++count_[name + " of a map and itself"];
    const Tensor& first = graph.tensors[node.inputs[0]];
    const Tensor& second = graph.tensors[node.inputs[1]];
    const bool are_maps = first.constant == nullptr && second.constant == nullptr;
    if (are_maps) ++count_[name + " of maps"];
    if (are_maps && first.shape != second.shape) ++count_[name + " with one pixel"];
    if (first.constant != nullptr) ++count_[name + " with a constant first"];
    if (second.constant != nullptr) ++count_[name + " with a constant second"];
  }

  std::map<std::string, int> count_;
};

constexpr uint32_t kRandomGraphs = 250;

TEST(Plan, RandomGraphsHaveEverything) {
  Coverage coverage;
  for (uint32_t seed = 0; seed < kRandomGraphs; ++seed) coverage.Add(RandomGraph(seed).graph());
  EXPECT_EQ(coverage.count().size(), 54u);
  for (const auto& [feature, count] : coverage.count()) EXPECT_GE(count, 5) << feature;
}

TEST(Plan, RandomGraphsAreExact) {
  for (uint32_t seed = 0; seed < Cases(kRandomGraphs); ++seed) {
    SCOPED_TRACE(seed);
    RandomGraph random(seed);
    const Graph& graph = random.graph();
    const std::vector<Bytes> inputs = random.Inputs();
    const std::vector<Bytes> expected = GraphInterpreter::Run(graph, inputs);
    for (const std::string& isa : AvailablePaths()) {
      for (const int threads : {1, 3}) {
        SCOPED_TRACE(isa + ", threads: " + std::to_string(threads));
        const auto plan = BuildPlanAndForget(graph, OptionsFor(isa, threads));
        // Twice: what a run leaves in the plan's memory must not show in the next.
        for (const char fill : {'\x5a', '\xff'}) {
          const std::vector<Bytes> actual = RunGuarded(*plan, graph, inputs, fill);
          for (size_t i = 0; i < expected.size(); ++i) {
            EXPECT_TRUE(actual[i] == expected[i]) << "output " << i;
          }
          if (HasFailure()) return;
        }
      }
    }
  }
}

// A padding of [1, 4, 4, 32] before a depthwise convolution, and what the plan runs of it.
std::vector<std::string> StepsOfPadded(float value, bool is_read_elsewhere) {
  Random random(1);
  GraphWriter writer;
  const int map = writer.AddInput(DataType::kFloat32, {1, 4, 4, 32});
  const int amounts =
      writer.AddConstant(DataType::kInt32, {4, 2}, std::vector<int32_t>{0, 0, 1, 2, 0, 1, 0, 0});
  const int constant = writer.AddConstant(DataType::kFloat32, {1}, std::vector<float>{value});
  const int padded =
      writer.AddNode(Op("PADV2"), {map, amounts, constant}, DataType::kFloat32, {1, 7, 5, 32});
  const int filter = writer.AddConstant(DataType::kFloat32, {1, 3, 3, 32}, random.Floats(9 * 32));
  const int sums =
      writer.AddNode(Op("DEPTHWISE_CONV_2D"), {padded, filter}, DataType::kFloat32, {1, 5, 3, 32});
  writer.graph.outputs = {sums};
  if (is_read_elsewhere) writer.graph.outputs.push_back(padded);
  PlanOptions options = OptionsFor("auto", 1);
  options.profile = true;
  const auto plan = Plan::Build(writer.graph, options);
  const std::vector<Bytes> zeros{Bytes(BytesOf(writer.graph.tensors[map]))};
  RunGuarded(*plan, writer.graph, zeros, 0);
  std::vector<std::string> names;
  for (const StepProfile& step : plan->Profile()) names.push_back(step.name);
  return names;
}

TEST(Plan, ConvolutionsReadZerosWhereTheMapLies) {
  const std::string both = "N0 + N1";
  EXPECT_EQ(StepsOfPadded(0.0f, false), (std::vector<std::string>{"border", both}));
  const std::vector<std::string> apart{"N0", "N1"};
  for (const float value : {1.0f, -0.0f}) EXPECT_EQ(StepsOfPadded(value, false), apart);
  EXPECT_EQ(StepsOfPadded(0.0f, true), apart);
}

// Together they would need a map of 5001 x 5001, apart they need two of 5001.
TEST(Plan, BordersOfSeveralPaddingsStaySmall) {
  GraphWriter writer;
  const int map = writer.AddInput(DataType::kFloat32, {1, 1, 1, 1});
  for (const bool rows : {true, false}) {
    std::vector<int32_t> amounts(8);
    amounts[rows ? 2 : 4] = 5000;
    const std::vector<int> shape{1, rows ? 5001 : 1, rows ? 1 : 5001, 1};
    const int constant = writer.AddConstant(DataType::kInt32, {4, 2}, amounts);
    const int padded = writer.AddNode(Op("PAD"), {map, constant}, DataType::kFloat32, shape);
    const int filter =
        writer.AddConstant(DataType::kFloat32, {1, 1, 1, 1}, std::vector<float>{2.0f});
    writer.graph.outputs.push_back(
        writer.AddNode(Op("CONV_2D"), {padded, filter}, DataType::kFloat32, shape));
  }
  PlanOptions options = OptionsFor("auto", 1);
  options.profile = true;
  const auto plan = Plan::Build(writer.graph, options);
  EXPECT_EQ(plan->Profile().size(), 4u);  // a border, a convolution, a padding, a convolution
}

void Append(const std::vector<Bytes>& parts, std::vector<Bytes>* wholes) {
  for (size_t i = 0; i < parts.size(); ++i) {
    (*wholes)[i].insert((*wholes)[i].end(), parts[i].begin(), parts[i].end());
  }
}

TEST(Plan, RepeatsAreExact) {
  for (uint32_t seed = 0; seed < 15; ++seed) {
    SCOPED_TRACE(seed);
    RandomGraph random(seed);
    const Graph& graph = random.graph();
    constexpr int kRepeats = 3;
    std::vector<Bytes> inputs(graph.inputs.size());
    std::vector<Bytes> expected(graph.outputs.size());
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
      const std::vector<Bytes> part = random.Inputs();
      Append(part, &inputs);
      Append(GraphInterpreter::Run(graph, part), &expected);
    }
    for (const int threads : {1, 2, 5}) {
      const auto plan = BuildPlanAndForget(graph, OptionsFor("auto", threads));
      EXPECT_TRUE(RunGuarded(*plan, graph, inputs, 3, kRepeats) == expected) << threads;
    }
  }
}

// A residual unit of a binary network on float input [1, size, size, 32].
struct ResidualUnit {
  ResidualUnit(int size, uint32_t seed) {
    Random random(seed);
    const std::vector<int> shape{1, size, size, 32};
    const std::vector<int> packed{1, size, size, 1};
    const auto floats = [&](std::vector<int> dimensions) {
      return writer.AddConstant(DataType::kFloat32, std::move(dimensions), random.Floats(32));
    };
    Options options;
    options.padding = Padding::kSame;
    options.own["channels_in"] = 32;
    const auto filter = [&] {
      return writer.AddConstant(DataType::kInt32, {32, 3, 3, 1}, random.Words(32 * 9));
    };
    int map = writer.AddInput(DataType::kFloat32, shape);
    int bits = writer.AddNode(Op("LceQuantize"), {map}, DataType::kInt32, packed);
    for (int unit = 0; unit < 2; ++unit) {
      const std::vector<int> inputs{bits, filter(), floats({32}), floats({32}), -1};
      const int sum = writer.AddNode(Op("LceBconv2d"), inputs, DataType::kFloat32, shape, options);
      const int total = writer.AddNode(Op("ADD"), {map, sum}, DataType::kFloat32, shape);
      map = writer.AddNode(Op("PRELU"), {total, floats({1, 1, 32})}, DataType::kFloat32, shape);
      bits = writer.AddNode(Op("LceQuantize"), {map}, DataType::kInt32, packed);
    }
    writer.graph.outputs = {map, bits};
    this->inputs.emplace_back(BytesOf(writer.graph.tensors[0]));
    const std::vector<float> values = random.Floats(size * size * 32);
    std::memcpy(this->inputs[0].data(), values.data(), this->inputs[0].size());
  }

  GraphWriter writer;
  std::vector<Bytes> inputs;
};

TEST(Plan, FusesWhatFollowsAConvolution) {
  const ResidualUnit unit(4, 1);
  PlanOptions options = OptionsFor("auto", 1);
  options.profile = true;
  const auto plan = Plan::Build(unit.writer.graph, options);
  RunGuarded(*plan, unit.writer.graph, unit.inputs, 0);
  RunGuarded(*plan, unit.writer.graph, unit.inputs, 0);
  std::vector<std::string> names;
  for (const StepProfile& step : plan->Profile()) {
    names.push_back(step.name);
    EXPECT_EQ(step.runs, 2);
    EXPECT_GE(step.nanoseconds, 2 * step.fastest_nanoseconds);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"N0", "N1 + N2 + N3 + N4", "N5 + N6 + N7 + N8"}));
}

// Element-wise nodes in a row that add as many stages as they can, each an output whose signs are
// packed twice. Of some, the map and its signs are read through windows and so lie in two places.
class LongChain {
 public:
  LongChain() : random_(5) {
    int map = writer.AddInput(DataType::kFloat32, kShape);
    for (int n = 0; n < 40; ++n) {
      map = AddLink(map, n % 3 == 0);
      const int bits = AddBits(map);
      AddBits(map);
      if (random_.Chance(60)) AddWindows(map, bits);
    }
    const std::vector<float> values = random_.Floats(3 * 5 * 37);
    const char* bytes = reinterpret_cast<const char*>(values.data());
    inputs.emplace_back(bytes, bytes + values.size() * sizeof(float));
  }

  GraphWriter writer;
  std::vector<Bytes> inputs;

 private:
  int Output(int tensor) {
    writer.graph.outputs.push_back(tensor);
    return tensor;
  }

  int AddLink(int map, bool subtracts) {
    const int operand = writer.AddConstant(DataType::kFloat32, {37}, random_.Floats(37));
    Options options;
    options.activation = Activation::kReluN1To1;
    const Operator* op = subtracts ? Op("SUB") : random_.Chance(50) ? Op("ADD") : Op("MUL");
    return Output(writer.AddNode(op, {operand, map}, DataType::kFloat32, kShape, options));
  }

  int AddBits(int map) {
    return Output(writer.AddNode(Op("LceQuantize"), {map}, DataType::kInt32, {1, 3, 5, 2}));
  }

  void AddWindows(int map, int bits) {
    Options options;
    options.padding = Padding::kSame;
    options.own["channels_in"] = 37;
    const int weights =
        writer.AddConstant(DataType::kFloat32, {1, 3, 3, 37}, random_.Floats(9 * 37));
    Output(
        writer.AddNode(Op("CONV_2D"), {map, weights}, DataType::kFloat32, {1, 3, 5, 1}, options));
    const int filter =
        writer.AddConstant(DataType::kInt32, {1, 3, 3, 2}, std::vector<uint32_t>(9 * 2));
    const int one = writer.AddConstant(DataType::kFloat32, {1}, random_.Floats(1));
    Output(writer.AddNode(Op("LceBconv2d"), {bits, filter, one, one, -1}, DataType::kFloat32,
                          {1, 3, 5, 1}, options));
  }

  const std::vector<int> kShape{1, 3, 5, 37};
  Random random_;
};

TEST(Plan, LongChainsAreExact) {
  const LongChain chain;
  const Graph& graph = chain.writer.graph;
  const std::vector<Bytes> expected = GraphInterpreter::Run(graph, chain.inputs);
  for (const std::string& isa : AvailablePaths()) {
    const auto plan = BuildPlanAndForget(graph, OptionsFor(isa, 2));
    EXPECT_TRUE(RunGuarded(*plan, graph, chain.inputs, 1) == expected) << isa;
  }
}

TEST(Plan, PlansRunFromSeveralThreadsAtOnce) {
  constexpr int kCallers = 3;
  constexpr int kRuns = 60;
  std::vector<int> right(kCallers);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&right, caller] {
      const ResidualUnit unit(5 + caller, caller);
      const Graph& graph = unit.writer.graph;
      const std::vector<Bytes> expected = GraphInterpreter::Run(graph, unit.inputs);
      const auto plan = BuildPlanAndForget(graph, OptionsFor("auto", 2));
      for (int run = 0; run < kRuns; ++run) {
        right[caller] += RunGuarded(*plan, graph, unit.inputs, 7) == expected;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, std::vector<int>(kCallers, kRuns));
}

}  // namespace
}  // namespace bireid
