#include "delegate/delegate.h"

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delegate/delegate_kernel.h"
#include "delegate/graph_reader.h"
#include "delegate/infer_shapes.h"
#include "delegate/int_array.h"
#include "delegate/options.h"
#include "plan/profile_log.h"

namespace bireid {
namespace {

using litert::TfLiteContext;
using litert::TfLiteDelegate;
using litert::TfLiteIntArray;
using litert::TfLiteNode;
using litert::TfLiteRegistration;
using litert::TfLiteStatus;

// `interface.data` points back to the whole.
struct Delegate {
  TfLiteDelegate interface = {};
  DelegateOptions options;
  std::shared_ptr<ProfileLog> profile;
};

// Turns exceptions, which must not cross into LiteRT, into a message and a status.
template <typename Function>
TfLiteStatus Guard(TfLiteContext* context, Function function) {
  try {
    function();
    return litert::kTfLiteOk;
  } catch (const std::exception& error) {
    // LiteRT's Python strings messages together as they are.
    context->ReportError(context, "bireid: %s. ", error.what());
  } catch (...) {
    context->ReportError(context, "bireid: an unknown exception. ");
  }
  return litert::kTfLiteError;
}

DelegateKernel& KernelOf(TfLiteNode* node) {
  if (node->user_data == nullptr) throw PlanError("the nodes could not be read");
  return *static_cast<DelegateKernel*>(node->user_data);
}

void* InitKernel(TfLiteContext* context, const char* buffer, size_t) {
  DelegateKernel* kernel = nullptr;
  Guard(context, [&] {
    const auto& partition = *reinterpret_cast<const litert::TfLiteDelegateParams*>(buffer);
    const auto& delegate = *static_cast<const Delegate*>(partition.delegate->data);
    kernel = new DelegateKernel(context, partition, delegate.options, delegate.profile);
  });
  return kernel;
}

void FreeKernel(TfLiteContext*, void* kernel) { delete static_cast<DelegateKernel*>(kernel); }

TfLiteStatus PrepareKernel(TfLiteContext* context, TfLiteNode* node) {
  return Guard(context, [&] { KernelOf(node).Prepare(context); });
}

TfLiteStatus InvokeKernel(TfLiteContext* context, TfLiteNode* node) {
  return Guard(context, [&] { KernelOf(node).Invoke(context); });
}

std::vector<int> ExecutionPlan(TfLiteContext* context) {
  TfLiteIntArray* plan = nullptr;
  if (context->GetExecutionPlan(context, &plan) != litert::kTfLiteOk || plan == nullptr) {
    throw PlanError("LiteRT does not show its execution plan");
  }
  return std::vector<int>(plan->data, plan->data + plan->size);
}

// Why the plan cannot run a node; empty if it can, and then its output has its shape.
std::string WhyNot(Operator op, int index, const TfLiteNode& source, Graph* graph) {
  try {
    const Node node = ReadNode(op, index, source, graph->tensors);
    InferShapes(node, graph);
    return WhyUnsupported(*graph, node);
  } catch (const PlanError& error) {
    return error.what();
  }
}

// The nodes to run here: every LCE operator, and those of LiteRT's that the plan can fuse with
// them. A model without LCE operators stays with LiteRT.
std::vector<int> ClaimNodes(TfLiteContext* context, Fuse fuse) {
  Graph graph;
  graph.tensors = ReadTensors(*context);
  std::vector<int> claimed;
  bool has_lce = false;
  for (const int index : ExecutionPlan(context)) {
    TfLiteNode* node = nullptr;
    TfLiteRegistration* registration = nullptr;
    if (context->GetNodeAndRegistration(context, index, &node, &registration) !=
        litert::kTfLiteOk) {
      throw PlanError("LiteRT does not show node " + std::to_string(index));
    }
    const std::optional<Operator> op = FindOperator(*registration);
    if (!op || (fuse == Fuse::kNone && !IsLceOperator(*op))) continue;
    const std::string reason = WhyNot(*op, index, *node, &graph);
    if (reason.empty()) {
      claimed.push_back(index);
    } else if (IsLceOperator(*op)) {
      throw PlanError("node " + std::to_string(index) + " (" + registration->custom_name +
                      "): " + reason);
    }
    has_lce = has_lce || IsLceOperator(*op);
  }
  if (!has_lce) claimed.clear();
  return claimed;
}

TfLiteRegistration KernelRegistration() {
  TfLiteRegistration registration = {};
  registration.init = InitKernel;
  registration.free = FreeKernel;
  registration.prepare = PrepareKernel;
  registration.invoke = InvokeKernel;
  registration.builtin_code = litert::kTfLiteBuiltinDelegate;
  registration.custom_name = "BireidDelegate";
  registration.version = 1;
  return registration;
}

TfLiteStatus PrepareDelegate(TfLiteContext* context, TfLiteDelegate* interface) {
  return Guard(context, [&] {
    const auto& delegate = *static_cast<const Delegate*>(interface->data);
    const std::vector<int> claimed = ClaimNodes(context, delegate.options.fuse);
    if (claimed.empty()) return;
    if (context->ReplaceNodeSubsetsWithDelegateKernels(context, KernelRegistration(),
                                                       NewIntArray(claimed).get(),
                                                       interface) != litert::kTfLiteOk) {
      throw PlanError("LiteRT does not hand over the nodes");
    }
  });
}

}  // namespace
}  // namespace bireid

extern "C" bireid::litert::TfLiteDelegate* tflite_plugin_create_delegate(
    const char* const* options_keys, const char* const* options_values, size_t num_options,
    void (*report_error)(const char*)) {
  try {
    auto delegate = std::make_unique<bireid::Delegate>();
    delegate->options = bireid::ParseDelegateOptions(options_keys, options_values, num_options);
    if (!delegate->options.profile.empty()) {
      delegate->profile = std::make_shared<bireid::ProfileLog>(delegate->options.profile);
    }
    delegate->interface.data = delegate.get();
    delegate->interface.Prepare = bireid::PrepareDelegate;
    delegate->interface.flags = bireid::litert::kTfLiteDelegateFlagsAllowDynamicTensors;
    return &delegate.release()->interface;
  } catch (const std::exception& error) {
    if (report_error != nullptr) report_error(error.what());
  }
  return nullptr;
}

extern "C" void tflite_plugin_destroy_delegate(bireid::litert::TfLiteDelegate* delegate) {
  if (delegate != nullptr) delete static_cast<bireid::Delegate*>(delegate->data);
}
