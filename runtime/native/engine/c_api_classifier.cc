#include <string>
#include <vector>

#include "engine/bireid_classifier.h"
#include "engine/c_status.h"
#include "engine/kinds.h"

using bireid::Guard;
using bireid::Require;

struct bireid_classifier {
  bireid::Session session;
  int output;

  bireid_classifier(const char* directory, const bireid_options* options)
      : session(directory, bireid::ReadOptions(options)),
        output(bireid::OutputOfFace(session, bireid::kLogitsKind, "bireid_classifier_open")) {}

  const std::vector<std::string>& classes() const {
    return session.manifest().outputs[output].classes;
  }
};

bireid_status bireid_classifier_open(const char* directory, const bireid_options* options,
                                     bireid_classifier** classifier) {
  return Guard([&] {
    Require(classifier != nullptr, "classifier is NULL");
    *classifier = nullptr;
    Require(directory != nullptr, "directory is NULL");
    *classifier = new bireid_classifier(directory, options);
    return BIREID_OK;
  });
}

int32_t bireid_class_count(const bireid_classifier* classifier) {
  return classifier == nullptr ? 0 : static_cast<int32_t>(classifier->classes().size());
}

const char* bireid_class_name(const bireid_classifier* classifier, int32_t index) {
  if (index < 0 || index >= bireid_class_count(classifier)) return nullptr;
  return classifier->classes()[index].c_str();
}

bireid_status bireid_classify_rgb8(bireid_classifier* classifier, const uint8_t* pixels,
                                   int32_t width, int32_t height, int64_t row_bytes, float* logits,
                                   int32_t classes) {
  return Guard([&] {
    Require(classifier != nullptr && pixels != nullptr && logits != nullptr, "a pointer is NULL");
    if (classes != bireid_class_count(classifier)) {
      throw std::invalid_argument("classes is " + std::to_string(classes) + "; there are " +
                                  std::to_string(bireid_class_count(classifier)));
    }
    bireid::RunOneImage(&classifier->session, classifier->output,
                        {pixels, width, height, row_bytes}, logits);
    return BIREID_OK;
  });
}

void bireid_classifier_close(bireid_classifier* classifier) { delete classifier; }
