// Depthwise convolutions that read rows of a large map while another convolution makes it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plan/plan.h"
#include "tests/graph_interpreter.h"
#include "tests/graph_writer.h"
#include "tests/plan_runner.h"
#include "tests/stage_reference.h"

namespace bireid {
namespace {

struct Pair {
  int height = 96;
  int width = 72;
  int channels = 20;  // 96 * 72 * 19 elements are enough
  int filter = 3;
  int stride = 1;
  int dilation = 1;
  Padding padding = Padding::kSame;
  Activation activation = Activation::kRelu6;
  int multiplier = 1;
  int first_filter = 1;
  std::vector<int32_t> zeros;  // of a PAD between, as its second input has them
  bool is_output = false;
};

std::ostream& operator<<(std::ostream& out, const Pair& pair) {
  return out << pair.height << "x" << pair.width << "x" << pair.channels << ", window "
             << pair.filter << ", stride " << pair.stride << ", dilation " << pair.dilation;
}

class PairGraph {
 public:
  explicit PairGraph(const Pair& pair) : random_(7) {
    constexpr int kDepth = 5;
    const int image = writer_.AddInput(DataType::kFloat32, {1, pair.height, pair.width, kDepth});
    AddPooled(image, kDepth, pair);
    Options first;
    first.padding = Padding::kSame;
    first.activation = pair.activation;
    int map =
        Convolve("CONV_2D", image, {pair.channels, pair.first_filter, pair.first_filter, kDepth},
                 pair.channels, {1, pair.height, pair.width, pair.channels}, first);
    std::vector<int> shape{1, pair.height, pair.width, pair.channels};
    if (pair.is_output) writer_.graph.outputs.push_back(map);
    if (!pair.zeros.empty()) {
      const int amounts = writer_.AddConstant(DataType::kInt32, {4, 2}, pair.zeros);
      shape[1] += pair.zeros[2] + pair.zeros[3];
      shape[2] += pair.zeros[4] + pair.zeros[5];
      map = writer_.AddNode(Op("PAD"), {map, amounts}, DataType::kFloat32, shape);
    }
    Options second;
    second.padding = pair.padding;
    second.activation = Activation::kRelu;
    second.stride_height = second.stride_width = pair.stride;
    second.dilation_height = second.dilation_width = pair.dilation;
    const int filters = pair.channels * pair.multiplier;
    const auto output = [&](int size) {
      return Extent::Of(size, pair.filter, pair.stride, pair.dilation, pair.padding).output;
    };
    writer_.graph.outputs.push_back(
        Convolve("DEPTHWISE_CONV_2D", map, {1, pair.filter, pair.filter, filters}, filters,
                 {1, output(shape[1]), output(shape[2]), filters}, second));
    const std::vector<float> values = random_.Floats(pair.height * pair.width * kDepth);
    const char* bytes = reinterpret_cast<const char*>(values.data());
    inputs_.emplace_back(bytes, bytes + values.size() * sizeof(float));
  }

  const Graph& graph() const { return writer_.graph; }
  const std::vector<Bytes>& inputs() const { return inputs_; }

 private:
  // Rows of other numbers where the ring will be.
  void AddPooled(int image, int depth, const Pair& pair) {
    constexpr int kFilters = 16;
    Options options;
    const int map = Convolve("CONV_2D", image, {kFilters, 1, 1, depth}, kFilters,
                             {1, pair.height, pair.width, kFilters}, options);
    options.filter_height = 3;
    writer_.graph.outputs.push_back(writer_.AddNode(Op("MAX_POOL_2D"), {map}, DataType::kFloat32,
                                                    {1, pair.height - 2, pair.width, kFilters},
                                                    options));
  }

  int Convolve(const char* op, int map, std::vector<int> filter, int channels,
               std::vector<int> shape, const Options& options) {
    int count = 1;
    for (const int size : filter) count *= size;
    const int weights =
        writer_.AddConstant(DataType::kFloat32, std::move(filter), random_.Floats(count));
    const int bias = writer_.AddConstant(DataType::kFloat32, {channels}, random_.Floats(channels));
    return writer_.AddNode(Op(op), {map, weights, bias}, DataType::kFloat32, std::move(shape),
                           options);
  }

