#include "programs/bireid_embed/network_handle.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "engine/json_text.h"
#include "engine/kinds.h"
#include "programs/bireid_embed/errors.h"

namespace bireid_embed {
namespace {

void Check(bireid_status status) {
  if (status != BIREID_OK) throw EngineError(status, bireid_last_error());
}

// What the one input takes.
enum class Taken { kOther, kRgbImage, kCloud };

Taken TakenBy(const bireid_session* session) {
  bireid_tensor_info info{};
  info.size = sizeof(info);
  if (bireid_session_input_count(session) != 1) return Taken::kOther;
  Check(bireid_session_input(session, 0, &info));
  const std::string_view kind = info.kind;
  if (kind == bireid::kPointsKind) return Taken::kCloud;
  return kind == "image" && info.shape[2] == kChannels ? Taken::kRgbImage : Taken::kOther;
}

}  // namespace

NetworkHandle::NetworkHandle(const std::string& bundle, const bireid_options& options)
    : session_(nullptr, bireid_session_close) {
  bireid_session* opened = nullptr;
  Check(bireid_session_open(bundle.c_str(), &options, &opened));
  session_.reset(opened);
  int fitting = 0;
  for (int32_t i = 0; i < bireid_session_output_count(opened); ++i) {
    bireid_tensor_info info{};
    info.size = sizeof(info);
    Check(bireid_session_output(opened, i, &info));
    const std::string_view kind = info.kind;
    if (kind != bireid::kEmbeddingKind && kind != bireid::kLogitsKind &&
        kind != bireid::kBoxesKind && kind != bireid::kCorrelationKind) {
      continue;
    }
    ++fitting;
    output_ = i;
    kind_ = kind;
    elements_ = static_cast<size_t>(info.elements);
  }
  const Taken taken = TakenBy(opened);
  takes_clouds_ = taken == Taken::kCloud;
  if (fitting != 1 || taken == Taken::kOther || (takes_clouds_ && kind_ != bireid::kLogitsKind)) {
    throw EngineError(BIREID_UNSUPPORTED, bundle + ": a network of the task '" +
                                              bireid_session_task(opened) +
                                              "'; this program runs those that embed or classify "
                                              "RGB images, find or follow things in them, or "
                                              "classify point clouds");
  }
}

std::string NetworkHandle::FirstCamera() const {
  const char* name = bireid_session_camera_name(session_.get(), 0);
  return name == nullptr ? "" : name;
}

bool NetworkHandle::Tracks() const { return kind_ == bireid::kCorrelationKind; }
bool NetworkHandle::Embeds() const { return kind_ == bireid::kEmbeddingKind; }
bool NetworkHandle::Detects() const { return kind_ == bireid::kBoxesKind; }

std::vector<std::string> NetworkHandle::Classes() const {
  std::vector<std::string> classes;
  const int32_t count = bireid_session_class_count(session_.get(), output_);
  for (int32_t i = 0; i < count; ++i) {
    classes.emplace_back(bireid_session_class_name(session_.get(), output_, i));
  }
  return classes;
}

std::vector<float> NetworkHandle::Run(const Item& item) {
  std::vector<float> values(elements_);
  std::vector<float*> outputs(static_cast<size_t>(bireid_session_output_count(session_.get())),
                              nullptr);
  outputs[static_cast<size_t>(output_)] = values.data();
  if (takes_clouds_) {
    const bireid_cloud cloud{item.points.data(),
                             static_cast<int64_t>(item.points.size() / bireid::kAxes)};
    Check(bireid_session_run_clouds(session_.get(), &cloud, 1, outputs.data()));
    return values;
  }
  const Image& image = item.image;
  const bireid_image view{image.pixels.data(), image.width, image.height, 0};
  Check(bireid_session_run_images(session_.get(), &view, 1, outputs.data()));
  return values;
}

std::string NetworkHandle::ToJson(const std::vector<float>& values, const Item& item) const {
  if (kind_ == bireid::kLogitsKind) return Classify(values);
  if (kind_ == bireid::kBoxesKind) return Detect(values, item.image);
  return "\"embedding\": " + bireid::JsonNumbers(values);
}

std::string NetworkHandle::Classify(const std::vector<float>& logits) const {
  const auto best = std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - *best);
  const auto index = static_cast<int32_t>(best - logits.begin());
  const char* name = bireid_session_class_name(session_.get(), output_, index);
  char probability[32];
  std::snprintf(probability, sizeof(probability), "%.6g", 1 / sum);
  return "\"class\": " + bireid::JsonString(name) + ", \"probability\": " + probability +
         ", \"logits\": " + bireid::JsonNumbers(logits);
}

std::vector<bireid_box> NetworkHandle::Boxes(const std::vector<float>& map, const Image& image,
                                             double score_threshold) const {
  std::vector<bireid_box> boxes(
      static_cast<size_t>(bireid_session_max_boxes(session_.get(), output_)));
  int32_t count = 0;
  Check(bireid_session_decode_boxes(session_.get(), output_, map.data(), image.width, image.height,
                                    score_threshold, boxes.data(),
                                    static_cast<int32_t>(boxes.size()), &count));
  boxes.resize(static_cast<size_t>(count));
  return boxes;
}

std::string NetworkHandle::Detect(const std::vector<float>& map, const Image& image) const {
  std::string text;
  for (const bireid_box& box : Boxes(map, image, -1)) {
    const char* name = bireid_session_class_name(session_.get(), output_, box.class_index);
    text += (text.empty() ? "" : ", ") + std::string("{\"class\": ") + bireid::JsonString(name) +
            ", \"score\": " + bireid::JsonNumber(box.score) +
            ", \"box\": " + bireid::JsonNumbers({box.left, box.top, box.right, box.bottom}) + "}";
  }
  return "\"boxes\": [" + text + "]";
}

SelfTest NetworkHandle::RunSelfTest() {
  SelfTest result;
  const bireid_status status =
      bireid_session_selftest(session_.get(), &result.max_difference, &result.min_cosine);
  if (status == BIREID_SELF_TEST_FAILED) {
    result.failure = bireid_last_error();
  } else {
    Check(status);
  }
  return result;
}

}  // namespace bireid_embed
