#include "plan/plan_builder.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "plan/depthwise_ring_step.h"
#include "plan/node_shapes.h"
#include "plan/operator.h"
#include "plan/pool_ring_step.h"
#include "plan/thread_pool.h"
#include "plan/validation.h"
#include "plan/zeros.h"

namespace bireid {

PlanBuilder::PlanBuilder(const Graph& graph, const PlanOptions& options)
    : graph_(graph),
      kernels_(*options.kernels),
      pixels_(options.pixels),
      threads_(options.threads),
      values_(graph, &plan_),
      chains_(graph, &values_) {}

PlannedGraph PlanBuilder::Build() {
  plan_.batch = BatchOf(graph_);
  AddInputs();
  for (size_t n = 0; n < graph_.nodes.size(); ++n) {
    const int node = static_cast<int>(n);
    if (!chains_.IsDone(node)) graph_.nodes[n].op->Plan(node, this);
  }
  AssignBuffers(accesses_, &plan_);
  CountMemory();
  return std::move(plan_);
}

void PlanBuilder::AddInputs() {
  for (size_t i = 0; i < graph_.inputs.size(); ++i) {
    const int tensor = graph_.inputs[i];
    if (chains_.consumers(tensor).empty()) continue;
    values_.DeclareInput(tensor, static_cast<int>(i));
    if (IsImage(tensor)) {
      AddPixels(tensor);
    } else if (values_.NeedsBorder(tensor)) {
      AddBorderedCopy(tensor);
    }
  }
  if (!pixels_.mean.empty() && images_.empty()) {
    throw PlanError("stem=uint8: no convolution alone reads an input of that many channels");
  }
}

// Whether only convolutions read an input, which the caller says is a normalised 8-bit image.
bool PlanBuilder::IsImage(int tensor) const {
  if (pixels_.mean.size() != static_cast<size_t>(graph_.tensors[tensor].shape[3])) return false;
  const std::vector<int>& readers = chains_.consumers(tensor);
  return std::all_of(readers.begin(), readers.end(), [&](int n) {
    return graph_.nodes[n].op->ReadsPixels(graph_, graph_.nodes[n]);
  });
}

const PixelNormalization* PlanBuilder::PixelsOf(int tensor) const {
  return std::count(images_.begin(), images_.end(), tensor) > 0 ? &pixels_ : nullptr;
}

void PlanBuilder::AddPixels(int tensor) {
  const int from = values_.main(tensor);
  const int to = values_.AddPixels(tensor);
  auto step = std::make_unique<PixelStep>(kernels_, pixels_, Reference(from), Reference(to));
  step->set_name("pixels");
  AddStep(std::move(step), {{from}, {to}});
  images_.push_back(tensor);
}

// Copies an input, or what a step without stages wrote, to where a border is needed.
void PlanBuilder::AddBorderedCopy(int tensor) {
  const int from = values_.main(tensor);
  const int to = values_.AddBordered(tensor);
  auto step =
      std::make_unique<CopyStep>(Reference(from), Reference(to), plan_.values[from].element_bytes);
  step->set_name("border");
  AddStep(std::move(step), {{from}, {to}});
}

void PlanBuilder::AddStep(std::unique_ptr<Step> step, StepAccess access) {
  plan_.steps.push_back(std::move(step));
  accesses_.push_back(std::move(access));
}

void PlanBuilder::AddChain(std::unique_ptr<Step> step, std::vector<int> reads, Chain* chain) {
  if (chain->stages.size() > kMaxStages) throw std::logic_error("a chain of too many stages");
  step->set_name(std::move(chain->name));
  step->set_stages(std::move(chain->stages));
  AddStep(std::move(step), {std::move(reads), {}});
}

// The node that alone reads a tensor, or -1.
int PlanBuilder::OnlyReader(int tensor) const {
  if (values_.IsOutput(tensor) || chains_.consumers(tensor).size() != 1) return -1;
  return chains_.consumers(tensor)[0];
}

// The pooling that alone reads a tensor, or -1.
int PlanBuilder::OnlyPool(int tensor) const {
  const int n = OnlyReader(tensor);
  return n >= 0 && node(n).op->Pooling(graph_, node(n)).has_value() ? n : -1;
}

// The depthwise convolution that alone reads the large map of another, or null.
std::unique_ptr<DepthwiseConvolution> PlanBuilder::OnlyDepthwise(const Convolution& first,
                                                                 int tensor) const {
  const int n = OnlyReader(tensor);
  const MapLayout map = LayoutOf(tensor);
  if (n < 0 || !DepthwiseRingStep::IsLarge(map)) return nullptr;
  auto second = node(n).op->Depthwise(node(n), *this);
  const bool pays =
      second != nullptr && DepthwiseRingStep::Pays(map, first.spec(), second->spec(), threads_);
  return pays ? std::move(second) : nullptr;
}

void PlanBuilder::AddConvolution(int n, std::unique_ptr<Convolution> convolution) {
  const Activation activation = node(n).options.activation;
  const int input = values_.window_input(node(n).inputs[0]);
  convolution->Place(plan_.values[input].layout);
  Chain chain = chains_.StartWith(n);
  const bool clamps = activation != Activation::kNone;
  const Stage clamp = clamps ? ClampStage(activation) : Stage{};
  std::unique_ptr<Step> step;
  if (const int pool = OnlyPool(chain.tensor); pool >= 0) {
    step = std::make_unique<PoolRingStep>(kernels_, std::move(convolution), input,
                                          clamps ? &clamp : nullptr,
                                          *node(pool).op->Pooling(graph_, node(pool)));
    FollowRows(pool, &chain);
  } else if (auto second = OnlyDepthwise(*convolution, chain.tensor); second != nullptr) {
    step = std::make_unique<DepthwiseRingStep>(std::move(convolution), input,
                                               clamps ? &clamp : nullptr, std::move(second),
                                               LayoutOf(chain.tensor));
    FollowRows(OnlyReader(chain.tensor), &chain);
  } else {
    for (const Stage& stage : convolution->OwnStages()) chain.stages.push_back({stage, -1});
    chains_.AddClamp(activation, &chain);
    chains_.Follow(&chain);
    step = std::make_unique<FloatConvolutionStep>(std::move(convolution), input);
  }
  AddChain(std::move(step), {input}, &chain);
}

void PlanBuilder::AddTiles(int n, std::unique_ptr<Step> step, std::vector<int> reads) {
  Chain chain = chains_.StartWith(n);
  chains_.AddClamp(node(n).options.activation, &chain);
  chains_.Follow(&chain);
  AddChain(std::move(step), std::move(reads), &chain);
}

void PlanBuilder::AddMapStages(int n, int tensor) {
  Chain chain;
  chain.tensor = tensor;
  const int input = values_.main(tensor);
  chains_.Join(n, &chain);
  chains_.Follow(&chain);
  AddChain(std::make_unique<MapStep>(kernels_, Reference(input)), {input}, &chain);
}

// What comes behind a node that reads rows of the one before it.
void PlanBuilder::FollowRows(int n, Chain* chain) {
  chains_.Continue(n, chain);
  chains_.AddClamp(node(n).options.activation, chain);
  chains_.Follow(chain);
}

void PlanBuilder::AddPool(int n, const PoolSpec& pool) {
  const int input = values_.main(node(n).inputs[0]);
  Chain chain;
  FollowRows(n, &chain);
  AddChain(std::make_unique<PoolStep>(kernels_, pool, Reference(input)), {input}, &chain);
}

void PlanBuilder::AddWhole(int n, std::unique_ptr<Step> step, int output) {
  const int tensor = node(n).outputs[0];
  step->set_name(node(n).name);
  AddStep(std::move(step), {{values_.main(node(n).inputs[0])}, {output}});
  if (values_.IsOutput(tensor) && values_.NeedsBorder(tensor)) AddBorderedCopy(tensor);
}

// The maps of one image and the scratch of every thread.
void PlanBuilder::CountMemory() {
  for (const auto& step : plan_.steps) {
    plan_.scratch_bytes = std::max(plan_.scratch_bytes, step->scratch_bytes());
  }
  size_t bytes = 0;
  for (const size_t buffer : plan_.buffer_bytes) bytes += buffer;
  if (bytes > kMaxPlanBytes) {
    throw PlanError("the maps of the graph and their borders need more than 1 GiB");
  }
  if (plan_.scratch_bytes > (kMaxPlanBytes - bytes) / static_cast<size_t>(threads_)) {
    throw PlanError("the maps of the graph and the scratch of " + std::to_string(threads_) +
                    " threads need more than 1 GiB");
  }
}

PlannedGraph BuildPlan(const Graph& graph, const PlanOptions& options) {
  if (options.threads < 1 || options.threads > kMaxThreads) {
    throw PlanError("threads are " + std::to_string(options.threads) + "; they must be 1 to " +
                    std::to_string(kMaxThreads));
  }
  CheckGraph(graph);
  try {
    return PlanBuilder(WithZerosRead(graph), options).Build();
  } catch (const std::invalid_argument& error) {
    throw PlanError(error.what());
  }
}

}  // namespace bireid
