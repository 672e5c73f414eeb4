#include "formats/custom_options.h"

#include <limits>

#include "formats/builtin_options.h"
#include "formats/flexbuffer_map.h"
#include "plan/plan.h"

namespace bireid {
namespace {

std::map<std::string, int64_t> ReadMap(const void* data, size_t bytes) {
  try {
    return ReadFlexbufferMap(data, bytes);
  } catch (const FlexbufferError& error) {
    throw PlanError(error.what());
  }
}

}  // namespace

CustomOptions::CustomOptions(const void* data, size_t bytes) : values_(ReadMap(data, bytes)) {}

int CustomOptions::Integer(const char* key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) {
    throw PlanError("custom options lack '" + std::string(key) + "'");
  }
  if (found->second < std::numeric_limits<int>::min() ||
      found->second > std::numeric_limits<int>::max()) {
    throw PlanError("custom option '" + std::string(key) + "' is out of range");
  }
  return static_cast<int>(found->second);
}

Padding CustomOptions::PaddingAt(const char* key) const {
  const int padding = Integer(key);
  if (padding == 0) return Padding::kSame;
  if (padding == 1) return Padding::kValid;
  throw PlanError("unknown padding " + std::to_string(padding));
}

Activation CustomOptions::ActivationAt(const char* key) const { return ActivationOf(Integer(key)); }

}  // namespace bireid
