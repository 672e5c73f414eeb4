#include "engine/centring.h"

#include <algorithm>
#include <cmath>

namespace bireid {
namespace {

constexpr double kMinNorm = 1e-12;

}  // namespace

void Centre(const float* mean, const float* deviation, int64_t count, float* row) {
  double squares = 0;  // in the order of the numbers
  for (int64_t i = 0; i < count; ++i) {
    row[i] -= mean[i];
    if (deviation != nullptr) row[i] /= deviation[i];
    squares += static_cast<double>(row[i]) * row[i];
  }
  const auto norm = static_cast<float>(std::max(std::sqrt(squares), kMinNorm));
  for (int64_t i = 0; i < count; ++i) row[i] /= norm;
}

}  // namespace bireid
