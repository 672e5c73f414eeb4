#include "engine/clouds.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace bireid {
namespace {

// The i-th of `points` that are taken of a cloud. Below 2^40: no product overflows.
const float* Sampled(const CloudView& cloud, int points, int64_t i) {
  const int64_t place = cloud.count > points ? i * cloud.count / points : i % cloud.count;
  return cloud.points + place * kAxes;
}

}  // namespace

void CheckCloud(const CloudView& cloud, int points) {
  if (cloud.points == nullptr) throw std::invalid_argument("the points of a cloud are NULL");
  if (cloud.count < kMinPoints || cloud.count > kMaxPoints) {
    throw std::invalid_argument(std::to_string(cloud.count) + " points; a cloud has " +
                                std::to_string(kMinPoints) + " to " + std::to_string(kMaxPoints));
  }
  if (!std::all_of(cloud.points, cloud.points + cloud.count * kAxes,
                   [](float value) { return std::isfinite(value); })) {
    throw std::invalid_argument("not all coordinates of a cloud are finite");
  }
  const float* first = Sampled(cloud, points, 0);
  for (int64_t i = 1; i < points; ++i) {
    if (!std::equal(first, first + kAxes, Sampled(cloud, points, i))) return;
  }
  throw std::invalid_argument("all points of a cloud that are sampled lie at one place");
}

void PrepareCloud(const CloudView& cloud, int points, float* output) {
  // Not from 0 on, which would lose the sign of a sum of -0.
  double mean[kAxes];
  std::copy(cloud.points, cloud.points + kAxes, mean);
  for (int64_t i = 1; i < points; ++i) {
    const float* point = Sampled(cloud, points, i);
    for (int axis = 0; axis < kAxes; ++axis) mean[axis] += point[axis];
  }
  for (double& each : mean) each /= points;
  double farthest = 0;
  for (int64_t i = 0; i < points; ++i) {
    const float* point = Sampled(cloud, points, i);
    const double x = point[0] - mean[0];
    const double y = point[1] - mean[1];
    const double z = point[2] - mean[2];
    farthest = std::max(farthest, x * x + y * y + z * z);
  }
  const double radius = std::sqrt(farthest);
  for (int64_t i = 0; i < points; ++i) {
    const float* point = Sampled(cloud, points, i);
    for (int axis = 0; axis < kAxes; ++axis) {
      output[i * kAxes + axis] = static_cast<float>((point[axis] - mean[axis]) / radius);
    }
  }
}

}  // namespace bireid
