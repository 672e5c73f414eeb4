#include "delegate/delegate_kernel.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include "delegate/graph_reader.h"
#include "delegate/int_array.h"
#include "plan/operator.h"
#include "plan/thread_pool.h"
#include "plan/usable_cpus.h"

namespace bireid {
namespace {

using litert::TfLiteContext;
using litert::TfLiteTensor;

size_t ElementBytes(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kInt32 ? 4 : 1;
}

// The plan has checked that the product fits.
size_t Bytes(const Tensor& tensor) {
  size_t bytes = ElementBytes(tensor.type);
  for (const int size : tensor.shape) bytes *= static_cast<size_t>(size);
  return bytes;
}

// LiteRT may move memory between calls, and the array of tensors with it.
void* Memory(const TfLiteContext& context, int index, const Tensor& tensor) {
  const TfLiteTensor& current = context.tensors[index];
  if (current.data == nullptr || current.bytes < Bytes(tensor)) {
    throw PlanError("tensor " + std::to_string(index) + " has less memory than its shape needs");
  }
  return current.data;
}

void Resize(TfLiteContext* context, int index, const Tensor& planned) {
  TfLiteTensor* tensor = &context->tensors[index];
  std::vector<int> shape = planned.shape;
  if (planned.rank == 2) shape.erase(shape.begin() + 1, shape.begin() + 3);
  if (ReadShape(*tensor) == shape) return;
  if (context->ResizeTensor(context, tensor, NewIntArray(shape).release()) != litert::kTfLiteOk) {
    throw PlanError("LiteRT does not resize tensor " + std::to_string(index));
  }
}

}  // namespace

DelegateKernel::DelegateKernel(TfLiteContext* context,
                               const litert::TfLiteDelegateParams& partition,
                               const DelegateOptions& options, std::shared_ptr<ProfileLog> profile)
    : options_(options),
      profile_(std::move(profile)),
      graph_(ReadGraph(context, partition)),
      inputs_(graph_.inputs.size()),
      outputs_(graph_.outputs.size()) {}

DelegateKernel::~DelegateKernel() {
  // LiteRT offers nobody to tell by now.
  try {
    RetirePlan();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bireid: the profile is not kept: %s\n", error.what());
  }
}

void DelegateKernel::Prepare(TfLiteContext* context) {
  if (TakeInputShapes(*context) || plan_ == nullptr) BuildPlan(*context);
  for (const int output : graph_.outputs) Resize(context, output, graph_.tensors[output]);
}

void DelegateKernel::Invoke(TfLiteContext* context) {
  if (plan_ == nullptr) throw PlanError("it was not prepared");
  for (size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i] = Memory(*context, graph_.inputs[i], graph_.tensors[graph_.inputs[i]]);
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    outputs_[i] = Memory(*context, graph_.outputs[i], graph_.tensors[graph_.outputs[i]]);
  }
  if (const char* failure = plan_->Run(inputs_.data(), outputs_.data())) throw PlanError(failure);
}

// Whether one has changed.
bool DelegateKernel::TakeInputShapes(const TfLiteContext& context) {
  bool changed = false;
  for (const int input : graph_.inputs) {
    Tensor& tensor = graph_.tensors[input];
    const Tensor before = tensor;
    TakeShape(context.tensors[input], &tensor);
    changed = changed || tensor.shape != before.shape || tensor.rank != before.rank;
  }
  return changed;
}

void DelegateKernel::BuildPlan(const TfLiteContext& context) {
  RetirePlan();
  for (const Node& node : graph_.nodes) {
    try {
      graph_.tensors[node.outputs[0]].shape = node.op->InferShape(graph_, node);
    } catch (const PlanError& error) {
      throw PlanError(node.name + ": " + error.what());
    }
  }
  PlanOptions options;
  options.kernels = options_.kernels;
  options.threads = options_.threads;
  if (options.threads == 0) {
    options.threads = std::max(1, context.recommended_num_threads);
    if (options.threads > kMaxThreads) {
      throw PlanError("the interpreter has " + std::to_string(options.threads) +
                      " threads; the delegate takes 1 to " + std::to_string(kMaxThreads) +
                      ", as its option 'threads' says");
    }
  }
  options.threads = std::min(options.threads, UsableCpus());
  options.profile = profile_ != nullptr;
  options.pixels = options_.pixels;
  plan_ = Plan::Build(graph_, options);
}

// Keeps its profile. The plan is gone even if that fails: it does not fit the shapes any more.
void DelegateKernel::RetirePlan() {
  const std::unique_ptr<Plan> plan = std::move(plan_);
  if (profile_ != nullptr && plan != nullptr) profile_->Add(plan->Profile());
}

}  // namespace bireid
