// What runs in place of the nodes that LiteRT hands over.
#ifndef BIREID_DELEGATE_DELEGATE_KERNEL_H_
#define BIREID_DELEGATE_DELEGATE_KERNEL_H_

#include <memory>
#include <vector>

#include "delegate/litert_abi.h"
#include "delegate/options.h"
#include "plan/plan.h"
#include "plan/profile_log.h"

namespace bireid {

// A plan for one partition of the graph, at the shapes that LiteRT last prepared it for.
class DelegateKernel {
 public:
  // Reads the nodes; `profile` may be null. Throws PlanError.
  DelegateKernel(litert::TfLiteContext* context, const litert::TfLiteDelegateParams& partition,
                 const DelegateOptions& options, std::shared_ptr<ProfileLog> profile);
  DelegateKernel(const DelegateKernel&) = delete;
  DelegateKernel& operator=(const DelegateKernel&) = delete;
  ~DelegateKernel();

  // Builds the plan for the shapes that the inputs have now, unless it is there, and gives the
  // outputs theirs. Throws PlanError.
  void Prepare(litert::TfLiteContext* context);

  // Throws PlanError if a tensor has no memory or less than at Prepare.
  void Invoke(litert::TfLiteContext* context);

 private:
  bool TakeInputShapes(const litert::TfLiteContext& context);
  void BuildPlan(const litert::TfLiteContext& context);
  void RetirePlan();

  const DelegateOptions options_;
  const std::shared_ptr<ProfileLog> profile_;
  Graph graph_;
  std::unique_ptr<Plan> plan_;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
};

}  // namespace bireid

#endif  // BIREID_DELEGATE_DELEGATE_KERNEL_H_
