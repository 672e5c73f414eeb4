// Turns a graph into fused steps over preallocated memory, and runs them.
#ifndef BIREID_PLAN_PLAN_H_
#define BIREID_PLAN_PLAN_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/kernel_table.h"
#include "kernels/pixel_convolution.h"
#include "plan/graph.h"

namespace bireid {

// A graph that cannot be planned; the message says which node and why.
class PlanError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct PlanOptions {
  const KernelTable* kernels = nullptr;
  int threads = 1;  // 1 to kMaxThreads
  bool profile = false;
  // If not empty: the convolutions that read the graph's input run on the exact 8-bit pixels that
  // the image was made of by (pixel / 255 - mean) / std, with weights of 16 bits. Results then
  // differ from float32 by rounding.
  PixelNormalization pixels;
};

// Time spent in one step.
struct StepProfile {
  std::string name;  // the nodes it fuses, joined by " + "
  int64_t runs = 0;
  int64_t nanoseconds = 0;          // of all runs
  int64_t fastest_nanoseconds = 0;  // of the fastest run

  void Add(int64_t run) {
    fastest_nanoseconds = runs == 0 ? run : std::min(fastest_nanoseconds, run);
    nanoseconds += run;
    ++runs;
  }
};

// Why the plan cannot run a node: empty if it can. Reads shapes, types, options and constants, and
// trusts none of them.
std::string WhyUnsupported(const Graph& graph, const Node& node);

class Plan {
 public:
  // Throws PlanError, or std::bad_alloc. The graph's constants need not outlive the call. Its maps
  // for one image and the scratch of all threads take at most 1 GiB.
  static std::unique_ptr<Plan> Build(const Graph& graph, const PlanOptions& options);

  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  ~Plan();

  // Another plan of the same graph, which may run at the same time: weights are shared, maps and
  // scratch are its own. Neither needs the other to live. Throws std::bad_alloc.
  std::unique_ptr<Plan> Share() const;

  // Runs the graph. `inputs` and `outputs` are in the order of the graph's, each as large as its
  // tensor, or `repeats` times as large: the graph then runs on one part after the other, which
  // share the threads like the images of a batch. One call at a time.
  //
  // Returns null, or what was wrong: an input is not what `pixels` promised, or there is no memory
  // for several images at once. Then the outputs mean nothing.
  [[nodiscard]] const char* Run(const void* const* inputs, void* const* outputs,
                                int repeats = 1) noexcept;

  std::vector<StepProfile> Profile() const;

 private:
  struct Implementation;
  explicit Plan(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace bireid

#endif  // BIREID_PLAN_PLAN_H_
