#include <string>
#include <vector>

#include "engine/bireid.h"
#include "engine/c_status.h"
#include "engine/kinds.h"

using bireid::Guard;
using bireid::Require;

struct bireid_extractor {
  bireid::Session session;
  int output;

  bireid_extractor(const char* directory, const bireid_options* options)
      : session(directory, bireid::ReadOptions(options)),
        output(bireid::OutputOfFace(session, bireid::kEmbeddingKind, "bireid_open")) {}

  int32_t dim() const { return static_cast<int32_t>(session.manifest().outputs[output].elements); }

  void CheckDim(int32_t given) const {
    if (given == dim()) return;
    throw std::invalid_argument("dim is " + std::to_string(given) + "; an embedding has " +
                                std::to_string(dim()));
  }
};

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

int32_t bireid_embedding_dim(const bireid_extractor* extractor) {
  return extractor == nullptr ? 0 : extractor->dim();
}

const char* bireid_fingerprint(const bireid_extractor* extractor) {
  return extractor == nullptr ? "" : extractor->session.manifest().fingerprint.c_str();
}

const char* bireid_describe(const bireid_extractor* extractor) {
  return extractor == nullptr ? "" : extractor->session.description().c_str();
}

bireid_status bireid_embed_rgb8(bireid_extractor* extractor, const uint8_t* pixels, int32_t width,
                                int32_t height, int64_t row_bytes, float* embedding, int32_t dim) {
  return Guard([&] {
    Require(extractor != nullptr && pixels != nullptr && embedding != nullptr, "a pointer is NULL");
    extractor->CheckDim(dim);
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
    extractor->CheckDim(dim);
    std::vector<float*> outputs(extractor->session.manifest().outputs.size(), nullptr);
    outputs[extractor->output] = embeddings;
    extractor->session.Run(&images, count, outputs.data());
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
