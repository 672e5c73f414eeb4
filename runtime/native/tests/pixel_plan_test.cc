// Plans whose first convolution runs on the 8-bit pixels of a normalised image.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "tests/graph_interpreter.h"
#include "tests/graph_writer.h"
#include "tests/plan_runner.h"
#include "tests/stage_reference.h"

namespace bireid {
namespace {

float* FloatsOf(Bytes& bytes) { return reinterpret_cast<float*>(bytes.data()); }

// A convolution of an image, and in some graphs a pooling and a second convolution.
class ImageModel {
 public:
  explicit ImageModel(uint32_t seed) : random_(seed) {
    const int channels = random_.Chance(60) ? 3 : random_.Int(1, 5);
    for (int c = 0; c < channels; ++c) {
      normalization.mean.push_back(0.3f + 0.1f * static_cast<float>(random_.Int(0, 4)));
      normalization.std.push_back(0.2f + 0.05f * static_cast<float>(random_.Int(0, 4)));
    }
    const std::vector<int> shape{random_.Int(1, 3), random_.Int(1, 14), random_.Int(1, 14),
                                 channels};
    image_ = writer.AddInput(DataType::kFloat32, shape);
    AddConvolution();
  }

  Bytes Image() {
    Bytes bytes(BytesOf(writer.graph.tensors[image_]));
    const int channels = static_cast<int>(normalization.mean.size());
    for (size_t i = 0; i < bytes.size() / sizeof(float); ++i) {
      const float pixel = static_cast<float>(random_.Int(0, 255));
      FloatsOf(bytes)[i] =
          (pixel / 255.0f - normalization.mean[i % channels]) / normalization.std[i % channels];
    }
    return bytes;
  }

  PlanOptions PixelOptions(const std::string& isa, int threads) const {
    PlanOptions options = OptionsFor(isa, threads);
    options.pixels = normalization;
    return options;
  }

  void AddConvolution() {
    int image = image_;
    std::vector<int> shape = writer.graph.tensors[image_].shape;
    if (shape[1] >= 8 && shape[2] >= 8 && random_.Chance(40)) {
      std::vector<int32_t> amounts(8);
      for (int i = 2; i < 6; ++i) amounts[i] = random_.Int(0, 3);
      shape[1] += amounts[2] + amounts[3];
      shape[2] += amounts[4] + amounts[5];
      const int constant = writer.AddConstant(DataType::kInt32, {4, 2}, amounts);
      image = writer.AddNode(Op("PAD"), {image_, constant}, DataType::kFloat32, shape);
    }
    Options options;
    options.padding = Padding::kSame;
    options.stride_height = random_.Int(1, 2);
    options.stride_width = random_.Int(1, 2);
    options.dilation_width = random_.Chance(30) ? 2 : 1;
    const int filters = random_.Int(1, 70);
    const std::vector<int> filter{filters, random_.Int(1, 7), random_.Int(1, 7), shape[3]};
    const int count = filters * filter[1] * filter[2] * filter[3];
    const int weights = writer.AddConstant(DataType::kFloat32, filter, random_.Floats(count));
    const int bias = writer.AddConstant(DataType::kFloat32, {filters}, random_.Floats(filters));
    const int output =
        writer.AddNode(Op("CONV_2D"), {image, weights, bias}, DataType::kFloat32,
                       {shape[0], (shape[1] + options.stride_height - 1) / options.stride_height,
                        (shape[2] + options.stride_width - 1) / options.stride_width, filters},
                       options);
    writer.graph.outputs.push_back(output);
  }

  // Between the last convolution and the graph's output.
  void AddPool() {
    Options options;
    options.padding = Padding::kSame;
    options.filter_height = options.filter_width = 3;
    options.stride_height = options.stride_width = 2;
    const int map = writer.graph.outputs.back();
    std::vector<int> shape = writer.graph.tensors[map].shape;
    shape[1] = (shape[1] + 1) / 2;
    shape[2] = (shape[2] + 1) / 2;
    writer.graph.outputs.back() =
        writer.AddNode(Op("MAX_POOL_2D"), {map}, DataType::kFloat32, shape, options);
  }

  GraphWriter writer;
  PixelNormalization normalization;

 private:
  Random random_;
  int image_;
};

// Half a unit of each rounded weight times the input, and what float32 itself rounds.
float Tolerance(const ImageModel& model, const Bytes& image) {
  float largest_input = 0;
  for (size_t i = 0; i < image.size() / sizeof(float); ++i) {
    largest_input =
        std::max(largest_input, std::abs(reinterpret_cast<const float*>(image.data())[i]));
  }
  const Graph& graph = model.writer.graph;
  const auto convolution = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                        [](const Node& node) { return node.op == Op("CONV_2D"); });
  const Tensor& filter = graph.tensors[convolution->inputs[1]];
  const int depth = filter.shape[1] * filter.shape[2] * filter.shape[3];
  const auto [least, most] =
      std::minmax_element(model.normalization.std.begin(), model.normalization.std.end());
  const float unit = 2.0f / 32767.0f * *most / *least;  // weights lie between -2 and 2
  return static_cast<float>(depth) * largest_input * (0.5f * unit + 2.0f * 1e-6f) + 1e-5f;
}

TEST(PixelPlan, IsCloseToFloat) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    ImageModel model(seed);
    const Graph& graph = model.writer.graph;
    const std::vector<Bytes> inputs{model.Image()};
    std::vector<Bytes> expected = GraphInterpreter::Run(graph, inputs);
    const auto plan = BuildPlanAndForget(graph, model.PixelOptions("auto", 1));
    std::vector<Bytes> actual = RunGuarded(*plan, graph, inputs, 9);
    const float tolerance = Tolerance(model, inputs[0]);
    for (size_t i = 0; i < expected[0].size() / sizeof(float); ++i) {
      ASSERT_NEAR(FloatsOf(actual[0])[i], FloatsOf(expected[0])[i], tolerance) << i;
    }
  }
}

