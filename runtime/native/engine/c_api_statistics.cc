#include <memory>
#include <mutex>

#include "engine/bireid_statistics.h"
#include "engine/c_status.h"
#include "engine/camera_statistics.h"
#include "engine/extractor_handle.h"
#include "plan/fork_mutex.h"

using bireid::Guard;
using bireid::Require;

struct bireid_statistics {
  bireid::CameraStatistics statistics;
  mutable bireid::ForkMutex mutex;

  explicit bireid_statistics(bireid::CameraStatistics given) : statistics(std::move(given)) {}
};

bireid_status bireid_statistics_create(int32_t dim, bireid_statistics** statistics) {
  return Guard([&] {
    Require(statistics != nullptr, "statistics is NULL");
    *statistics = nullptr;
    *statistics = new bireid_statistics(bireid::CameraStatistics(dim));
    return BIREID_OK;
  });
}

bireid_status bireid_statistics_of(const bireid_extractor* extractor,
                                   bireid_statistics** statistics) {
  return Guard([&] {
    Require(statistics != nullptr, "statistics is NULL");
    *statistics = nullptr;
    Require(extractor != nullptr, "extractor is NULL");
    const bireid::CameraNumbers& known = extractor->session.numbers();
    Require(
        !known.mean.empty(),
        "the bundle has no mean of the embeddings of this camera; use bireid_statistics_create");
    const int64_t crops =
        extractor->session.manifest().adaptation->crops[extractor->session.camera()];
    *statistics =
        new bireid_statistics(bireid::CameraStatistics(crops, known.mean, known.deviation));
    return BIREID_OK;
  });
}

bireid_status bireid_statistics_add(bireid_statistics* statistics, const float* embeddings,
                                    int32_t count) {
  return Guard([&] {
    Require(statistics != nullptr && embeddings != nullptr, "a pointer is NULL");
    const std::lock_guard<bireid::ForkMutex> lock(statistics->mutex);
    statistics->statistics.Add(embeddings, count);
    return BIREID_OK;
  });
}

bireid_status bireid_statistics_apply(const bireid_statistics* statistics, int32_t divide,
                                      float* embeddings, int32_t count) {
  return Guard([&] {
    Require(statistics != nullptr && embeddings != nullptr, "a pointer is NULL");
    const std::lock_guard<bireid::ForkMutex> lock(statistics->mutex);
    statistics->statistics.Apply(divide != 0, embeddings, count);
    return BIREID_OK;
  });
}

bireid_status bireid_statistics_get(const bireid_statistics* statistics, int64_t* count,
                                    float* mean, float* deviation) {
  return Guard([&] {
    Require(statistics != nullptr, "statistics is NULL");
    const std::lock_guard<bireid::ForkMutex> lock(statistics->mutex);
    if (count != nullptr) *count = statistics->statistics.count();
    statistics->statistics.Get(mean, deviation);
    return BIREID_OK;
  });
}

void bireid_statistics_destroy(bireid_statistics* statistics) { delete statistics; }
