// The delegate in a fake runtime.
#include "delegate/delegate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "formats/schema/tflite.h"
#include "tests/fake_litert.h"
#include "tests/lce_options.h"

namespace bireid {
namespace {

constexpr auto kRelu = static_cast<int32_t>(tflite::BuiltinOperator::RELU);
constexpr auto kAdd = static_cast<int32_t>(tflite::BuiltinOperator::ADD);

// Quantise and convolve: 32 channels of a 4x3 map, 3x3 filters, 2 output channels.
struct ConvolutionModel {
  ConvolutionModel() {
    input = runtime.AddTensor(litert::kTfLiteFloat32, {1, 4, 3, 32});
    packed = runtime.AddTensor(litert::kTfLiteInt32, {1, 4, 3, 1});
    filter = runtime.AddConstant<int32_t>(litert::kTfLiteInt32, {2, 3, 3, 1},
                                          std::vector<int32_t>(18, 0x0f0f0f0f));
    multiplier = runtime.AddConstant<float>(litert::kTfLiteFloat32, {2}, {1.0f, 0.5f});
    bias = runtime.AddConstant<float>(litert::kTfLiteFloat32, {2}, {0.0f, 3.0f});
    output = runtime.AddTensor(litert::kTfLiteFloat32, {1, 4, 3, 2});
    runtime.AddCustom("LceQuantize", {input}, {packed});
    convolution = &runtime.AddCustom("LceBconv2d", {packed, filter, multiplier, bias, -1}, {output},
                                     kNarrowOptions);
  }

  TfLiteStatus Apply(const std::map<std::string, std::string>& options = {}) {
    return runtime.Apply(options, {input, filter, multiplier, bias}, {output});
  }

