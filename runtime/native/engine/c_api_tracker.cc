#include <mutex>

#include "engine/bireid_tracker.h"
#include "engine/c_status.h"
#include "engine/following.h"
#include "engine/kinds.h"
#include "plan/fork_mutex.h"

using bireid::Guard;
using bireid::Require;

struct bireid_tracker {
  bireid::Session session;
  bireid::Follower follower;
  bireid::ForkMutex mutex;  // held while `follower` is in use

  bireid_tracker(const char* directory, const bireid_options* options)
      : session(directory, bireid::ReadOptions(options)),
        follower(&session,
                 bireid::OutputOfFace(session, bireid::kCorrelationKind, "bireid_tracker_open")) {}
};

bireid_status bireid_tracker_open(const char* directory, const bireid_options* options,
                                  bireid_tracker** tracker) {
  return Guard([&] {
    Require(tracker != nullptr, "tracker is NULL");
    *tracker = nullptr;
    Require(directory != nullptr, "directory is NULL");
    *tracker = new bireid_tracker(directory, options);
    return BIREID_OK;
  });
}

bireid_status bireid_tracker_start_rgb8(bireid_tracker* tracker, const uint8_t* pixels,
                                        int32_t width, int32_t height, int64_t row_bytes,
                                        const bireid_tracked_box* box) {
  return Guard([&] {
    Require(tracker != nullptr && pixels != nullptr && box != nullptr, "a pointer is NULL");
    const std::lock_guard<bireid::ForkMutex> lock(tracker->mutex);
    tracker->follower.Start({pixels, width, height, row_bytes},
                            {box->left, box->top, box->width, box->height, 0});
    return BIREID_OK;
  });
}

bireid_status bireid_tracker_update_rgb8(bireid_tracker* tracker, const uint8_t* pixels,
                                         int32_t width, int32_t height, int64_t row_bytes,
                                         bireid_tracked_box* box) {
  return Guard([&] {
    Require(tracker != nullptr && pixels != nullptr && box != nullptr, "a pointer is NULL");
    const std::lock_guard<bireid::ForkMutex> lock(tracker->mutex);
    const bireid::TrackedBox found = tracker->follower.Update({pixels, width, height, row_bytes});
    *box = {found.left, found.top, found.width, found.height, found.score};
    return BIREID_OK;
  });
}

const char* bireid_tracker_fingerprint(const bireid_tracker* tracker) {
  return tracker == nullptr ? "" : tracker->session.manifest().fingerprint.c_str();
}

const char* bireid_tracker_describe(const bireid_tracker* tracker) {
  return tracker == nullptr ? "" : tracker->session.description().c_str();
}

bireid_status bireid_tracker_selftest(bireid_tracker* tracker, double* max_difference,
                                      double* min_cosine) {
  return Guard([&] {
    Require(tracker != nullptr, "tracker is NULL");
    return bireid::SelfTest(&tracker->session, max_difference, min_cosine);
  });
}

void bireid_tracker_close(bireid_tracker* tracker) { delete tracker; }
