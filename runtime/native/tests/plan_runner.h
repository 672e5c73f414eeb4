// Builds and runs plans as a careless caller might: constants are gone after Build, outputs lie
// between guards at odd addresses.
#ifndef BIREID_TESTS_PLAN_RUNNER_H_
#define BIREID_TESTS_PLAN_RUNNER_H_

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "kernels/dispatch.h"
#include "plan/plan.h"
#include "tests/available_paths.h"
#include "tests/graph_interpreter.h"

namespace bireid {

inline PlanOptions OptionsFor(const std::string& isa, int threads) {
  PlanOptions options;
  options.kernels = FindKernels(isa);
  options.threads = threads;
  return options;
}

// From constants that do not outlive the call.
inline std::unique_ptr<Plan> BuildPlanAndForget(Graph graph, const PlanOptions& options) {
  std::deque<Bytes> constants;
  for (Tensor& tensor : graph.tensors) {
    if (tensor.constant == nullptr) continue;
    const char* begin = static_cast<const char*>(tensor.constant);
    constants.emplace_back(begin, begin + tensor.constant_bytes);
    tensor.constant = constants.back().data();
  }
  return Plan::Build(graph, options);
}

// The outputs; `fill` is what their memory holds before. Throws PlanError if the run fails. Fails
// the test if anything else changes.
inline std::vector<Bytes> RunGuarded(Plan& plan, const Graph& graph,
                                     const std::vector<Bytes>& inputs, char fill, int repeats = 1) {
  constexpr size_t kGuard = 68;  // four bytes more than any alignment
  const std::vector<Bytes> before = inputs;
  std::vector<const void*> sources;
  for (const Bytes& input : inputs) sources.push_back(input.data());
  std::vector<Bytes> outputs;
  std::vector<void*> targets;
  for (const int output : graph.outputs) {
    outputs.emplace_back(kGuard + BytesOf(graph.tensors[output]) * repeats + kGuard, fill);
    targets.push_back(outputs.back().data() + kGuard);
  }
  if (const char* failure = plan.Run(sources.data(), targets.data(), repeats)) {
    throw PlanError(failure);
  }
  EXPECT_TRUE(inputs == before) << "an input was written";
  const Bytes guard(kGuard, fill);
  for (Bytes& output : outputs) {
    EXPECT_TRUE(std::equal(guard.begin(), guard.end(), output.begin())) << "before an output";
    EXPECT_TRUE(std::equal(guard.begin(), guard.end(), output.end() - kGuard)) << "after an output";
    output = Bytes(output.begin() + kGuard, output.end() - kGuard);
  }
  return outputs;
}

}  // namespace bireid

#endif  // BIREID_TESTS_PLAN_RUNNER_H_