  Random random_;
  GraphWriter writer_;
  std::vector<Bytes> inputs_;
};

size_t Steps(const Graph& graph, int threads = 1) {
  PlanOptions options = OptionsFor("auto", threads);
  options.profile = true;
  return Plan::Build(graph, options)->Profile().size();
}

Pair With(void (*change)(Pair*)) {
  Pair pair;
  change(&pair);
  return pair;
}

const Pair kTogether[] = {
    Pair{},
    With([](Pair* p) { p->stride = 2; }),
    With([](Pair* p) { p->filter = 5, p->stride = 3, p->width = 71; }),
    With([](Pair* p) { p->dilation = 2, p->channels = 35; }),
    With([](Pair* p) { p->padding = Padding::kValid, p->stride = 2; }),
    With([](Pair* p) { p->multiplier = 2, p->activation = Activation::kNone; }),
    With([](Pair* p) { p->first_filter = 3, p->filter = 4; }),
    With([](Pair* p) {
      p->padding = Padding::kValid, p->stride = 2, p->zeros = {0, 0, 1, 0, 2, 1, 0, 0};
    }),
    With([](Pair* p) { p->zeros = {0, 0, 5, 4, 0, 3, 0, 0}; }),  // more rows than the ring has
    With([](Pair* p) { p->filter = 1, p->stride = 2, p->height = 95; }),
};

const Pair kApart[] = {
    With([](Pair* p) { p->channels = 18; }),  // a small map
    With([](Pair* p) { p->is_output = true; }),
    With([](Pair* p) { p->dilation = 8; }),                                  // windows of 17 rows
    With([](Pair* p) { p->dilation = 7, p->height = 59, p->width = 117; }),  // and of 15, a quarter
    With([](Pair* p) { p->first_filter = 27; }),  // whose weights fill a cache
};

TEST(DepthwiseRing, IsExact) {
  for (const Pair& pair : kTogether) {
    SCOPED_TRACE(::testing::PrintToString(pair));
    const PairGraph random(pair);
    const std::vector<Bytes> expected = GraphInterpreter::Run(random.graph(), random.inputs());
    EXPECT_EQ(Steps(random.graph()), pair.first_filter == 1 ? 2u : 3u);  // 3: a border before it
    for (const std::string& isa : AvailablePaths()) {
      for (const int threads : {1, 3}) {
        const auto plan = BuildPlanAndForget(random.graph(), OptionsFor(isa, threads));
        ASSERT_TRUE(RunGuarded(*plan, random.graph(), random.inputs(), '\xff') == expected)
            << isa << ", threads: " << threads;
      }
    }
  }
}

TEST(DepthwiseRing, OthersStayApart) {
  for (const Pair& pair : kApart) {
    SCOPED_TRACE(::testing::PrintToString(pair));
    EXPECT_GE(Steps(PairGraph(pair).graph()), 3u);
  }
  const PairGraph usual{Pair{}};
  EXPECT_EQ(Steps(usual.graph(), 8), 2u);
  EXPECT_EQ(Steps(usual.graph(), 9), 3u);  // of 96 rows, each of 9 would compute two once more
}

// The same numbers as with a map that is written, for it is an output too.
TEST(DepthwiseRing, ReadsPixels) {
  const PairGraph together{With([](Pair* p) { p->first_filter = 3; })};
  const PairGraph apart{With([](Pair* p) { p->first_filter = 3, p->is_output = true; })};
  std::vector<Bytes> image = together.inputs();
  float* values = reinterpret_cast<float*>(image[0].data());
  const size_t count = image[0].size() / sizeof(float);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i * 7919 % 256) / 255.0f - 0.5f;
  for (const std::string& isa : AvailablePaths()) {
    PlanOptions options = OptionsFor(isa, 2);
    options.pixels = {std::vector<float>(5, 0.5f), std::vector<float>(5, 1.0f)};
    const auto plan = Plan::Build(together.graph(), options);
    const auto other = Plan::Build(apart.graph(), options);
    EXPECT_EQ(RunGuarded(*plan, together.graph(), image, 1).back(),
              RunGuarded(*other, apart.graph(), image, 1).back())
        << isa;
  }
}

}  // namespace
}  // namespace bireid
