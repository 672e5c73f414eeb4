#include "plan/buffers.h"

#include <algorithm>

namespace bireid {
namespace {

bool IsRead(const BoundStage& bound) {
  return bound.value >= 0 && bound.stage.kind == StageKind::kAddMap;
}

bool IsWrite(const BoundStage& bound) { return bound.value >= 0 && !IsRead(bound); }

class Assignment {
 public:
  Assignment(const std::vector<StepAccess>& accesses, PlannedGraph* plan)
      : accesses_(accesses), plan_(*plan), last_use_(plan->values.size(), -1) {
    for (size_t s = 0; s < plan_.steps.size(); ++s) {
      for (const int value : Touched(s)) last_use_[value] = static_cast<int>(s);
    }
  }

  void Run() {
    std::vector<bool> placed(plan_.values.size());
    for (size_t s = 0; s < plan_.steps.size(); ++s) {
      const std::vector<int> touched = Touched(s);
      for (const int value : touched) {
        if (plan_.values[value].place != Value::Place::kBuffer || placed[value]) continue;
        Place(s, value);
        placed[value] = true;
      }
      for (const int value : touched) {
        const Value& v = plan_.values[value];
        if (v.place != Value::Place::kBuffer || last_use_[value] != static_cast<int>(s)) continue;
        const int owner = NewOwner(s, value);
        const bool lives_on = owner >= 0 && last_use_[owner] != static_cast<int>(s);
        if (!lives_on && std::find(free_.begin(), free_.end(), v.slot) == free_.end()) {
          free_.push_back(v.slot);
        }
      }
    }
  }

 private:
  // Every value of a step, each once.
  std::vector<int> Touched(size_t s) const {
    std::vector<int> values = accesses_[s].reads;
    values.insert(values.end(), accesses_[s].writes.begin(), accesses_[s].writes.end());
    for (const BoundStage& bound : plan_.steps[s]->stages()) {
      if (bound.value >= 0) values.push_back(bound.value);
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
  }

  static bool SameLayout(const Value& a, const Value& b) {
    return a.layout == b.layout && a.element_bytes == b.element_bytes;
  }

  void Place(size_t s, int value) {
    Value& v = plan_.values[value];
    if (const int shortcut = InPlaceOf(s, value); shortcut >= 0) {
      v.slot = plan_.values[shortcut].slot;
      return;
    }
    for (auto slot = free_.begin(); slot != free_.end(); ++slot) {
      if (!SameLayout(owners_[*slot], v)) continue;
      v.slot = *slot;
      free_.erase(slot);
      return;
    }
    v.slot = static_cast<int>(owners_.size());
    owners_.push_back(v);
    // The last run of pixels may end one element past the map.
    plan_.buffer_bytes.push_back(static_cast<size_t>(v.layout.total()) * v.element_bytes +
                                 AlignedBuffer::kAlignment);
  }

  // The map whose memory a step may write `value` to, because each place is read just before it is
  // written: one that is added by a stage, once, before the store, and never needed again. -1:
  // none.
  int InPlaceOf(size_t s, int value) const {
    const std::vector<BoundStage>& stages = plan_.steps[s]->stages();
    const auto store = std::find_if(stages.begin(), stages.end(), [&](const BoundStage& bound) {
      return IsWrite(bound) && bound.value == value;
    });
    if (store == stages.end()) return -1;
    for (auto bound = stages.begin(); bound != store; ++bound) {
      if (!IsRead(*bound)) continue;
      const Value& shortcut = plan_.values[bound->value];
      const auto uses = std::count_if(stages.begin(), stages.end(), [&](const BoundStage& other) {
        return other.value == bound->value;
      });
      const std::vector<int>& reads = accesses_[s].reads;
      if (shortcut.place == Value::Place::kBuffer && uses == 1 &&
          last_use_[bound->value] == static_cast<int>(s) &&
          std::find(reads.begin(), reads.end(), bound->value) == reads.end() &&
          SameLayout(shortcut, plan_.values[value]) && NewOwner(s, bound->value) < 0) {
        return bound->value;
      }
    }
    return -1;
  }

  // The value that a stage of this step writes to the memory of `value`, or -1. A later stage may
  // read it there.
  int NewOwner(size_t s, int value) const {
    for (const BoundStage& bound : plan_.steps[s]->stages()) {
      if (IsWrite(bound) && bound.value != value &&
          plan_.values[bound.value].place == Value::Place::kBuffer &&
          plan_.values[bound.value].slot == plan_.values[value].slot) {
        return bound.value;
      }
    }
    return -1;
  }

  const std::vector<StepAccess>& accesses_;
  PlannedGraph& plan_;
  std::vector<int> last_use_;
  std::vector<Value> owners_;  // of each slot: a value of its layout
  std::vector<int> free_;      // slots
};

}  // namespace

void AssignBuffers(const std::vector<StepAccess>& accesses, PlannedGraph* plan) {
  for (Value& value : plan->values) {
    if (value.place == Value::Place::kBuffer) value.slot = -1;
  }
  Assignment(accesses, plan).Run();
}

}  // namespace bireid
