// How a step is divided among workers, and how they find its maps.
#ifndef BIREID_PLAN_WORKER_SHARE_H_
#define BIREID_PLAN_WORKER_SHARE_H_

#include <algorithm>
#include <cstdint>

#include "plan/step.h"

namespace bireid {

struct Share {
  int begin;
  int end;
};

// What this part has of `count` things, in whole multiples of `unit`.
inline Share ShareOf(const StepContext& context, int count, int unit) {
  const int64_t units = (static_cast<int64_t>(count) + unit - 1) / unit;
  const auto edge = [&](int part) {
    return static_cast<int>(std::min<int64_t>(count, units * part / context.parts * unit));
  };
  return {edge(context.part), edge(context.part + 1)};
}

template <typename Element>
Element* ValueOf(const StepContext& context, int value) {
  return reinterpret_cast<Element*>(context.values[value]);
}

// Elements from the start of a map's memory.
inline int64_t PixelOffset(const MapReference& map, int pixel) {
  return map.offsets != nullptr ? map.offsets[pixel]
                                : static_cast<int64_t>(pixel) * map.layout.elements;
}

}  // namespace bireid

#endif  // BIREID_PLAN_WORKER_SHARE_H_
