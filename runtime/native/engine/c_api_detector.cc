#include <mutex>
#include <string>
#include <vector>

#include "engine/bireid_detector.h"
#include "engine/boxes.h"
#include "engine/c_status.h"
#include "engine/kinds.h"

using bireid::Guard;
using bireid::Require;

struct bireid_detector {
  bireid::Session session;
  int output;
  std::vector<float> map;
  std::mutex mutex;  // held while `map` is in use

  bireid_detector(const char* directory, const bireid_options* options)
      : session(directory, bireid::ReadOptions(options)),
        output(bireid::OutputOfFace(session, bireid::kBoxesKind, "bireid_detector_open")),
        map(static_cast<size_t>(spec().elements)) {
    const bireid::Preprocess& input = session.manifest().inputs[0].preprocess;
    const int stride = spec().decoding.stride;
    if (rows() * stride != input.height || columns() * stride != input.width) {
      throw bireid::UnsupportedError(session.directory() + ": the map '" + spec().name +
                                     "' does not cover the input; convert the network again");
    }
  }

  const bireid::OutputSpec& spec() const { return session.manifest().outputs[output]; }
  int64_t rows() const { return spec().shape[0]; }
  int64_t columns() const { return spec().shape[1]; }
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
    Require(count != nullptr, "count is NULL");
    *count = 0;
    Require(detector != nullptr && pixels != nullptr && boxes != nullptr, "a pointer is NULL");
    Require(score_threshold == -1 || (score_threshold >= 0 && score_threshold <= 1),
            "score_threshold must be 0 to 1, or -1");
    if (capacity < bireid_detector_max_boxes(detector)) {
      throw std::invalid_argument("capacity is " + std::to_string(capacity) +
                                  "; there may be up to " +
                                  std::to_string(bireid_detector_max_boxes(detector)) + " boxes");
    }
    const bireid::OutputSpec& spec = detector->spec();
    bireid::Decoding decoding = spec.decoding;
    if (score_threshold >= 0) decoding.score_threshold = score_threshold;
    const std::lock_guard<std::mutex> lock(detector->mutex);
    bireid::RunOneImage(&detector->session, detector->output, {pixels, width, height, row_bytes},
                        detector->map.data());
    const bireid::ImageSize image = {width, height};
    const bireid::ImageSize content =
        bireid::ContentSize(detector->session.manifest().inputs[0].preprocess, image);
    for (const bireid::Box& box :
         bireid::DecodeBoxes(detector->map.data(), spec.shape[0], spec.shape[1],
                             static_cast<int>(spec.classes.size()), decoding, content, image)) {
      boxes[(*count)++] = {box.left, box.top, box.right, box.bottom, box.score, box.label};
    }
    return BIREID_OK;
  });
}

void bireid_detector_close(bireid_detector* detector) { delete detector; }