  FakeRuntime runtime;
  int input, packed, filter, multiplier, bias, output;
  TfLiteNode* convolution;
};

std::string CreateError(const char* key, const char* value) {
  static std::string message;
  message.clear();
  TfLiteDelegate* delegate =
      tflite_plugin_create_delegate(&key, &value, 1, [](const char* text) { message += text; });
  EXPECT_EQ(delegate, nullptr);
  tflite_plugin_destroy_delegate(delegate);
  return message;
}

TEST(DelegateOptions, ErrorsNameTheKeyAndTheRemedy) {
  EXPECT_EQ(CreateError("fused", "none").find("no option 'fused'; known: fuse, isa, "), 0u);
  EXPECT_EQ(CreateError("fuse", "all"), "option fuse is 'all'; it must be backbone or none");
  for (const char* threads : {"0", "-1", "2x", "", "65", "257", "99999999999999999999"}) {
    EXPECT_EQ(CreateError("threads", threads), "option threads is '" + std::string(threads) +
                                                   "'; it must be a whole number from 1 to 64");
  }
  EXPECT_EQ(CreateError("isa", "mmx").find("option isa is 'mmx'; it must be auto, scalar"), 0u);
  EXPECT_EQ(CreateError("profile", "/no/such/folder/profile.json"),
            "option profile is '/no/such/folder/profile.json'; it must be a file in a folder that "
            "can be written");
  EXPECT_NE(CreateError("isa", nullptr), "");
}

TEST(DelegateOptions, GoodOnesMakeADelegate) {
  const char* keys[] = {"fuse", "threads", "isa"};
  const char* values[] = {"none", "3", "scalar"};
  TfLiteDelegate* delegate = tflite_plugin_create_delegate(keys, values, 3, nullptr);
  ASSERT_NE(delegate, nullptr);
  EXPECT_EQ(delegate->flags, 1);
  tflite_plugin_destroy_delegate(delegate);
}

TEST(Delegate, ComputesABinaryConvolution) {
  ConvolutionModel model;
  ASSERT_EQ(model.Apply(), litert::kTfLiteOk) << model.runtime.errors;
  EXPECT_EQ(model.runtime.claimed, (std::vector<int>{0, 1}));
  ASSERT_EQ(model.runtime.Prepare(), litert::kTfLiteOk) << model.runtime.errors;
  std::vector<float> values(4 * 3 * 32);
  for (size_t i = 0; i < values.size(); ++i) values[i] = i % 8 < 4 ? -1.0f : 1.0f;
  model.runtime.Write(model.input, values);
  ASSERT_EQ(model.runtime.Invoke(), litert::kTfLiteOk) << model.runtime.errors;
  // Signs equal the filter's: 32 a tap. Outside the map, +1 against 16 of each: 0.
  std::vector<float> expected;
  for (const int rows : {2, 3, 3, 2}) {
    for (const int columns : {2, 3, 2}) {
      expected.push_back(static_cast<float>(32 * rows * columns));
      expected.push_back(static_cast<float>(16 * rows * columns + 3));
    }
  }
  EXPECT_EQ(model.runtime.Read<float>(model.output), expected);
}

TEST(Delegate, AResizedInputResizesTheOutput) {
  ConvolutionModel model;
  ASSERT_EQ(model.Apply(), litert::kTfLiteOk);
  ASSERT_EQ(model.runtime.Prepare(), litert::kTfLiteOk);
  model.runtime.Resize(model.input, {3, 6, 5, 32});
  ASSERT_EQ(model.runtime.Prepare(), litert::kTfLiteOk) << model.runtime.errors;
  EXPECT_EQ(model.runtime.Shape(model.output), (std::vector<int>{3, 6, 5, 2}));
  model.runtime.Write(model.input, std::vector<float>(3 * 6 * 5 * 32, -1.0f));
  ASSERT_EQ(model.runtime.Invoke(), litert::kTfLiteOk) << model.runtime.errors;
  EXPECT_EQ(model.runtime.Read<float>(model.output).back(), 3.0f);

  for (const std::vector<int>& shape :
       std::vector<std::vector<int>>{{3, 6, 5, 64}, {3, 6, 5}, {3, 0, 5, 32}, {-1, 6, 5, 32}}) {
    model.runtime.Resize(model.input, shape);
    model.runtime.errors.clear();
    EXPECT_EQ(model.runtime.Prepare(), litert::kTfLiteError);
    EXPECT_EQ(model.runtime.errors.find("bireid: Lce"), 0u) << model.runtime.errors;
    EXPECT_EQ(model.runtime.InvokeAsItIs(), litert::kTfLiteError);
  }
}

TEST(Delegate, MemoryThatIsMissingOrTooSmallIsRefused) {
  ConvolutionModel model;
  ASSERT_EQ(model.Apply(), litert::kTfLiteOk);
  ASSERT_EQ(model.runtime.Prepare(), litert::kTfLiteOk);
  EXPECT_EQ(model.runtime.InvokeAsItIs(), litert::kTfLiteError);
  EXPECT_EQ(model.runtime.errors, "bireid: tensor 0 has less memory than its shape needs. ");
  ASSERT_EQ(model.runtime.Invoke(), litert::kTfLiteOk);
  model.runtime.tensors[model.output].bytes -= 1;
  EXPECT_EQ(model.runtime.InvokeAsItIs(), litert::kTfLiteError);
}

TEST(Delegate, AnInterpreterOfTooManyThreadsIsRefused) {
  ConvolutionModel model;
  model.runtime.SetThreads(65);
  ASSERT_EQ(model.Apply(), litert::kTfLiteOk);
  EXPECT_EQ(model.runtime.Prepare(), litert::kTfLiteError);
  EXPECT_EQ(model.runtime.errors,
            "bireid: the interpreter has 65 threads; the delegate takes 1 to 64, as its option "
            "'threads' says. ");
  model.runtime.SetThreads(64);
  EXPECT_EQ(model.runtime.Prepare(), litert::kTfLiteOk);
}

// MEAN gives a matrix [batch, channels], of which the plan makes a map.
TEST(Delegate, AMatrixKeepsItsDimensions) {
  ConvolutionModel model;
  FakeRuntime& runtime = model.runtime;
  const int axes = runtime.AddConstant<int32_t>(litert::kTfLiteInt32, {2}, {1, 2});
  const int mean = runtime.AddTensor(litert::kTfLiteFloat32, {1, 2});
  runtime.AddNode(static_cast<int32_t>(tflite::BuiltinOperator::MEAN), nullptr,
                  {model.output, axes}, {mean});
  ASSERT_EQ(runtime.Apply({}, {model.input}, {mean}), litert::kTfLiteOk) << runtime.errors;
  EXPECT_EQ(runtime.claimed, (std::vector<int>{0, 1, 2}));
  ASSERT_EQ(runtime.Prepare(), litert::kTfLiteOk) << runtime.errors;
  EXPECT_EQ(runtime.Shape(mean), (std::vector<int>{1, 2}));
  runtime.Resize(model.input, {3, 5, 4, 32});
  ASSERT_EQ(runtime.Prepare(), litert::kTfLiteOk) << runtime.errors;
  EXPECT_EQ(runtime.Shape(mean), (std::vector<int>{3, 2}));
  runtime.Write(model.input, std::vector<float>(3 * 5 * 4 * 32, 1.0f));
  ASSERT_EQ(runtime.Invoke(), litert::kTfLiteOk) << runtime.errors;
  EXPECT_EQ(runtime.Read<float>(mean).size(), 6u);
}

TEST(Delegate, InvokeWithoutPrepareIsRefused) {
  ConvolutionModel model;
  ASSERT_EQ(model.Apply(), litert::kTfLiteOk);
  EXPECT_EQ(model.runtime.Invoke(), litert::kTfLiteError);
  EXPECT_EQ(model.runtime.errors, "bireid: it was not prepared. ");
}

// A change that a damaged file could make, and a part of the message that must follow.
struct Damage {
  const char* message;
  void (*make)(ConvolutionModel* model);
};

class DamagedModel : public testing::TestWithParam<Damage> {};

TEST_P(DamagedModel, IsRefusedByName) {
  ConvolutionModel model;
  GetParam().make(&model);
  EXPECT_EQ(model.Apply(), litert::kTfLiteError);
  EXPECT_EQ(model.runtime.errors.find("bireid: node "), 0u) << model.runtime.errors;
  EXPECT_NE(model.runtime.errors.find(GetParam().message), std::string::npos)
      << model.runtime.errors;
}

void SetOption(ConvolutionModel* model, size_t value, char number) {
  std::string options = kNarrowOptions;
  options[options.size() - 3 - 8 - 8 + value] = number;  // the values stand before the types
  TfLiteNode& node = *model->convolution;
  static std::deque<std::string> kept;
  kept.push_back(options);
  node.custom_initial_data = kept.back().data();
}

INSTANTIATE_TEST_SUITE_P(
    All, DamagedModel,
    testing::Values(
        Damage{"node 1 (LceBconv2d): weights are shorter or longer than their shape",
               [](ConvolutionModel* m) { m->runtime.tensors[m->filter].bytes -= 4; }},
        Damage{"weights are shorter or longer",
               [](ConvolutionModel* m) { m->runtime.tensors[m->bias].bytes = 0; }},
        Damage{"weights are not stored",
               [](ConvolutionModel* m) { m->runtime.tensors[m->filter].data = nullptr; }},
        Damage{"not aligned to 4 bytes",
               [](ConvolutionModel* m) {
                 TfLiteTensor& filter = m->runtime.tensors[m->filter];
                 filter.data = static_cast<char*>(filter.data) + 1;
               }},
        Damage{"LceQuantize",
               [](ConvolutionModel* m) {
                 m->runtime.Resize(m->input, {1, -4, 3, 32});
               }},
        Damage{"LceQuantize",
               [](ConvolutionModel* m) {
                 const int huge = std::numeric_limits<int>::max();
                 m->runtime.Resize(m->input, {huge, huge, huge, huge});
               }},
        Damage{"LceQuantize",
               [](ConvolutionModel* m) { m->runtime.tensors[m->input].dims = nullptr; }},
        Damage{"LceQuantize",
               [](ConvolutionModel* m) { m->runtime.Resize(m->input, std::vector<int>(100, 1)); }},
        Damage{"has another type",
               [](ConvolutionModel* m) {
                 m->runtime.tensors[m->packed].type = litert::kTfLiteFloat32;
               }},
        Damage{"there is no tensor 99",
               [](ConvolutionModel* m) { m->convolution->inputs->data[1] = 99; }},
        Damage{"there is no tensor -2",
               [](ConvolutionModel* m) { m->convolution->inputs->data[1] = -2; }},
        Damage{"has no input", [](ConvolutionModel* m) { m->convolution->inputs->data[0] = -1; }},
        Damage{"input 1 is missing", [](ConvolutionModel* m) { m->convolution->inputs->size = 1; }},
        Damage{"missing", [](ConvolutionModel* m) { m->convolution->inputs->data[2] = -1; }},
        Damage{"must have one output",
               [](ConvolutionModel* m) { m->convolution->outputs->size = 0; }},
        Damage{"custom options are missing",
               [](ConvolutionModel* m) { m->convolution->custom_initial_data = nullptr; }},
        Damage{"negative size",
               [](ConvolutionModel* m) { m->convolution->custom_initial_data_size = -1; }},
        Damage{"custom options",
               [](ConvolutionModel* m) { m->convolution->custom_initial_data_size -= 1; }},
        Damage{"channels_in", [](ConvolutionModel* m) { SetOption(m, 0, 33); }},
        Damage{"at least 1", [](ConvolutionModel* m) { SetOption(m, 1, 0); }},
        Damage{"unknown activation 9", [](ConvolutionModel* m) { SetOption(m, 3, 9); }},
        Damage{"pad", [](ConvolutionModel* m) { SetOption(m, 4, 2); }},
        Damage{"unknown padding 2", [](ConvolutionModel* m) { SetOption(m, 5, 2); }},
        Damage{"at least 1", [](ConvolutionModel* m) { SetOption(m, 6, -1); }}));

TEST(Delegate, NodesThatReadEachOtherAreRefused) {
  ConvolutionModel model;
  // LceQuantize reads what nobody writes before it.
  ASSERT_EQ(model.runtime.Apply({}, {model.filter, model.multiplier, model.bias}, {model.output}),
            litert::kTfLiteOk);
  EXPECT_EQ(model.runtime.errors, "bireid: LceQuantize#0: tensor 0 is read too early. ");
  EXPECT_EQ(model.runtime.Prepare(), litert::kTfLiteError);
  EXPECT_EQ(model.runtime.Invoke(), litert::kTfLiteError);
}

TEST(Delegate, ATensorWrittenTwiceIsRefused) {
  ConvolutionModel model;
  model.runtime.AddCustom("LceQuantize", {model.input}, {model.packed});
  ASSERT_EQ(model.Apply(), litert::kTfLiteOk);
  EXPECT_NE(model.runtime.errors.find("written twice"), std::string::npos) << model.runtime.errors;
}

TEST(Delegate, AModelWithoutLceOperatorsIsLeftAlone) {
  FakeRuntime runtime;
  const int input = runtime.AddTensor(litert::kTfLiteFloat32, {1, 2, 2, 32});
  const int output = runtime.AddTensor(litert::kTfLiteFloat32, {1, 2, 2, 32});
  runtime.AddNode(kRelu, nullptr, {input}, {output});
  EXPECT_EQ(runtime.Apply({}, {input}, {output}), litert::kTfLiteOk);
  EXPECT_TRUE(runtime.claimed.empty());
}

// A RELU on the convolution and one on a matrix, which a plan can run; it cannot on int8, nor an
// ADD without its options.
std::vector<int> ClaimedBeside(const std::map<std::string, std::string>& options) {
  ConvolutionModel model;
  FakeRuntime& runtime = model.runtime;
  const int relu = runtime.AddTensor(litert::kTfLiteFloat32, {1, 4, 3, 2});
  runtime.AddNode(kRelu, nullptr, {model.output}, {relu});
  for (const litert::TfLiteType type : {litert::kTfLiteFloat32, litert::kTfLiteInt8}) {
    const bool vector = type == litert::kTfLiteFloat32;
    const std::vector<int> shape = vector ? std::vector<int>{1, 2} : std::vector<int>{1, 4, 3, 2};
    const int from = runtime.AddTensor(type, shape);
    const int to = runtime.AddTensor(type, shape);
    runtime.AddNode(kRelu, nullptr, {from}, {to});
  }
  const int sum = runtime.AddTensor(litert::kTfLiteFloat32, {1, 4, 3, 2});
  runtime.AddNode(kAdd, nullptr, {relu, model.output}, {sum});
  runtime.AddCustom("FlexErf", {relu}, {sum});
  EXPECT_EQ(runtime.Apply(options, {model.input, model.filter, model.multiplier, model.bias},
                          {model.output}),
            litert::kTfLiteOk)
      << runtime.errors;
  return runtime.claimed;
}

TEST(Delegate, ClaimsWhatItCanFuse) {
  EXPECT_EQ(ClaimedBeside({}), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(ClaimedBeside({{"fuse", "backbone"}}), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(ClaimedBeside({{"fuse", "none"}}), (std::vector<int>{0, 1}));
}

TEST(Delegate, WritesTheProfileWhenItGoes) {
  const std::string path = testing::TempDir() + "bireid_profile_" + std::to_string(getpid());
  {
    ConvolutionModel model;
    ASSERT_EQ(model.Apply({{"profile", path}}), litert::kTfLiteOk);
    ASSERT_EQ(model.runtime.Prepare(), litert::kTfLiteOk);
    ASSERT_EQ(model.runtime.Invoke(), litert::kTfLiteOk);
    model.runtime.Resize(model.input, {1, 5, 3, 32});
    ASSERT_EQ(model.runtime.Prepare(), litert::kTfLiteOk);
    ASSERT_EQ(model.runtime.Invoke(), litert::kTfLiteOk);
    EXPECT_NE(access(path.c_str(), F_OK), 0);
  }
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text.find("[\n {\"name\": \""), 0u) << text;
  EXPECT_NE(text.find("LceBconv2d#1"), std::string::npos) << text;
  EXPECT_NE(text.find("\"runs\": 2, \"nanoseconds\": "), std::string::npos) << text;
  std::remove(path.c_str());
}

}  // namespace
}  // namespace bireid
