// A runtime made of plain structures, which can be as malformed as a damaged model file makes them.
#ifndef BIREID_TESTS_FAKE_LITERT_H_
#define BIREID_TESTS_FAKE_LITERT_H_

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "delegate/delegate.h"
#include "delegate/int_array.h"

namespace bireid {

using litert::TfLiteContext;
using litert::TfLiteDelegate;
using litert::TfLiteIntArray;
using litert::TfLiteNode;
using litert::TfLiteRegistration;
using litert::TfLiteStatus;
using litert::TfLiteTensor;

constexpr int kArena = 2;

// A LiteRT interpreter with one partition: whatever the delegate claims.
class FakeRuntime {
 public:
  FakeRuntime() {
    context_ = {};
    context_.impl = this;
    context_.recommended_num_threads = -1;
    context_.GetExecutionPlan = [](TfLiteContext* context, TfLiteIntArray** plan) {
      *plan = Self(context).plan_.get();
      return litert::kTfLiteOk;
    };
    context_.GetNodeAndRegistration = [](TfLiteContext* context, int index, TfLiteNode** node,
                                         TfLiteRegistration** registration) {
      *node = &Self(context).nodes_.at(index);
      *registration = &Self(context).registrations_.at(index);
      return litert::kTfLiteOk;
    };
    context_.ReportError = ReportError;
    context_.ResizeTensor = [](TfLiteContext* context, TfLiteTensor* tensor, TfLiteIntArray* dims) {
      Self(context).SetShape(tensor, IntArray(dims));
      return litert::kTfLiteOk;
    };
    context_.ReplaceNodeSubsetsWithDelegateKernels =
        [](TfLiteContext* context, TfLiteRegistration registration, const TfLiteIntArray* nodes,
           TfLiteDelegate* delegate) {
          Self(context).Replace(registration, nodes, delegate);
          return litert::kTfLiteOk;
        };
  }

  ~FakeRuntime() {
    if (kernel_.user_data != nullptr) kernel_registration_.free(&context_, kernel_.user_data);
    tflite_plugin_destroy_delegate(delegate_);
  }

  int AddTensor(litert::TfLiteType type, const std::vector<int>& shape) {
    tensors.push_back({});
    tensors.back().type = type;
    tensors.back().allocation_type = static_cast<litert::TfLiteAllocationType>(kArena);
    context_.tensors = tensors.data();
    context_.tensors_size = tensors.size();
    memory_.emplace_back();
    shapes_.emplace_back();
    SetShape(&tensors.back(), NewIntArray(shape));
    return static_cast<int>(tensors.size()) - 1;
  }

  template <typename Value>
  int AddConstant(litert::TfLiteType type, const std::vector<int>& shape,
                  const std::vector<Value>& values) {
    const int index = AddTensor(type, shape);
    std::vector<char>& memory = memory_[index];
    const char* begin = reinterpret_cast<const char*>(values.data());
    memory.assign(begin, begin + values.size() * sizeof(Value));
    tensors[index].data = memory.data();
    tensors[index].bytes = memory.size();
    tensors[index].allocation_type = litert::kTfLiteMmapRo;
    return index;
  }

  TfLiteNode& AddNode(int32_t code, const char* name, const std::vector<int>& inputs,
                      const std::vector<int>& outputs) {
    node_arrays_.push_back(NewIntArray(inputs));
    node_arrays_.push_back(NewIntArray(outputs));
    TfLiteNode node = {};
    node.inputs = node_arrays_[node_arrays_.size() - 2].get();
    node.outputs = node_arrays_.back().get();
    nodes_.push_back(node);
    TfLiteRegistration registration = {};
    registration.builtin_code = code;
    registration.custom_name = name;
    registrations_.push_back(registration);
    std::vector<int> plan(nodes_.size());
    for (size_t i = 0; i < plan.size(); ++i) plan[i] = static_cast<int>(i);
    plan_ = NewIntArray(plan);
    return nodes_.back();
  }

  TfLiteNode& AddCustom(const char* name, const std::vector<int>& inputs,
                        const std::vector<int>& outputs, const std::string& options = "") {
    TfLiteNode& node = AddNode(litert::kTfLiteBuiltinCustom, name, inputs, outputs);
    options_.push_back(options);
    node.custom_initial_data = options_.back().data();
    node.custom_initial_data_size = static_cast<int>(options.size());
    return node;
  }

