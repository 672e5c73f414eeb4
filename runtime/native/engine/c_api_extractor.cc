#include <string>
#include <vector>

#include "engine/bireid.h"
#include "engine/c_pictures.h"
#include "engine/c_status.h"
#include "engine/extractor_handle.h"

using bireid::Guard;
using bireid::Require;

namespace {

int32_t DimOf(const bireid_extractor* extractor) {
  return static_cast<int32_t>(extractor->session.manifest().outputs[extractor->output].elements);
}

void CheckDim(const bireid_extractor* extractor, int32_t given) {
  if (given == DimOf(extractor)) return;
  throw std::invalid_argument("dim is " + std::to_string(given) + "; an embedding has " +
                              std::to_string(DimOf(extractor)));
}

}  // namespace

bireid_status bireid_open(const char* directory, const bireid_options* options,
                          bireid_extractor** extractor) {
  return Guard([&] {
    Require(extractor != nullptr, "extractor is NULL");
    *extractor = nullptr;
    Require(directory != nullptr, "directory is NULL");
    *extractor = new bireid_extractor(directory, options);
    return BIREID_OK;
  });
}

bireid_status bireid_share(const bireid_extractor* extractor, bireid_extractor** another) {
  return Guard([&] {
    Require(another != nullptr, "another is NULL");
    *another = nullptr;
    Require(extractor != nullptr, "extractor is NULL");
    *another = new bireid_extractor(*extractor);
    return BIREID_OK;
  });
}

int32_t bireid_embedding_dim(const bireid_extractor* extractor) {
  return extractor == nullptr ? 0 : DimOf(extractor);
}

const char* bireid_fingerprint(const bireid_extractor* extractor) {
  return extractor == nullptr ? "" : extractor->session.manifest().fingerprint.c_str();
}

int32_t bireid_camera_count(const bireid_extractor* extractor) {
  return extractor == nullptr ? 0 : bireid::CameraCount(extractor->session);
}

const char* bireid_camera_name(const bireid_extractor* extractor, int32_t index) {
  return extractor == nullptr ? nullptr : bireid::CameraName(extractor->session, index);
}

const char* bireid_describe(const bireid_extractor* extractor) {
  return extractor == nullptr ? "" : extractor->session.description().c_str();
}

bireid_status bireid_embed_rgb8(bireid_extractor* extractor, const uint8_t* pixels, int32_t width,
                                int32_t height, int64_t row_bytes, float* embedding, int32_t dim) {
  return Guard([&] {
    Require(extractor != nullptr && pixels != nullptr && embedding != nullptr, "a pointer is NULL");
    CheckDim(extractor, dim);
    bireid::RunOneImage(&extractor->session, extractor->output, {pixels, width, height, row_bytes},
                        embedding);
    return BIREID_OK;
  });
}

bireid_status bireid_embed_images(bireid_extractor* extractor, const float* images, int32_t count,
                                  float* embeddings, int32_t dim) {
  return Guard([&] {
    Require(extractor != nullptr && images != nullptr && embeddings != nullptr,
            "a pointer is NULL");
    CheckDim(extractor, dim);
    std::vector<float*> outputs(extractor->session.manifest().outputs.size(), nullptr);
    outputs[extractor->output] = embeddings;
    extractor->session.Run(&images, count, outputs.data());
    return BIREID_OK;
  });
}

bireid_status bireid_embed_pictures(bireid_extractor* extractor, const bireid_picture* pictures,
                                    int32_t count, float* embeddings, int32_t dim) {
  return Guard([&] {
    Require(extractor != nullptr && pictures != nullptr && embeddings != nullptr,
            "a pointer is NULL");
    CheckDim(extractor, dim);
    const std::vector<bireid::Picture> read = bireid::ReadPictures(pictures, count);
    std::vector<float*> outputs(extractor->session.manifest().outputs.size(), nullptr);
    outputs[extractor->output] = embeddings;
    extractor->session.RunPictures(read.data(), count, outputs.data());
    return BIREID_OK;
  });
}

double bireid_similarity(const float* a, const float* b, int32_t dim) {
  if (a == nullptr || b == nullptr) return 0;
  double sum = 0;
  for (int32_t i = 0; i < dim; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

bireid_status bireid_input_image(const bireid_extractor* extractor, bireid_image_info* info) {
  return Guard([&] {
    Require(extractor != nullptr, "extractor is NULL");
    bireid::TellImage(extractor->session, info);
    return BIREID_OK;
  });
}

bireid_status bireid_selftest(bireid_extractor* extractor, double* max_difference,
                              double* min_cosine) {
  return Guard([&] {
    Require(extractor != nullptr, "extractor is NULL");
    return bireid::SelfTest(&extractor->session, max_difference, min_cosine);
  });
}

void bireid_close(bireid_extractor* extractor) { delete extractor; }
