#include "plan/plan.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <utility>

#include "plan/node_shapes.h"
#include "plan/plan_builder.h"
#include "plan/thread_pool.h"

namespace bireid {
namespace {

// The memory of one image in flight.
struct Arena {
  std::vector<AlignedBuffer> buffers;
  std::vector<char*> values;
};

int64_t Nanoseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// Times steps that follow each other, the first from now on; none if there is no profile.
class StepTimer {
 public:
  explicit StepTimer(std::vector<StepProfile>* profile)
      : profile_(profile), begin_(profile == nullptr ? 0 : Nanoseconds()) {}

  void End(size_t step) {
    if (profile_ == nullptr) return;
    const int64_t end = Nanoseconds();
    (*profile_)[step].Add(end - begin_);
    begin_ = end;
  }

 private:
  std::vector<StepProfile>* profile_;
  int64_t begin_;
};

}  // namespace

struct Plan::Implementation {
  Implementation(std::shared_ptr<const PlannedGraph> planned, const PlanOptions& plan_options)
      : shared(std::move(planned)), graph(*shared), options(plan_options) {
    Allocate();
  }

  std::shared_ptr<const PlannedGraph> shared;
  const PlannedGraph& graph;
  PlanOptions options;
  std::vector<Arena> arenas;           // one per thread if images run beside each other
  std::vector<AlignedBuffer> scratch;  // one per thread
  std::vector<StepProfile> profile;
  std::atomic<const char*> failure{nullptr};

  void Allocate() {
    for (const auto& step : graph.steps) profile.push_back({step->name(), 0, 0, 0});
    for (int thread = 0; thread < options.threads; ++thread) {
      scratch.emplace_back(graph.scratch_bytes);
    }
    AddArenas(graph.batch > 1 ? ImagesAtOnce(graph.batch) : 1);
  }

  // How many of so many images run beside each other: as many as there are threads, if their maps
  // take no more than a plan may.
  int ImagesAtOnce(int images) const {
    size_t bytes = 1;
    for (const size_t buffer : graph.buffer_bytes) bytes += buffer;
    const size_t fitting = std::max<size_t>(1, kMaxPlanBytes / bytes);
    return static_cast<int>(std::min<size_t>(fitting, std::min(options.threads, images)));
  }

  // False if there is no memory.
  bool TryAddArenas(int count) noexcept {
    try {
      AddArenas(count);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  void AddArenas(int count) {
    while (static_cast<int>(arenas.size()) < count) {
      Arena arena;
      for (const size_t bytes : graph.buffer_bytes) arena.buffers.emplace_back(bytes);
      arena.values.resize(graph.values.size());
      arenas.push_back(std::move(arena));
    }
  }

  // Sets the addresses of all values for one image.
  void Bind(const void* const* inputs, void* const* outputs, int image, Arena* arena) const {
    for (size_t v = 0; v < graph.values.size(); ++v) {
      const Value& value = graph.values[v];
      const int64_t offset = image * value.layout.total() * value.element_bytes;
      switch (value.place) {
        case Value::Place::kBuffer:
          arena->values[v] = static_cast<char*>(arena->buffers[value.slot].data());
          break;
        case Value::Place::kInput:
          // Steps only read inputs; one table of addresses holds both kinds.
          arena->values[v] = static_cast<char*>(const_cast<void*>(inputs[value.slot])) + offset;
          break;
        case Value::Place::kOutput:
          arena->values[v] = static_cast<char*>(outputs[value.slot]) + offset;
          break;
      }
    }
  }

  void RunStep(size_t step, const Arena& arena, const Part& part) {
    graph.steps[step]->Run(
        {arena.values.data(), scratch[part.worker].data(), part.number, part.count, &failure});
  }

  // Every worker has an arena, and takes an image as soon as it has done one.
  void RunImagesInParallel(const void* const* inputs, void* const* outputs, int images) {
    std::atomic<int> next{0};
    RunParts(ImagesAtOnce(images), [&](const Part& part) {
      Arena* arena = &arenas[part.worker];
      for (int image = next++; image < images; image = next++) {
        Bind(inputs, outputs, image, arena);
        StepTimer timer(part.worker == 0 && options.profile ? &profile : nullptr);
        for (size_t step = 0; step < graph.steps.size(); ++step) {
          RunStep(step, *arena, {0, 0, 1, part.worker});
          timer.End(step);
        }
      }
    });
  }

  void RunImagesInTurn(const void* const* inputs, void* const* outputs, int images) {
    for (int image = 0; image < images; ++image) {
      Bind(inputs, outputs, image, &arenas[0]);
      Steps steps(this);
      RunPhases(options.threads, static_cast<int>(graph.steps.size()), &steps);
    }
  }

  // The steps for the image of the first arena.
  class Steps final : public PhasedWork {
   public:
    explicit Steps(Implementation* plan)
        : plan_(*plan), timer_(plan->options.profile ? &plan->profile : nullptr) {}
    void Do(const Part& part) override { plan_.RunStep(part.phase, plan_.arenas[0], part); }
    void End(int phase) override { timer_.End(phase); }

   private:
    Implementation& plan_;
    StepTimer timer_;
  };
};

Plan::Plan(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

Plan::~Plan() = default;

std::unique_ptr<Plan> Plan::Build(const Graph& graph, const PlanOptions& options) {
  auto planned = std::make_shared<const PlannedGraph>(BuildPlan(graph, options));
  return std::unique_ptr<Plan>(
      new Plan(std::make_unique<Implementation>(std::move(planned), options)));
}

std::unique_ptr<Plan> Plan::Share() const {
  return std::unique_ptr<Plan>(new Plan(
      std::make_unique<Implementation>(implementation_->shared, implementation_->options)));
}

const char* Plan::Run(const void* const* inputs, void* const* outputs, int repeats) noexcept {
  const int images = implementation_->graph.batch * repeats;
  const int at_once = implementation_->ImagesAtOnce(images);
  if (at_once > 1) {
    if (!implementation_->TryAddArenas(at_once)) return "not enough memory for several images";
    implementation_->RunImagesInParallel(inputs, outputs, images);
  } else {
    implementation_->RunImagesInTurn(inputs, outputs, images);
  }
  return implementation_->failure.exchange(nullptr, std::memory_order_relaxed);
}

std::vector<StepProfile> Plan::Profile() const { return implementation_->profile; }

}  // namespace bireid
