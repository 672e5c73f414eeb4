// The table of operators: one more row, and what the documentation says of it.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "engine/errors.h"
#include "engine/model_reader.h"
#include "operators/table.h"
#include "tests/expect_error.h"
#include "tests/model_writer.h"
#include "tests/plan_runner.h"

namespace bireid {

extern const OperatorRow kToyScaleRow;  // of toy_operator.cc

namespace {

OperatorTable WithToyOperator() {
  OperatorTable table = Operators();
  table.push_back(&kToyScaleRow);
  return table;
}

// {"factor": 3} as a FlexBuffer.
std::string ToyOptions(char factor) {
  return std::string("factor\0\x01\x08\x01\x01\x01", 12) + factor +
         std::string("\x04\x02\x24\x01", 4);
}

// TOY_SCALE and RELU on [1, 2, 3, 5].
std::vector<uint8_t> ToyModel(const std::string& options) {
  ModelWriter writer;
  const std::vector<int> shape{1, 2, 3, 5};
  const auto map = [&] { return writer.AddTensor(tflite::TensorType::FLOAT32, shape); };
  writer.inputs = {map()};
  const int scaled = writer.AddOperator(tflite::BuiltinOperator::CUSTOM, {writer.inputs[0]}, map(),
                                        "TOY_SCALE", options);
  writer.outputs = {writer.AddOperator(tflite::BuiltinOperator::RELU, {scaled}, map())};
  return writer.Write();
}

TEST(OperatorTable, OneMoreRowIsOneMoreOperator) {
  const std::vector<uint8_t> file = ToyModel(ToyOptions(3));
  const Graph graph = ReadModel(file.data(), file.size(), "toy", WithToyOperator()).graph;
  std::vector<float> image(30);
  std::vector<float> expected(30);
  for (int i = 0; i < 30; ++i) {
    image[i] = 0.25f * static_cast<float>(i - 11);
    expected[i] = std::max(0.0f, image[i] * 3);
  }
  for (const std::string& isa : AvailablePaths()) {
    const auto plan = Plan::Build(graph, OptionsFor(isa, 2));
    std::vector<float> output(30);
    const void* inputs[] = {image.data()};
    void* outputs[] = {output.data()};
    ASSERT_EQ(plan->Run(inputs, outputs), nullptr);
    EXPECT_EQ(output, expected) << isa;
    EXPECT_EQ(plan->Profile().size(), 1u);  // RELU is a stage of it
  }
}

TEST(OperatorTable, TheRowChecksItsNodes) {
  const std::vector<uint8_t> file = ToyModel(ToyOptions(0));
  const Graph graph = ReadModel(file.data(), file.size(), "toy", WithToyOperator()).graph;
  EXPECT_EQ(WhyUnsupported(graph, graph.nodes[0]), "the factor is not positive");
}

TEST(OperatorTable, WithoutTheRowItIsUnknown) {
  const std::vector<uint8_t> file = ToyModel(ToyOptions(3));
  ExpectError<UnsupportedError>("toy: operator TOY_SCALE is not known",
                                [&] { ReadModel(file.data(), file.size(), "toy"); });
}

TEST(OperatorTable, NamesAreThereOnce) {
  std::set<std::string> names;
  for (const OperatorRow* row : Operators()) {
    EXPECT_TRUE(names.insert(row->name()).second) << row->name();
    EXPECT_EQ(FindOperator(Operators(), static_cast<int32_t>(row->builtin()), row->name()), row);
  }
  EXPECT_EQ(FindOperator(Operators(), static_cast<int32_t>(tflite::BuiltinOperator::CUSTOM), ""),
            nullptr);
}

// The first column of the table under "## Operators".
TEST(OperatorTable, TheDocumentationListsIt) {
  std::ifstream page(BIREID_DOCS "/native-runtime.md");
  if (!page) GTEST_SKIP() << "no docs/native-runtime.md beside the sources";
  std::set<std::string> documented;
  bool is_section = false;
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("## ", 0) == 0) is_section = line == "## Operators";
    if (!is_section || line.rfind("| `", 0) != 0) continue;
    for (size_t begin = 3; begin < line.find(" | ", 2);) {
      const size_t end = line.find('`', begin);
      documented.insert(line.substr(begin, end - begin));
      begin = line.find('`', end + 1) + 1;
      if (begin == 0) break;
    }
  }
  std::set<std::string> names;
  for (const OperatorRow* row : Operators()) names.insert(row->name());
  EXPECT_EQ(documented, names);
}

}  // namespace
}  // namespace bireid
