#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "engine/bireid.h"
#include "engine/errors.h"
#include "engine/extractor.h"
#include "kernels/dispatch.h"
#include "plan/thread_pool.h"

struct bireid_extractor {
  bireid::Extractor extractor;
};

namespace {

// An array, since a string could fail to grow while an error is being told.
thread_local char last_error[1024];

bireid_status Fail(bireid_status status, const char* message) {
  std::snprintf(last_error, sizeof(last_error), "%s", message);
  // One line, whatever a file made a message contain.
  for (char* c = last_error; *c != '\0'; ++c) {
    if (*c == '\n' || *c == '\r') *c = ' ';
  }
  return status;
}

template <typename Function>
bireid_status Guard(Function function) {
  try {
    return function();
  } catch (const bireid::BundleError& error) {
    return Fail(BIREID_BAD_BUNDLE, error.what());
  } catch (const bireid::UnsupportedError& error) {
    return Fail(BIREID_UNSUPPORTED, error.what());
  } catch (const std::invalid_argument& error) {
    return Fail(BIREID_INVALID_ARGUMENT, error.what());
  } catch (const std::bad_alloc&) {
    return Fail(BIREID_OUT_OF_MEMORY, "not enough memory");
  } catch (const std::exception& error) {
    return Fail(BIREID_INTERNAL, error.what());
  } catch (...) {
    return Fail(BIREID_INTERNAL, "an unknown error");
  }
}

void Require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

// The caller's options, with what an older or a newer caller does not know left at its default.
bireid::ExtractorOptions ReadOptions(const bireid_options* given) {
  bireid_options options{};
  if (given != nullptr) {
    Require(given->size >= sizeof(size_t), "options.size is not set");
    std::memcpy(&options, given, std::min(given->size, sizeof(options)));
  }
  bireid::ExtractorOptions result;
  Require(options.threads >= 0 && options.threads <= bireid::kMaxThreads,
          "threads must be 1 to 64");
  result.threads = std::max(1, options.threads);
  const std::string isa = options.isa == nullptr ? "auto" : options.isa;
  result.kernels = bireid::FindKernels(isa);
  if (result.kernels == nullptr) {
    throw bireid::UnsupportedError("isa is '" + isa + "'; this CPU or this build has no such path");
  }
  const std::string stem = options.stem == nullptr ? "float32" : options.stem;
  Require(stem == "float32" || stem == "uint8", "stem must be float32 or uint8");
  result.uint8_stem = stem == "uint8";
  result.verify = options.skip_checksums == 0;
  return result;
}

void CheckDim(const bireid_extractor* extractor, int32_t dim) {
  if (dim != extractor->extractor.embedding_dim()) {
    throw std::invalid_argument("dim is " + std::to_string(dim) + "; an embedding has " +
                                std::to_string(extractor->extractor.embedding_dim()));
  }
}

}  // namespace

const char* bireid_version(void) { return BIREID_VERSION; }

const char* bireid_last_error(void) { return last_error; }

bireid_status bireid_open(const char* directory, const bireid_options* options,
                          bireid_extractor** extractor) {
  return Guard([&] {
    Require(extractor != nullptr, "extractor is NULL");
    *extractor = nullptr;
    Require(directory != nullptr, "directory is NULL");
    *extractor = new bireid_extractor{{directory, ReadOptions(options)}};
    return BIREID_OK;
  });
}

int32_t bireid_embedding_dim(const bireid_extractor* extractor) {
  return extractor == nullptr ? 0 : extractor->extractor.embedding_dim();
}

const char* bireid_fingerprint(const bireid_extractor* extractor) {
  return extractor == nullptr ? "" : extractor->extractor.fingerprint().c_str();
}

const char* bireid_describe(const bireid_extractor* extractor) {
  return extractor == nullptr ? "" : extractor->extractor.description().c_str();
}

bireid_status bireid_embed_rgb8(bireid_extractor* extractor, const uint8_t* pixels, int32_t width,
                                int32_t height, int64_t row_bytes, float* embedding, int32_t dim) {
  return Guard([&] {
    Require(extractor != nullptr && pixels != nullptr && embedding != nullptr, "a pointer is NULL");
    CheckDim(extractor, dim);
    extractor->extractor.EmbedRgb8(pixels, width, height, row_bytes, embedding);
    return BIREID_OK;
  });
}

bireid_status bireid_embed_images(bireid_extractor* extractor, const float* images, int32_t count,
                                  float* embeddings, int32_t dim) {
  return Guard([&] {
    Require(extractor != nullptr && images != nullptr && embeddings != nullptr,
            "a pointer is NULL");
    CheckDim(extractor, dim);
    extractor->extractor.EmbedImages(images, count, embeddings);
    return BIREID_OK;
  });
}

bireid_status bireid_selftest(bireid_extractor* extractor, double* max_difference,
                              double* min_cosine) {
  return Guard([&] {
    Require(extractor != nullptr, "extractor is NULL");
    const bireid::SelfTestResult result = extractor->extractor.SelfTest();
    if (max_difference != nullptr) *max_difference = result.max_difference;
    if (min_cosine != nullptr) *min_cosine = result.min_cosine;
    if (result.passed) return BIREID_OK;
    char message[160];
    std::snprintf(message, sizeof(message),
                  "the golden crops give other embeddings here: largest difference %.2e, smallest "
                  "cosine %.6f; copy the bundle again",
                  result.max_difference, result.min_cosine);
    return Fail(BIREID_SELF_TEST_FAILED, message);
  });
}

void bireid_close(bireid_extractor* extractor) { delete extractor; }