  // What Interpreter::ModifyGraphWithDelegate does.
  TfLiteStatus Apply(const std::map<std::string, std::string>& options, std::vector<int> inputs,
                     std::vector<int> outputs) {
    inputs_ = NewIntArray(inputs);
    outputs_ = NewIntArray(outputs);
    std::vector<const char*> keys;
    std::vector<const char*> values;
    for (const auto& [key, value] : options) {
      keys.push_back(key.c_str());
      values.push_back(value.c_str());
    }
    delegate_ = tflite_plugin_create_delegate(keys.data(), values.data(), keys.size(), nullptr);
    return delegate_ == nullptr ? litert::kTfLiteError : delegate_->Prepare(&context_, delegate_);
  }

  TfLiteStatus Prepare() { return kernel_registration_.prepare(&context_, &kernel_); }

  TfLiteStatus Invoke() {
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].allocation_type == litert::kTfLiteMmapRo) continue;
      memory_[i].resize(tensors[i].bytes);
      tensors[i].data = memory_[i].data();
    }
    return InvokeAsItIs();
  }

  TfLiteStatus InvokeAsItIs() { return kernel_registration_.invoke(&context_, &kernel_); }

  void Resize(int index, const std::vector<int>& shape) {
    SetShape(&tensors[index], NewIntArray(shape));
  }

  template <typename Value>
  void Write(int index, const std::vector<Value>& values) {
    memory_[index].resize(tensors[index].bytes);
    if (values.size() * sizeof(Value) != memory_[index].size()) {
      throw std::invalid_argument("values of another size than the tensor");
    }
    const char* begin = reinterpret_cast<const char*>(values.data());
    std::copy_n(begin, memory_[index].size(), memory_[index].begin());
  }

  template <typename Value>
  std::vector<Value> Read(int index) const {
    const Value* values = reinterpret_cast<const Value*>(memory_[index].data());
    return std::vector<Value>(values, values + memory_[index].size() / sizeof(Value));
  }

  const TfLiteContext& context() const { return context_; }
  void SetThreads(int threads) { context_.recommended_num_threads = threads; }
  const TfLiteRegistration& registration(int node) const { return registrations_.at(node); }

  std::vector<int> Shape(int index) const {
    const TfLiteIntArray* dims = tensors[index].dims;
    return std::vector<int>(dims->data, dims->data + dims->size);
  }

  std::vector<TfLiteTensor> tensors;
  std::vector<int> claimed;
  std::string errors;

 private:
  static FakeRuntime& Self(TfLiteContext* context) {
    return *static_cast<FakeRuntime*>(context->impl);
  }

  static void ReportError(TfLiteContext* context, const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    Self(context).errors += text;
  }

  void SetShape(TfLiteTensor* tensor, IntArray dims) {
    tensor->bytes = tensor->type == litert::kTfLiteFloat32 || tensor->type == litert::kTfLiteInt32
                        ? sizeof(float)
                        : 1;
    for (int i = 0; i < dims->size; ++i) tensor->bytes *= dims->data[i];
    tensor->dims = dims.get();
    shapes_[tensor - tensors.data()] = std::move(dims);
  }

  void Replace(const TfLiteRegistration& registration, const TfLiteIntArray* nodes,
               TfLiteDelegate* delegate) {
    claimed.assign(nodes->data, nodes->data + nodes->size);
    const IntArray copy = NewIntArray(claimed);
    const litert::TfLiteDelegateParams partition{delegate, copy.get(), inputs_.get(),
                                                 outputs_.get()};
    kernel_registration_ = registration;
    kernel_.user_data =
        registration.init(&context_, reinterpret_cast<const char*>(&partition), sizeof(partition));
  }

  TfLiteContext context_;
  TfLiteDelegate* delegate_ = nullptr;
  TfLiteNode kernel_ = {};
  TfLiteRegistration kernel_registration_ = {};
  std::deque<TfLiteNode> nodes_;
  std::deque<TfLiteRegistration> registrations_;
  std::vector<IntArray> node_arrays_;
  std::vector<IntArray> shapes_;
  std::vector<std::vector<char>> memory_;
  std::deque<std::string> options_;
  IntArray plan_ = NewIntArray({});
  IntArray inputs_;
  IntArray outputs_;
};

}  // namespace bireid

#endif  // BIREID_TESTS_FAKE_LITERT_H_
