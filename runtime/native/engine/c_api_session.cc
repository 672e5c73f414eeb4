#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "engine/bireid_session.h"
#include "engine/c_boxes.h"
#include "engine/c_pictures.h"
#include "engine/c_status.h"
#include "engine/describe.h"
#include "engine/kinds.h"

using bireid::Guard;
using bireid::Require;

struct bireid_session {
  bireid::Session session;
  std::string json;

  bireid_session(const char* directory, const bireid_options* options)
      : session(directory, bireid::ReadOptions(options)), json(bireid::DescribeAsJson(session)) {}

  explicit bireid_session(const bireid_session& other)
      : session(other.session, bireid::Sharing{}), json(other.json) {}

  const bireid::Manifest& manifest() const { return session.manifest(); }
};

namespace {

template <typename Spec>
bireid_status Tell(const std::vector<Spec>& specs, int32_t index, bireid_tensor_info* info) {
  Require(info != nullptr, "info is NULL");
  Require(info->size >= sizeof(size_t), "info.size is not set");
  Require(index >= 0 && static_cast<size_t>(index) < specs.size(), "there is no such index");
  const Spec& spec = specs[index];
  bireid_tensor_info filled{};
  filled.size = info->size;
  filled.name = spec.name.c_str();
  filled.kind = spec.kind->name;
  filled.rank = static_cast<int32_t>(spec.shape.size());
  std::copy(spec.shape.begin(), spec.shape.end(), filled.shape);
  filled.elements = spec.elements;
  // An older caller has less space.
  std::memcpy(info, &filled, std::min(info->size, sizeof(filled)));
  return BIREID_OK;
}

const std::vector<std::string>* ClassesOf(const bireid_session* session, int32_t output) {
  if (output < 0 || output >= bireid_session_output_count(session)) return nullptr;
  return &session->manifest().outputs[output].classes;
}

}  // namespace

bireid_status bireid_session_open(const char* directory, const bireid_options* options,
                                  bireid_session** session) {
  return Guard([&] {
    Require(session != nullptr, "session is NULL");
    *session = nullptr;
    Require(directory != nullptr, "directory is NULL");
    *session = new bireid_session(directory, options);
    return BIREID_OK;
  });
}

bireid_status bireid_session_share(const bireid_session* session, bireid_session** another) {
  return Guard([&] {
    Require(another != nullptr, "another is NULL");
    *another = nullptr;
    Require(session != nullptr, "session is NULL");
    *another = new bireid_session(*session);
    return BIREID_OK;
  });
}

bireid_status bireid_session_run_pictures(bireid_session* session, const bireid_picture* pictures,
                                          int32_t count, float* const* outputs) {
  return Guard([&] {
    Require(session != nullptr && pictures != nullptr && outputs != nullptr, "a pointer is NULL");
    const std::vector<bireid::Picture> read = bireid::ReadPictures(pictures, count);
    session->session.RunPictures(read.data(), count, outputs);
    return BIREID_OK;
  });
}

bireid_status bireid_session_input_image(const bireid_session* session, bireid_image_info* info) {
  return Guard([&] {
    Require(session != nullptr, "session is NULL");
    bireid::TellImage(session->session, info);
    return BIREID_OK;
  });
}

void bireid_session_close(bireid_session* session) { delete session; }

int32_t bireid_session_input_count(const bireid_session* session) {
  return session == nullptr ? 0 : static_cast<int32_t>(session->manifest().inputs.size());
}

int32_t bireid_session_output_count(const bireid_session* session) {
  return session == nullptr ? 0 : static_cast<int32_t>(session->manifest().outputs.size());
}

bireid_status bireid_session_input(const bireid_session* session, int32_t index,
                                   bireid_tensor_info* info) {
  return Guard([&] {
    Require(session != nullptr, "session is NULL");
    return Tell(session->manifest().inputs, index, info);
  });
}

bireid_status bireid_session_output(const bireid_session* session, int32_t index,
                                    bireid_tensor_info* info) {
  return Guard([&] {
    Require(session != nullptr, "session is NULL");
    return Tell(session->manifest().outputs, index, info);
  });
}