TEST(PixelPlan, PathsAndThreadsGiveTheSame) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    ImageModel model(seed);
    if (seed % 2 == 1) model.AddPool();
    if (seed % 3 == 1) model.AddConvolution();
    const Graph& graph = model.writer.graph;
    const std::vector<Bytes> inputs{model.Image()};
    const auto plan = BuildPlanAndForget(graph, model.PixelOptions("scalar", 1));
    const std::vector<Bytes> expected = RunGuarded(*plan, graph, inputs, 1);
    for (const std::string& isa : AvailablePaths()) {
      for (const int threads : {1, 2, 3}) {
        const auto other = BuildPlanAndForget(graph, model.PixelOptions(isa, threads));
        EXPECT_TRUE(RunGuarded(*other, graph, inputs, 2) == expected) << isa << threads;
      }
    }
  }
}

std::string RunError(Plan& plan, const Graph& graph, const Bytes& image) {
  try {
    RunGuarded(plan, graph, {image}, 0);
    return "";
  } catch (const PlanError& error) {
    return error.what();
  }
}

TEST(PixelPlan, RefusesWhatIsNoPixel) {
  ImageModel model(7);
  const Graph& graph = model.writer.graph;
  const Bytes image = model.Image();
  const size_t values = image.size() / sizeof(float);
  const float step = 1.0f / (255.0f * model.normalization.std[0]);
  for (const std::string& isa : AvailablePaths()) {
    const auto plan = BuildPlanAndForget(graph, model.PixelOptions(isa, 2));
    for (const float value :
         {0.5f * step, 300 * step, -300 * step, 1e30f, std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      for (const size_t place : {size_t{0}, values - 1}) {
        SCOPED_TRACE(isa + " " + std::to_string(value) + " at " + std::to_string(place));
        Bytes wrong = image;
        FloatsOf(wrong)[place] += value;
        EXPECT_EQ(RunError(*plan, graph, wrong),
                  "the input is not a normalised 8-bit image, which stem=uint8 needs");
        EXPECT_EQ(RunError(*plan, graph, image), "");
      }
    }
  }
}

std::string BuildError(const Graph& graph, const PlanOptions& options) {
  try {
    Plan::Build(graph, options);
    return "";
  } catch (const PlanError& error) {
    return error.what();
  }
}

TEST(PixelPlan, NeedsAnImageThatOnlyConvolutionsRead) {
  const std::string none = "stem=uint8: no convolution alone reads an input of that many channels";
  ImageModel model(7);
  PlanOptions options = model.PixelOptions("auto", 1);
  EXPECT_EQ(BuildError(model.writer.graph, options), "");
  options.pixels.mean.push_back(0.5f);
  options.pixels.std.push_back(0.5f);
  EXPECT_EQ(BuildError(model.writer.graph, options), none);

  options = model.PixelOptions("auto", 1);
  options.pixels.std[0] = 0.0f;
  EXPECT_EQ(BuildError(model.writer.graph, options), "the std of pixels must be positive");

  options = model.PixelOptions("auto", 1);
  const int image = model.writer.graph.inputs[0];
  const std::vector<int> shape = model.writer.graph.tensors[image].shape;
  model.writer.graph.outputs.push_back(
      model.writer.AddNode(Op("RELU"), {image}, DataType::kFloat32, shape));
  EXPECT_EQ(BuildError(model.writer.graph, options), none);
}

TEST(PixelPlan, WeightsThatAreNoNumbersSpoilTheirChannelAlone) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    GraphWriter writer;
    std::vector<float> weights(2 * 9 * 3, 1e10f);
    weights[5] = bad;
    const int image = writer.AddInput(DataType::kFloat32, {1, 3, 3, 3});
    const int filter = writer.AddConstant(DataType::kFloat32, {2, 3, 3, 3}, weights);
    writer.graph.outputs = {
        writer.AddNode(Op("CONV_2D"), {image, filter}, DataType::kFloat32, {1, 1, 1, 2})};
    std::vector<Bytes> inputs{Bytes(27 * sizeof(float))};
    std::fill_n(FloatsOf(inputs[0]), 27, 1.0f);
    for (const std::string& isa : AvailablePaths()) {
      PlanOptions options = OptionsFor(isa, 1);
      options.pixels = {{0, 0, 0}, {1, 1, 1}};
      const auto plan = BuildPlanAndForget(writer.graph, options);
      std::vector<Bytes> outputs = RunGuarded(*plan, writer.graph, inputs, 0);
      EXPECT_FALSE(std::isfinite(FloatsOf(outputs[0])[0])) << isa;
      EXPECT_NEAR(FloatsOf(outputs[0])[1], 27e10f, 1e8f) << isa;
    }
  }
}

}  // namespace
}  // namespace bireid
