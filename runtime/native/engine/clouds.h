// From a point cloud to the network's input, as in bireid_runtime/clouds.py, to the last bit.
#ifndef BIREID_ENGINE_CLOUDS_H_
#define BIREID_ENGINE_CLOUDS_H_

#include <cstdint>

namespace bireid {

constexpr int kAxes = 3;
constexpr int64_t kMinPoints = 3;
constexpr int64_t kMaxPoints = int64_t{1} << 24;  // of a cloud
constexpr int64_t kMaxInputPoints = 1 << 16;      // that a network takes

struct CloudView {
  const float* points;  // [count][3]: x, y and z of each
  int64_t count;
};

// Throws std::invalid_argument unless a cloud has kMinPoints to kMaxPoints finite points of which
// the `points` that are sampled do not all lie at one place.
void CheckCloud(const CloudView& cloud, int points);

// Writes [points][1][3] of a cloud that CheckCloud lets pass: evenly sampled, its mean in the
// origin, its farthest point at distance 1. Sums and quotients are double, in the order of the
// points, and nothing is rounded to float before the end.
void PrepareCloud(const CloudView& cloud, int points, float* output);

}  // namespace bireid

#endif  // BIREID_ENGINE_CLOUDS_H_
