#include "watching/unit_mean.h"

#include <cmath>

namespace bireid {

void EmbeddingSum::Add(const float* embedding) {
  for (size_t i = 0; i < sum_.size(); ++i) sum_[i] += embedding[i];
  ++count_;
}

std::vector<float> EmbeddingSum::UnitMean(double least) const {
  if (count_ == 0) return {};
  double squares = 0;
  for (const double each : sum_) {
    const double mean = each / count_;
    squares += mean * mean;
  }
  const double length = std::sqrt(squares);
  if (!(length > least)) return {};
  std::vector<float> unit;
  for (const double each : sum_) unit.push_back(static_cast<float>(each / count_ / length));
  return unit;
}

}  // namespace bireid
