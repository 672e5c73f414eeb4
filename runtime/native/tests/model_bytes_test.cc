// Model files cut off or with changed bytes, and those that come with the project.
#include <glob.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/errors.h"
#include "engine/file.h"
#include "engine/model_reader.h"
#include "kernels/dispatch.h"
#include "plan/plan.h"
#include "tests/change_bytes.h"
#include "tests/model_network.h"

namespace bireid {
namespace {

Graph Read(const std::vector<uint8_t>& file) {
  return ReadModel(file.data(), file.size(), "model.tflite").graph;
}

// Reads what a damaged file gives as far as a caller may rely on it; a sanitizer watches.
// Returns whether the file was accepted.
bool ReadAll(const std::vector<uint8_t>& file) {
  try {
    const Graph graph = Read(file);
    for (const Tensor& tensor : graph.tensors) {
      const auto* begin = static_cast<const uint8_t*>(tensor.constant);
      if (begin == nullptr) continue;
      EXPECT_TRUE(begin >= file.data() && tensor.constant_bytes <= file.size());
      EXPECT_LE(begin + tensor.constant_bytes, file.data() + file.size());
    }
    for (const Node& node : graph.nodes) WhyUnsupported(graph, node);
    return true;
  } catch (const BundleError&) {
  } catch (const UnsupportedError&) {
  }
  return false;
}

TEST(ModelReader, CutOffFilesAreRefused) {
  const std::vector<uint8_t> file = Network().Write();
  for (size_t size = 0; size < file.size(); size += size < 4096 ? 1 : 61) {
    EXPECT_FALSE(ReadAll(std::vector<uint8_t>(file.begin(), file.begin() + size))) << size;
  }
}

TEST(ModelReader, ChangedBytesAreReadOrRefused) {
  const std::vector<uint8_t> file = Network().Write();
  constexpr int kFiles = 10000;
  int accepted = 0;
  for (int seed = 0; seed < kFiles; ++seed) accepted += ReadAll(ChangeBytes(file, seed));
  // A changed weight is still a weight.
  EXPECT_GT(accepted, kFiles / 20);
  EXPECT_LT(accepted, kFiles / 2);
}

// The models that come with the project.
class ZooModels : public testing::Test {
 protected:
  void SetUp() override {
#ifdef BIREID_ZOO
    glob_t found{};
    glob(BIREID_ZOO "/*/model.lce.tflite", 0, nullptr, &found);
    for (size_t i = 0; i < found.gl_pathc; ++i)
      files_.push_back(ReadFile(found.gl_pathv[i], 1 << 24));
    globfree(&found);
#endif
    if (files_.empty()) GTEST_SKIP() << "no model: BIREID_ZOO is not the folder models/zoo";
  }

  std::vector<std::vector<uint8_t>> files_;
};

TEST_F(ZooModels, BecomePlans) {
  for (const std::vector<uint8_t>& file : files_) {
    const Graph graph = Read(file);
    std::map<std::string, int> counts;
    for (const Node& node : graph.nodes) ++counts[node.name.substr(0, node.name.find('#'))];
    EXPECT_GT(counts["LceBconv2d"], 0);
    EXPECT_GT(counts["LceQuantize"], 0);
    EXPECT_EQ(graph.nodes.front().name, "CONV_2D#0");
    for (const Node& node : graph.nodes) EXPECT_EQ(WhyUnsupported(graph, node), "") << node.name;
    PlanOptions options;
    options.kernels = FindKernels("auto");
    EXPECT_NE(Plan::Build(graph, options), nullptr);
  }
}

TEST_F(ZooModels, ChangedBytesAreReadOrRefused) {
  for (const std::vector<uint8_t>& file : files_) {
    EXPECT_TRUE(ReadAll(file));
    for (int seed = 0; seed < 1000; ++seed) ReadAll(ChangeBytes(file, seed));
  }
}

}  // namespace
}  // namespace bireid
