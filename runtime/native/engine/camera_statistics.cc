#include "engine/camera_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "engine/centring.h"

namespace bireid {
namespace {

constexpr int64_t kMaxCount = std::numeric_limits<int32_t>::max();

void RequireFinite(const float* numbers, int64_t count) {
  if (std::all_of(numbers, numbers + count, [](float value) { return std::isfinite(value); })) {
    return;
  }
  throw std::invalid_argument("an embedding holds a number that is not finite");
}

}  // namespace

CameraStatistics::CameraStatistics(int64_t dim) {
  if (dim < 1 || dim > kMaxStatisticsDim) {
    throw std::invalid_argument("dim is " + std::to_string(dim) + "; it must be 1 to " +
                                std::to_string(kMaxStatisticsDim));
  }
  mean_.resize(static_cast<size_t>(dim));
  squares_.resize(static_cast<size_t>(dim));
}

CameraStatistics::CameraStatistics(int64_t count, const std::vector<float>& mean,
                                   const std::vector<float>& deviation)
    : CameraStatistics(static_cast<int64_t>(mean.size())) {
  count_ = count;
  std::copy(mean.begin(), mean.end(), mean_.begin());
  for (size_t i = 0; i < deviation.size(); ++i) {
    squares_[i] = static_cast<double>(count) * (static_cast<double>(deviation[i]) * deviation[i]);
  }
}

void CameraStatistics::Add(const float* embeddings, int64_t rows) {
  if (rows < 0 || rows > kMaxCount - count_) {
    throw std::invalid_argument("more than 2147483647 embeddings, or less than none");
  }
  RequireFinite(embeddings, rows * dim());
  for (int64_t row = 0; row < rows; ++row, embeddings += dim()) {
    ++count_;
    for (int64_t i = 0; i < dim(); ++i) {
      const double value = embeddings[i];
      const double distance = value - mean_[i];
      mean_[i] += distance / static_cast<double>(count_);
      squares_[i] += distance * (value - mean_[i]);
    }
  }
}

void CameraStatistics::Get(float* mean, float* deviation) const {
  if (mean != nullptr) std::copy(mean_.begin(), mean_.end(), mean);
  if (deviation == nullptr) return;
  const auto count = static_cast<double>(std::max<int64_t>(count_, 1));
  for (size_t i = 0; i < squares_.size(); ++i) {
    deviation[i] = std::max(static_cast<float>(std::sqrt(squares_[i] / count)), kMinDeviation);
  }
}

void CameraStatistics::Apply(bool divide, float* embeddings, int64_t rows) const {
  if (rows < 0) throw std::invalid_argument("the number of embeddings is negative");
  RequireFinite(embeddings, rows * dim());
  if (count_ < 2) return;
  std::vector<float> mean(mean_.size()), deviation(mean_.size());
  Get(mean.data(), deviation.data());
  for (int64_t row = 0; row < rows; ++row, embeddings += dim()) {
    Centre(mean.data(), divide ? deviation.data() : nullptr, dim(), embeddings);
  }
}

}  // namespace bireid
