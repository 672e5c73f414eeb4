// What a plan may allocate, and when.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "plan/thread_pool.h"
#include "tests/graph_interpreter.h"
#include "tests/graph_writer.h"
#include "tests/plan_runner.h"
#include "tests/random_graph.h"

namespace {

std::atomic<bool> counts{false};
std::atomic<int> allocations{0};

}  // namespace

// Of this program: what a plan allocates while it runs is counted.
[[gnu::noinline]] void* operator new(size_t bytes) {
  if (counts) ++allocations;
  void* memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace bireid {
namespace {

std::string BuildError(const Graph& graph, int threads) {
  try {
    Plan::Build(graph, OptionsFor("scalar", threads));
    return "";
  } catch (const PlanError& error) {
    return error.what();
  }
}

// A convolution and a pooling that alone reads it: of a map of [1, size, size, channels].
struct ConvolutionAndPool {
  ConvolutionAndPool(int size, int channels, int pool) {
    const int image = writer.AddInput(DataType::kFloat32, {1, size, size, 1});
    const int filter = writer.AddConstant(DataType::kFloat32, {channels, 1, 1, 1},
                                          std::vector<float>(channels, 0.5f));
    const std::vector<int> shape{1, size, size, channels};
    const int map = writer.AddNode(Op("CONV_2D"), {image, filter}, DataType::kFloat32, shape);
    Options options;
    options.padding = Padding::kSame;
    options.filter_height = pool;
    options.filter_width = 2;
    writer.graph.outputs = {
        writer.AddNode(Op("MAX_POOL_2D"), {map}, DataType::kFloat32, shape, options)};
  }

  GraphWriter writer;
};

// Not one row for each of the window's, of which 64 threads would have 4 GiB, but for those that
// the map has.
TEST(PlanMemory, AWindowLargerThanTheMapTakesNoMoreRowsThanTheMap) {
  const ConvolutionAndPool model(9, 32, 60000);
  const Graph& graph = model.writer.graph;
  std::vector<float> image(81);
  for (int i = 0; i < 81; ++i) image[i] = static_cast<float>(i * 37 % 83) - 40.0f;
  const char* begin = reinterpret_cast<const char*>(image.data());
  const std::vector<Bytes> inputs{Bytes(begin, begin + image.size() * sizeof(float))};
  const std::vector<Bytes> expected = GraphInterpreter::Run(graph, inputs);
  EXPECT_EQ(BuildError(graph, kMaxThreads), "");
  for (const int threads : {1, 3}) {
    const auto plan = Plan::Build(graph, OptionsFor("auto", threads));
    EXPECT_TRUE(RunGuarded(*plan, graph, inputs, 1) == expected) << threads;
  }
}

// 64 MiB of rows for every thread.
TEST(PlanMemory, TheScratchOfAllThreadsCounts) {
  const ConvolutionAndPool model(256, 256, 256);
  EXPECT_EQ(BuildError(model.writer.graph, 2), "");
  EXPECT_EQ(BuildError(model.writer.graph, 16),
            "the maps of the graph and the scratch of 16 threads need more than 1 GiB");
}

TEST(PlanMemory, ThreadsAreLimited) {
  const ConvolutionAndPool model(3, 1, 2);
  EXPECT_EQ(BuildError(model.writer.graph, kMaxThreads), "");
  EXPECT_EQ(BuildError(model.writer.graph, 65), "threads are 65; they must be 1 to 64");
  EXPECT_EQ(BuildError(model.writer.graph, 0), "threads are 0; they must be 1 to 64");
}

// Workers cannot tell anyone that there is no memory.
TEST(PlanMemory, RunAllocatesNothing) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    RandomGraph random(seed);
    const Graph& graph = random.graph();
    const std::vector<Bytes> inputs = random.Inputs();
    std::vector<const void*> sources;
    for (const Bytes& input : inputs) sources.push_back(input.data());
    std::vector<Bytes> outputs;
    std::vector<void*> targets;
    for (const int output : graph.outputs) {
      outputs.emplace_back(BytesOf(graph.tensors[output]));
      targets.push_back(outputs.back().data());
    }
    for (const std::string& isa : AvailablePaths()) {
      for (const int threads : {1, 3}) {
        const auto plan = Plan::Build(graph, OptionsFor(isa, threads));
        counts = true;
        const char* failure = plan->Run(sources.data(), targets.data());
        counts = false;
        EXPECT_EQ(failure, nullptr);
        ASSERT_EQ(allocations, 0) << isa << ", seed " << seed << ", threads " << threads;
      }
    }
  }
}

}  // namespace
}  // namespace bireid
