#include "engine/model_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/errors.h"
#include "kernels/dispatch.h"
#include "plan/plan.h"
#include "tests/expect_error.h"
#include "tests/model_network.h"
#include "tests/operator_named.h"

namespace bireid {
namespace {

using tflite::ActivationFunctionType;
using tflite::BuiltinOperator;
using tflite::TensorType;
using Builder = ModelWriter::Builder;

Graph Read(const std::vector<uint8_t>& file) {
  return ReadModel(file.data(), file.size(), "model.tflite").graph;
}

const Node& NodeOf(const Graph& graph, const std::string& name) {
  for (const Node& node : graph.nodes) {
    if (node.name.substr(0, node.name.find('#')) == name) return node;
  }
  throw std::logic_error("the graph has no " + name);
}

TEST(ModelReader, ReadsEveryOperator) {
  const std::vector<uint8_t> file = Network().Write();
  const Graph graph = Read(file);
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.push_back(node.name);
  EXPECT_EQ(names, (std::vector<std::string>{"CONV_2D#0",
                                             "DEPTHWISE_CONV_2D#1",
                                             "PAD#2",
                                             "MAX_POOL_2D#3",
                                             "PADV2#4",
                                             "PRELU#5",
                                             "LceQuantize#6",
                                             "LceBconv2d#7",
                                             "LceBMaxPool2d#8",
                                             "LceDequantize#9",
                                             "ADD#10",
                                             "AVERAGE_POOL_2D#11",
                                             "SUB#12",
                                             "MUL#13",
                                             "MAXIMUM#14",
                                             "POW#15",
                                             "SQUARED_DIFFERENCE#16",
                                             "RELU#17",
                                             "RELU_N1_TO_1#18",
                                             "RELU6#19",
                                             "LOGISTIC#20",
                                             "RSQRT#21",
                                             "HARD_SWISH#22",
                                             "RESIZE_NEAREST_NEIGHBOR#23",
                                             "CONCATENATION#24",
                                             "MEAN#25",
                                             "RESHAPE#26",
                                             "FULLY_CONNECTED#27",
                                             "L2_NORMALIZATION#28"}));
  for (const Node& node : graph.nodes) EXPECT_EQ(WhyUnsupported(graph, node), "") << node.name;
  PlanOptions options;
  options.kernels = FindKernels("scalar");
  EXPECT_NE(Plan::Build(graph, options), nullptr);
}

TEST(ModelReader, ReadsOptions) {
  const std::vector<uint8_t> file = Network().Write();
  const Graph graph = Read(file);
  const Options& stem = NodeOf(graph, "CONV_2D").options;
  EXPECT_EQ(stem.padding, Padding::kSame);
  EXPECT_EQ(stem.activation, Activation::kRelu6);
  EXPECT_EQ(stem.stride_height, 2);
  EXPECT_EQ(stem.dilation_height, 1);
  const Options& depthwise = NodeOf(graph, "DEPTHWISE_CONV_2D").options;
  EXPECT_EQ(depthwise.dilation_width, 3);
  EXPECT_EQ(depthwise.dilation_height, 2);
  const Options& pool = NodeOf(graph, "MAX_POOL_2D").options;
  EXPECT_EQ(pool.padding, Padding::kValid);
  EXPECT_EQ(pool.filter_width, 3);
  EXPECT_EQ(pool.stride_width, 1);
  const Options& binary = NodeOf(graph, "LceBconv2d").options;
  EXPECT_EQ(binary.Own("channels_in"), 32);
  EXPECT_EQ(binary.Own("pad_values"), 1);
  EXPECT_EQ(NodeOf(graph, "LceBMaxPool2d").options.stride_height, 2);
  EXPECT_EQ(NodeOf(graph, "RELU").options.activation, Activation::kRelu);
  EXPECT_EQ(NodeOf(graph, "RELU_N1_TO_1").options.activation, Activation::kReluN1To1);
  EXPECT_EQ(NodeOf(graph, "RELU6").options.activation, Activation::kRelu6);
  const Options& resize = NodeOf(graph, "RESIZE_NEAREST_NEIGHBOR").options;
  EXPECT_EQ(resize.Own("align_corners"), 0);
  EXPECT_EQ(resize.Own("half_pixel_centers"), 1);
  EXPECT_EQ(NodeOf(graph, "CONCATENATION").options.Own("axis"), 3);
  EXPECT_EQ(NodeOf(graph, "CONCATENATION").options.activation, Activation::kRelu);
}

TEST(ModelReader, MatricesBecomeMapsAndConstantsStay) {
  Network network;
  network.tensors[network.inputs[0]].shape[0] = -1;  // of any number of images
  const std::vector<uint8_t> file = network.Write();
  const Graph graph = Read(file);
  ASSERT_EQ(graph.inputs.size(), 1u);
  ASSERT_EQ(graph.outputs.size(), 1u);
  EXPECT_EQ(graph.tensors[graph.inputs[0]].shape, (std::vector<int>{1, 8, 8, 3}));
  EXPECT_EQ(graph.tensors[graph.outputs[0]].shape, (std::vector<int>{1, 1, 1, 8}));
  const Node& mean = NodeOf(graph, "MEAN");
  EXPECT_EQ(graph.tensors[mean.outputs[0]].shape, (std::vector<int>{1, 1, 1, 64}));
  const Node& last = NodeOf(graph, "FULLY_CONNECTED");
  const Tensor& weights = graph.tensors[last.inputs[1]];
  EXPECT_EQ(weights.shape, (std::vector<int>{8, 64}));
  ASSERT_EQ(weights.constant_bytes, 8u * 64 * sizeof(float));
  const auto* begin = static_cast<const uint8_t*>(weights.constant);
  EXPECT_TRUE(begin > file.data() && begin + weights.constant_bytes <= file.data() + file.size());
  EXPECT_EQ(*static_cast<const float*>(weights.constant), 1.0f);
}

// Without a signature there are no names, and with one those of the default.
TEST(ModelReader, NamesAreThoseOfTheSignature) {
  Network network;
  const auto input = static_cast<uint32_t>(network.inputs[0]);
  const auto output = static_cast<uint32_t>(network.outputs[0]);
  const auto map = static_cast<uint32_t>(network.Find(BuiltinOperator::LOGISTIC).outputs[0]);
  const auto read = [&] {
    const std::vector<uint8_t> file = network.Write();
    return ReadModel(file.data(), file.size(), "model.tflite");
  };
  EXPECT_EQ(read().outputs[0].name, "");
  network.outputs = {network.outputs[0], static_cast<int>(map)};
  network.signatures = {{"only", {{"picture", input}}, {{"map", map}, {"row", output}}}};
  for (const std::string key : {"only", "serving_default"}) {
    const Model model = read();
    ASSERT_EQ(model.outputs.size(), 2u);
    EXPECT_EQ(model.inputs[0].name, "picture");
    EXPECT_EQ(model.inputs[0].shape, (std::vector<int>{8, 8, 3}));
    EXPECT_EQ(model.outputs[0].name, "row");
    EXPECT_EQ(model.outputs[0].shape, (std::vector<int>{8}));
    EXPECT_EQ(model.outputs[1].name, "map");
    EXPECT_EQ(model.outputs[1].shape, (std::vector<int>{2, 2, 32}));
    EXPECT_EQ(model.graph.outputs,
              (std::vector<int>{model.outputs[0].tensor, model.outputs[1].tensor}));
    network.signatures.insert(network.signatures.begin(), {"other", {}, {}});
    network.signatures[1].key = "serving_default";
  }
}

TEST(ModelReader, OtherRanksBecomeMaps) {
  Network network;
  network.tensors[network.outputs[0]].shape = {1, 2, 1, 2, 1, 2};
  const std::vector<uint8_t> file = network.Write();
  const Model model = ReadModel(file.data(), file.size(), "model.tflite");
  EXPECT_EQ(model.outputs[0].shape, (std::vector<int>{2, 1, 2, 1, 2}));
  EXPECT_EQ(model.graph.tensors[model.outputs[0].tensor].shape, (std::vector<int>{1, 4, 1, 2}));
  network.tensors[network.outputs[0]].shape = {1, 4, 2};
  const std::vector<uint8_t> three = network.Write();
  EXPECT_EQ(Read(three).tensors[network.outputs[0]].shape, (std::vector<int>{1, 1, 4, 2}));
}

TEST(ModelReader, ReadsQuantizationOfActivations) {
  Network network;
  auto& tensor = network.OutputOf(BuiltinOperator::CUSTOM, "LceDequantize");
  tensor.type = TensorType::INT8;
  tensor.scales = {0.5f};
  tensor.zero_points = {-128};
  const std::vector<uint8_t> file = network.Write();
  const Graph graph = Read(file);
  const Tensor& read = graph.tensors[NodeOf(graph, "LceDequantize").outputs[0]];
  EXPECT_EQ(read.type, DataType::kInt8);
  EXPECT_EQ(read.scale, 0.5f);
  EXPECT_EQ(read.zero_point, -128);
}

struct Case {
  const char* message;
  void (*change)(Network*);
  bool without_signature = false;
};

// What the reader says of a file that a case has changed.
template <typename Error>
void ExpectRefused(const Case& refused) {
  Network network;
  network.signatures = {{"serving_default",
                         {{"image", static_cast<uint32_t>(network.inputs[0])}},
                         {{"embedding", static_cast<uint32_t>(network.outputs[0])}}}};
  if (refused.without_signature) network.signatures.clear();
  refused.change(&network);
  const std::vector<uint8_t> file = network.Write();
  ExpectError<Error>(std::string("model.tflite: ") + refused.message, [&] { Read(file); });
}

TEST(ModelReader, DamagedFilesAreRefused) {
  const Case cases[] = {
      {"an operator has a code", [](Network* n) { n->operators[0].code = 99; }},
      {"CONV_2D#0 has tensor 1000, which", [](Network* n) { n->operators[0].inputs[0] = 1000; }},
      {"CONV_2D#0 has tensor -2, which", [](Network* n) { n->operators[0].inputs[0] = -2; }},
      {"CONV_2D#0 has tensor -1, which", [](Network* n) { n->operators[0].outputs[0] = -1; }},
      {"CONV_2D#0 has more than 64", [](Network* n) { n->operators[0].inputs.resize(65); }},
      {"the list of inputs has tensor", [](Network* n) { n->inputs = {1000}; }},
      {"the list of outputs has tensor -1", [](Network* n) { n->outputs = {-1}; }},
      {"tensor 1 has no buffer", [](Network* n) { n->tensors[n->stem].buffer = 1000; }},
      {"tensor 1 is stored shorter", [](Network* n) { n->tensors[n->stem].data.pop_back(); }},
      {"tensor 1 is stored shorter", [](Network* n) { n->tensors[n->stem].shape[0] = 33; }},
      {"tensor 1 is stored shorter", [](Network* n) { n->tensors[n->stem].shape[0] = -32; }},
      {"tensor 1 is stored shorter",
       [](Network* n) {
         n->tensors[n->stem].shape = {1 << 30, 1 << 30, 1 << 30, 1 << 30};
       }},
      {"tensor 1 has more than 8 dim", [](Network* n) { n->tensors[n->stem].shape.resize(9, 1); }},
      {"tensor 0 has a dimension of 0", [](Network* n) { n->tensors[0].shape[1] = 0; }},
      {"tensor 0 has a dimension of -1", [](Network* n) { n->tensors[0].shape[1] = -1; }},
      {"tensor 0 has a dimension of -2", [](Network* n) { n->tensors[0].shape[0] = -2; }},
      {"tensor 0 has not as many zero points", [](Network* n) { n->tensors[0].scales = {1.0f}; }},
      {"tensor 0 has a zero point outside",
       [](Network* n) {
         n->tensors[0].type = TensorType::INT8;
         n->tensors[0].scales = {1.0f};
         n->tensors[0].zero_points = {128};
       }},
      {"the list of outputs has more than 64 tensors",
       [](Network* n) { n->outputs.resize(65, n->outputs[0]); }},
      {"its signature is for a subgraph", [](Network* n) { n->signatures[0].subgraph = 1; }},
      {"its signature names an input that is not there",
       [](Network* n) { n->signatures[0].inputs[0].second = 1; }},
      {"its signature names an input that is not there",
       [](Network* n) { n->signatures[0].inputs[0].first = ""; }},
      {"its signature names an output that is not there, or one twice",
       [](Network* n) { n->signatures[0].outputs.push_back(n->signatures[0].outputs[0]); }},
      {"its signature does not name every output",
       [](Network* n) { n->signatures[0].outputs.clear(); }},
      {"tensor 0 is too large",
       [](Network* n) {
         n->tensors[0].shape = {1, 1 << 20, 1 << 20, 1, 1};
       }},
      {"there are more than 4096 operators",
       [](Network* n) { n->operators.resize(4097, n->operators[0]); }},
  };
  for (const Case& damaged : cases) ExpectRefused<BundleError>(damaged);
}

TEST(ModelReader, WhatThisEngineLacksIsNamed) {
  const Case cases[] = {
      {"version 2 of", [](Network* n) { n->version = 2; }},
      {"it has 0 subgraphs", [](Network* n) { n->subgraphs = 0; }},
      {"it has 2 subgraphs", [](Network* n) { n->subgraphs = 2; }},
      {"operator SOFTMAX is not known to this engine; run the model with LiteRT and the delegate",
       [](Network* n) { n->codes[0].first = BuiltinOperator::SOFTMAX; }},
      {"operators BATCH_MATMUL, SOFTMAX are not known to this engine; run the model with LiteRT "
       "and the delegate, import it as ONNX, or let it teach a network without attention",
       [](Network* n) {
         n->codes[0].first = BuiltinOperator::SOFTMAX;
         n->codes[1] = {BuiltinOperator::BATCH_MATMUL, ""};
       }},
      {"operators FlexErf, GELU are not known",
       [](Network* n) {
         n->codes[0].first = BuiltinOperator::GELU;
         n->codes[1] = {BuiltinOperator::CUSTOM, "FlexErf"};
       }},
      {"operator CUSTOM is not", [](Network* n) { n->codes[0].first = BuiltinOperator::CUSTOM; }},
      {"operator ?a? is not",
       [](Network* n) {
         n->codes[0] = {BuiltinOperator::CUSTOM, "\na\xff"};
       }},
      {"operator number 10000 is",
       [](Network* n) { n->codes[0].first = static_cast<BuiltinOperator>(10000); }},
      {"CONV_2D#0: it has no options",
       [](Network* n) { n->operators[0].options_type = tflite::BuiltinOptions::NONE; }},
      {"CONV_2D#0: it has no options",
       [](Network* n) { n->operators[0].options_type = tflite::BuiltinOptions::AddOptions; }},
      {"CONV_2D#0: unknown padding 9",
       [](Network* n) {
         n->SetOptions(
             [](Builder& builder) {
               return tflite::CreateConv2DOptions(builder, static_cast<tflite::Padding>(9));
             },
             &n->operators[0]);
       }},
      {"ADD#10: unknown activation 4",
       [](Network* n) {
         n->SetOptions(
             [](Builder& builder) {
               return tflite::CreateAddOptions(builder, ActivationFunctionType::TANH);
             },
             &n->Find(BuiltinOperator::ADD));
       }},
      {"L2_NORMALIZATION#28: it has a fused activation",
       [](Network* n) {
         n->SetOptions(
             [](Builder& builder) {
               return tflite::CreateL2NormOptions(builder, ActivationFunctionType::RELU);
             },
             &n->Find(BuiltinOperator::L2_NORMALIZATION));
       }},
      {"FULLY_CONNECTED#27: its weights are shuffled",
       [](Network* n) {
         n->SetOptions(
             [](Builder& builder) {
               return tflite::CreateFullyConnectedOptions(
                   builder, ActivationFunctionType::NONE,
                   tflite::FullyConnectedOptionsWeightsFormat::SHUFFLED4x16INT8);
             },
             &n->Find(BuiltinOperator::FULLY_CONNECTED));
       }},
      {"LceBconv2d#7: custom options are missing",
       [](Network* n) { n->Find(BuiltinOperator::CUSTOM, "LceBconv2d").custom_options.clear(); }},
      {"LceBconv2d#7: custom options lack 'channels_in'",
       [](Network* n) {
         n->Find(BuiltinOperator::CUSTOM, "LceBconv2d").custom_options = kBinaryPoolOptions;
       }},
      {"it has 0 inputs and 1 outputs, and no signature that names them",
       [](Network* n) { n->inputs.clear(); }, true},
      {"it has 1 inputs and 2 outputs, and no signature that names them",
       [](Network* n) { n->outputs.push_back(0); }, true},
      {"its input is not float32", [](Network* n) { n->tensors[0].type = TensorType::UINT8; }},
      {"its input is not float32", [](Network* n) { n->tensors[0].shape[0] = 2; }},
      {"its input is not float32", [](Network* n) { n->tensors[0].shape.resize(1); }},
      {"its input is not float32", [](Network* n) { n->tensors[0].shape.clear(); }},
      {"none of its signatures is serving_default",
       [](Network* n) {
         n->signatures = {{"a", {}, {}}, {"b", {}, {}}};
       }},
      {"its output is not float32", [](Network* n) { n->outputs = {n->stem}; }},
  };
  for (const Case& lacking : cases) ExpectRefused<UnsupportedError>(lacking);
}

TEST(ModelReader, OtherFilesAreRefused) {
  EXPECT_THROW(ReadModel(nullptr, 0, "model.tflite"), BundleError);
  const std::vector<uint8_t> file = Network().Write();
  EXPECT_THROW(ReadModel(file.data() + 4, file.size() - 4, "model.tflite"), std::invalid_argument);
  std::vector<uint8_t> other = file;
  other[4] = 'X';  // of the identifier
  EXPECT_THROW(Read(other), BundleError);
  EXPECT_THROW(Read(std::vector<uint8_t>(64)), BundleError);
}

}  // namespace
}  // namespace bireid
