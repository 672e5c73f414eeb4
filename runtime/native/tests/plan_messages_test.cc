// What a plan says of tensors and graphs that it cannot run. A damaged file can hold any of them.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/damaged_graph.h"

namespace bireid {
namespace {

INSTANTIATE_TEST_SUITE_P(
    Tensors, DamagedNode,
    testing::Values(
        Damage{"relu", kOperands, [](Model& m) { m["relu"].inputs.clear(); }},
        Damage{"relu", kOperands, [](Model& m) { m["relu"].outputs.clear(); }},
        Damage{"relu", kOperands, [](Model& m) { m["relu"].outputs.push_back(m.sums); }},
        Damage{"binary", kOperands, [](Model& m) { m["binary"].inputs.pop_back(); }},
        // Operands that an operator does not have could be of any shape.
        Damage{"relu", kOperands, [](Model& m) { m["relu"].inputs.push_back(m.image); }},
        Damage{"quantize", kOperands, [](Model& m) { m["quantize"].inputs.push_back(-1); }},
        Damage{"add", kOperands, [](Model& m) { m["add"].inputs.push_back(m.sums); }},
        Damage{"convolution", kOperands, [](Model& m) { m["convolution"].inputs.push_back(-1); }},
        Damage{"relu", kMissing, [](Model& m) { m["relu"].inputs[0] = -1; }},
        Damage{"relu", kMissing, [](Model& m) { m["relu"].inputs[0] = 1000; }},
        Damage{"relu", kMissing, [](Model& m) { m["relu"].outputs[0] = -1; }},
        Damage{"binary", kMissing, [](Model& m) { m["binary"].inputs[3] = -1; }},
        Damage{"bits", kMissing, [](Model& m) { m["bits"].inputs[4] = -1; }},
        Damage{"pad", kIsConstant, [](Model& m) { m["pad"].inputs[0] = m.slope; }},
        Damage{"relu", kIsConstant, [](Model& m) { m["relu"].outputs[0] = m.slope; }},
        Damage{"relu", kType, [](Model& m) { m["relu"].inputs[0] = m.packed; }},
        Damage{"relu", kRank,
               [](Model& m) {
                 m.OutputOf("relu").shape = {1, 6, 320};
               }},
        Damage{"relu", kEmpty, [](Model& m) { m.OutputOf("relu").shape[1] = 0; }},
        Damage{"relu", kEmpty, [](Model& m) { m.OutputOf("relu").shape[1] = -1; }},
        Damage{"relu", kEmpty,
               [](Model& m) {
                 m.OutputOf("relu").shape = {1 << 10, 512, 513, 1};
               }},
        Damage{
            "relu", kEmpty,
            [](Model& m) { m.OutputOf("relu").shape.assign(4, std::numeric_limits<int>::max()); }},
        Damage{"relu", kShapes, [](Model& m) { m.OutputOf("relu").shape[1] = 5; }},
        Damage{"binary", kNotStored, [](Model& m) { m["binary"].inputs[1] = m.packed; }},
        Damage{"binary", kNotStored, [](Model& m) { m["binary"].inputs[4] = m.image; }},
        Damage{"bits", kNotStored, [](Model& m) { m["bits"].inputs[2] = m.image; }},
        Damage{"binary", kWeightType, [](Model& m) { m["binary"].inputs[2] = m.thresholds; }},
        Damage{"binary", kWeightShape, [](Model& m) { m["binary"].inputs[2] = m.slope; }},
        Damage{"binary", kLength, [](Model& m) { m[m.filter].constant_bytes -= 4; }},
        Damage{"convolution", kLength, [](Model& m) { m[m.bias].constant_bytes += 1; }},
        Damage{"binary", kLength, [](Model& m) { m[m.filter].shape[1] = 0; }},
        Damage{"pad", kAlignment, [](Model& m) {
                 m[m.amounts].constant = static_cast<const char*>(m[m.amounts].constant) + 1;
               }}));

class ImpossibleGraph : public testing::TestWithParam<Damage> {};

TEST_P(ImpossibleGraph, IsRefused) {
  Model model;
  GetParam().make(model);
  EXPECT_EQ(BuildError(model.graph), GetParam().node + std::string(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, ImpossibleGraph,
    testing::Values(Damage{"", "the graph has no nodes", [](Model& m) { m.graph.nodes.clear(); }},
                    Damage{"", "the graph has an input that does not exist",
                           [](Model& m) { m.graph.inputs.push_back(1000); }},
                    Damage{"", "the graph has an input that does not exist",
                           [](Model& m) { m.graph.inputs.push_back(-1); }},
                    Damage{"", "an input of the graph is a constant",
                           [](Model& m) { m.graph.inputs.push_back(m.slope); }},
                    Damage{"quantize", ": an input is read before it is computed",
                           [](Model& m) { m.graph.inputs.clear(); }},
                    Damage{"binary", ": an input is read before it is computed",
                           [](Model& m) { std::swap(m.graph.nodes[0], m.graph.nodes[1]); }},
                    Damage{"prelu", ": its output is computed twice",
                           [](Model& m) { m["prelu"].outputs[0] = m.product; }},
                    Damage{"multiply", ": its output is computed twice",
                           [](Model& m) { m.graph.inputs.push_back(m.product); }},
                    Damage{"pad", ": the batch size changes",
                           [](Model& m) {
                             m["pad"].inputs[0] = m.AddInput(DataType::kFloat32, {2, 6, 5, 64});
                             m[m.padded].shape[0] = 2;
                           }},
                    Damage{"", "the graph has an output that nothing computes",
                           [](Model& m) { m.graph.outputs.push_back(m.slope); }},
                    Damage{"", "the graph has an output that nothing computes",
                           [](Model& m) { m.graph.outputs.push_back(1000); }},
                    Damage{"", "an output of the graph is listed twice",
                           [](Model& m) { m.graph.outputs.push_back(m.sums); }},
                    Damage{"", "an input of the graph is an output too",
                           [](Model& m) { m.graph.outputs.push_back(m.image); }},
                    Damage{"", "a map with its border is too large", [](Model& m) {
                             Options& options = m["convolution"].options;
                             options.padding = Padding::kSame;
                             options.dilation_height = options.dilation_width = 30000;
                             m.OutputOf("convolution").shape = {1, 6, 5, 2};
                           }}));

TEST(PlanMessages, ArithmeticIsBounded) {
  GraphWriter writer;
  const std::vector<int> shape = {1, 4096, 4096, 1};
  const int image = writer.AddInput(DataType::kFloat32, shape);
  writer.graph.outputs = {writer.AddNode(Op("MAX_POOL_2D"), {image}, DataType::kFloat32, shape)};
  Node& pool = writer.graph.nodes.back();
  pool.name = "pool";
  pool.options.filter_height = pool.options.filter_width = 4096;
  pool.options.padding = Padding::kSame;
  EXPECT_EQ(BuildError(writer.graph),
            "pool: the graph needs more than 2^37 operations for an image");
}

TEST(PlanMessages, MapsAreNotTooLargeTogether) {
  GraphWriter writer;
  const std::vector<int> shape = {1, 16384, 8192, 1};  // half a GiB
  int map = writer.AddInput(DataType::kFloat32, shape);
  for (int i = 0; i < 3; ++i) map = writer.AddNode(Op("RELU"), {map}, DataType::kFloat32, shape);
  writer.graph.nodes.back().name = "relu";
  writer.graph.outputs = {map};
  EXPECT_EQ(BuildError(writer.graph), "relu: the maps of the graph need more than 1 GiB");
}

}  // namespace
}  // namespace bireid
