#include <mutex>
#include <string>
#include <vector>

#include "engine/bireid_detector.h"
#include "engine/c_boxes.h"
#include "engine/c_status.h"
#include "engine/kinds.h"
#include "plan/fork_mutex.h"

using bireid::Guard;
using bireid::Require;

struct bireid_detector {
  bireid::Session session;
  int output;
  std::vector<float> map;
  bireid::ForkMutex mutex;  // held while `map` is in use

  bireid_detector(const char* directory, const bireid_options* options)
      : session(directory, bireid::ReadOptions(options)),
        output(bireid::OutputOfFace(session, bireid::kBoxesKind, "bireid_detector_open")),
        map(static_cast<size_t>(spec().elements)) {}

  const bireid::OutputSpec& spec() const { return session.manifest().outputs[output]; }
};

bireid_status bireid_detector_open(const char* directory, const bireid_options* options,
                                   bireid_detector** detector) {
  return Guard([&] {
    Require(detector != nullptr, "detector is NULL");
    *detector = nullptr;
    Require(directory != nullptr, "directory is NULL");
    *detector = new bireid_detector(directory, options);
    return BIREID_OK;
  });
}

int32_t bireid_detector_class_count(const bireid_detector* detector) {
  return detector == nullptr ? 0 : static_cast<int32_t>(detector->spec().classes.size());
}

const char* bireid_detector_class_name(const bireid_detector* detector, int32_t index) {
  if (index < 0 || index >= bireid_detector_class_count(detector)) return nullptr;
  return detector->spec().classes[index].c_str();
}

int32_t bireid_detector_max_boxes(const bireid_detector* detector) {
  return detector == nullptr ? 0 : detector->spec().decoding.max_boxes;
}

bireid_status bireid_detect_rgb8(bireid_detector* detector, const uint8_t* pixels, int32_t width,
                                 int32_t height, int64_t row_bytes, double score_threshold,
                                 bireid_box* boxes, int32_t capacity, int32_t* count) {
  return Guard([&] {
    Require(detector != nullptr && pixels != nullptr, "a pointer is NULL");
    const std::lock_guard<bireid::ForkMutex> lock(detector->mutex);
    bireid::RunOneImage(&detector->session, detector->output, {pixels, width, height, row_bytes},
                        detector->map.data());
    bireid::DecodeInto(detector->session.manifest(), detector->output, detector->map.data(),
                       {width, height}, score_threshold, boxes, capacity, count);
    return BIREID_OK;
  });
}

const char* bireid_detector_fingerprint(const bireid_detector* detector) {
  return detector == nullptr ? "" : detector->session.manifest().fingerprint.c_str();
}

const char* bireid_detector_describe(const bireid_detector* detector) {
  return detector == nullptr ? "" : detector->session.description().c_str();
}

bireid_status bireid_detector_selftest(bireid_detector* detector, double* max_difference,
                                       double* min_cosine) {
  return Guard([&] {
    Require(detector != nullptr, "detector is NULL");
    return bireid::SelfTest(&detector->session, max_difference, min_cosine);
  });
}

void bireid_detector_close(bireid_detector* detector) { delete detector; }
