#include <string>
#include <vector>

#include "engine/bireid_point_classifier.h"
#include "engine/c_status.h"
#include "engine/kinds.h"

using bireid::Guard;
using bireid::Require;

struct bireid_point_classifier {
  bireid::Session session;
  int output;

  bireid_point_classifier(const char* directory, const bireid_options* options)
      : session(directory, bireid::ReadOptions(options)),
        output(bireid::OutputOfFace(session, bireid::kLogitsKind, "bireid_point_classifier_open",
                                    bireid::RawItem::kCloud)) {}

  const std::vector<std::string>& classes() const {
    return session.manifest().outputs[output].classes;
  }
};

bireid_status bireid_point_classifier_open(const char* directory, const bireid_options* options,
                                           bireid_point_classifier** classifier) {
  return Guard([&] {
    Require(classifier != nullptr, "classifier is NULL");
    *classifier = nullptr;
    Require(directory != nullptr, "directory is NULL");
    *classifier = new bireid_point_classifier(directory, options);
    return BIREID_OK;
  });
}

int32_t bireid_point_class_count(const bireid_point_classifier* classifier) {
  return classifier == nullptr ? 0 : static_cast<int32_t>(classifier->classes().size());
}

const char* bireid_point_class_name(const bireid_point_classifier* classifier, int32_t index) {
  if (index < 0 || index >= bireid_point_class_count(classifier)) return nullptr;
  return classifier->classes()[index].c_str();
}

bireid_status bireid_classify_points(bireid_point_classifier* classifier, const float* points,
                                     int64_t count, float* logits, int32_t classes) {
  return Guard([&] {
    Require(classifier != nullptr && points != nullptr && logits != nullptr, "a pointer is NULL");
    if (classes != bireid_point_class_count(classifier)) {
      throw std::invalid_argument("classes is " + std::to_string(classes) + "; there are " +
                                  std::to_string(bireid_point_class_count(classifier)));
    }
    std::vector<float*> outputs(classifier->session.manifest().outputs.size(), nullptr);
    outputs[classifier->output] = logits;
    const bireid::CloudView cloud{points, count};
    classifier->session.RunClouds(&cloud, 1, outputs.data());
    return BIREID_OK;
  });
}

const char* bireid_point_classifier_fingerprint(const bireid_point_classifier* classifier) {
  return classifier == nullptr ? "" : classifier->session.manifest().fingerprint.c_str();
}

const char* bireid_point_classifier_describe(const bireid_point_classifier* classifier) {
  return classifier == nullptr ? "" : classifier->session.description().c_str();
}

bireid_status bireid_point_classifier_selftest(bireid_point_classifier* classifier,
                                               double* max_difference, double* min_cosine) {
  return Guard([&] {
    Require(classifier != nullptr, "classifier is NULL");
    return bireid::SelfTest(&classifier->session, max_difference, min_cosine);
  });
}

void bireid_point_classifier_close(bireid_point_classifier* classifier) { delete classifier; }
