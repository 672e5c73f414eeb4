#include "delegate/delegate.h"

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "delegate/delegate_kernel.h"
#include "delegate/graph_reader.h"
#include "delegate/int_array.h"
#include "delegate/options.h"
#include "kernels/dispatch.h"
#include "plan/operator.h"
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
std::string WhyNot(const OperatorRow& row, int index, const TfLiteNode& source, Graph* graph) {
  try {
    const Node node = ReadNode(row, index, source, graph->tensors);
    graph->tensors[node.outputs[0]].shape = node.op->InferShape(*graph, node);
    return WhyUnsupported(*graph, node);
  } catch (const PlanError& error) {
    return error.what();
  }
}

// The nodes to run here: every operator that LiteRT has no kernel for, which are LCE's, and those
// of LiteRT's that the plan knows. A model without LCE operators stays with LiteRT.
std::vector<int> ClaimNodes(TfLiteContext* context, Fuse fuse) {
  Graph graph;
  graph.tensors = ReadTensors(*context);
  std::vector<int> claimed;
  bool has_custom = false;
  for (const int index : ExecutionPlan(context)) {
    TfLiteNode* node = nullptr;
    TfLiteRegistration* registration = nullptr;
    if (context->GetNodeAndRegistration(context, index, &node, &registration) !=
        litert::kTfLiteOk) {
      throw PlanError("LiteRT does not show node " + std::to_string(index));
    }
    const OperatorRow* row = FindOperator(*registration);
    if (row == nullptr || (fuse == Fuse::kNone && !row->is_custom())) continue;
    const std::string reason = WhyNot(*row, index, *node, &graph);
    if (reason.empty()) {
      claimed.push_back(index);
    } else if (row->is_custom()) {
      throw PlanError("node " + std::to_string(index) + " (" + row->name() + "): " + reason);
    }
    has_custom = has_custom || row->is_custom();
  }
  if (!has_custom) claimed.clear();
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
  } catch (...) {
    if (report_error != nullptr) report_error("an unknown exception");
  }
  return nullptr;
}

extern "C" void tflite_plugin_destroy_delegate(bireid::litert::TfLiteDelegate* delegate) {
  if (delegate != nullptr) delete static_cast<bireid::Delegate*>(delegate->data);
}

extern "C" const char* bireid_delegate_version(void) { return BIREID_VERSION; }

extern "C" const char* bireid_delegate_isa(const char* isa) {
  const bireid::KernelTable* kernels = isa == nullptr ? nullptr : bireid::FindKernels(isa);
  return kernels == nullptr ? nullptr : kernels->name;
}
