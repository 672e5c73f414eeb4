// Running mean and deviation of the embeddings of one camera.
#ifndef BIREID_ENGINE_CAMERA_STATISTICS_H_
#define BIREID_ENGINE_CAMERA_STATISTICS_H_

#include <cstdint>
#include <vector>

namespace bireid {

constexpr int kMaxStatisticsDim = 1 << 16;

// Welford's sums in double: the bits of bireid_runtime.camera_statistics. Not for several threads.
class CameraStatistics {
 public:
  // Throws std::invalid_argument: not 1 to kMaxStatisticsDim.
  explicit CameraStatistics(int64_t dim);

  // Goes on from `count` embeddings, at least 1; `deviation` may be empty.
  CameraStatistics(int64_t count, const std::vector<float>& mean,
                   const std::vector<float>& deviation);

  int64_t dim() const { return static_cast<int64_t>(mean_.size()); }
  int64_t count() const { return count_; }

  // [rows][dim]. Throws std::invalid_argument, and adds nothing, if a number is not finite or there
  // are more than 2^31 - 1 in all.
  void Add(const float* embeddings, int64_t rows);

  // [dim] each; the deviation is at least kMinDeviation. Either may be null.
  void Get(float* mean, float* deviation) const;

  // [rows][dim], changed where they lie; left alone while fewer than two have been added. Throws as
  // Add.
  void Apply(bool divide, float* embeddings, int64_t rows) const;

 private:
  int64_t count_ = 0;
  std::vector<double> mean_;
  std::vector<double> squares_;
};

}  // namespace bireid

#endif  // BIREID_ENGINE_CAMERA_STATISTICS_H_