int32_t bireid_session_class_count(const bireid_session* session, int32_t output) {
  const std::vector<std::string>* classes = ClassesOf(session, output);
  return classes == nullptr ? 0 : static_cast<int32_t>(classes->size());
}

const char* bireid_session_class_name(const bireid_session* session, int32_t output,
                                      int32_t index) {
  if (index < 0 || index >= bireid_session_class_count(session, output)) return nullptr;
  return (*ClassesOf(session, output))[index].c_str();
}

int32_t bireid_session_camera_count(const bireid_session* session) {
  return session == nullptr ? 0 : bireid::CameraCount(session->session);
}

const char* bireid_session_camera_name(const bireid_session* session, int32_t index) {
  return session == nullptr ? nullptr : bireid::CameraName(session->session, index);
}

int32_t bireid_session_max_boxes(const bireid_session* session, int32_t output) {
  if (output < 0 || output >= bireid_session_output_count(session)) return 0;
  return session->manifest().outputs[output].decoding.max_boxes;
}

bireid_status bireid_session_decode_boxes(const bireid_session* session, int32_t output,
                                          const float* map, int32_t width, int32_t height,
                                          double score_threshold, bireid_box* boxes,
                                          int32_t capacity, int32_t* count) {
  return Guard([&] {
    Require(session != nullptr, "session is NULL");
    Require(bireid_session_max_boxes(session, output) > 0 && session->session.TakesImages(),
            "the output is not of kind boxes, of a network that takes one image");
    bireid::DecodeInto(session->manifest(), output, map, {width, height}, score_threshold, boxes,
                       capacity, count);
    return BIREID_OK;
  });
}

const char* bireid_session_task(const bireid_session* session) {
  return session == nullptr ? "" : session->manifest().task.c_str();
}

const char* bireid_session_fingerprint(const bireid_session* session) {
  return session == nullptr ? "" : session->manifest().fingerprint.c_str();
}

const char* bireid_session_describe(const bireid_session* session) {
  return session == nullptr ? "" : session->session.description().c_str();
}

const char* bireid_session_describe_json(const bireid_session* session) {
  return session == nullptr ? "" : session->json.c_str();
}

bireid_status bireid_session_run(bireid_session* session, const float* const* inputs, int32_t items,
                                 float* const* outputs) {
  return Guard([&] {
    Require(session != nullptr && inputs != nullptr && outputs != nullptr, "a pointer is NULL");
    const int32_t count = bireid_session_input_count(session);
    Require(std::find(inputs, inputs + count, nullptr) == inputs + count, "an input is NULL");
    session->session.Run(inputs, items, outputs);
    return BIREID_OK;
  });
}

bireid_status bireid_session_run_images(bireid_session* session, const bireid_image* images,
                                        int32_t count, float* const* outputs) {
  return Guard([&] {
    Require(session != nullptr && images != nullptr && outputs != nullptr, "a pointer is NULL");
    std::vector<bireid::ImageView> views;
    for (int32_t i = 0; i < count; ++i) {
      views.push_back({images[i].pixels, images[i].width, images[i].height, images[i].row_bytes});
    }
    session->session.RunImages(views.data(), count, outputs);
    return BIREID_OK;
  });
}

bireid_status bireid_session_run_clouds(bireid_session* session, const bireid_cloud* clouds,
                                        int32_t count, float* const* outputs) {
  return Guard([&] {
    Require(session != nullptr && clouds != nullptr && outputs != nullptr, "a pointer is NULL");
    std::vector<bireid::CloudView> views;
    for (int32_t i = 0; i < count; ++i) views.push_back({clouds[i].points, clouds[i].count});
    session->session.RunClouds(views.data(), count, outputs);
    return BIREID_OK;
  });
}

bireid_status bireid_session_selftest(bireid_session* session, double* max_difference,
                                      double* min_cosine) {
  return Guard([&] {
    Require(session != nullptr, "session is NULL");
    return bireid::SelfTest(&session->session, max_difference, min_cosine);
  });
}
