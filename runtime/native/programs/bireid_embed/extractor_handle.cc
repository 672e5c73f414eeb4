#include "programs/bireid_embed/extractor_handle.h"

#include "programs/bireid_embed/errors.h"

namespace bireid_embed {
namespace {

void Check(bireid_status status) {
  if (status != BIREID_OK) throw EngineError(status, bireid_last_error());
}

}  // namespace

ExtractorHandle::ExtractorHandle(const std::string& bundle, const bireid_options& options)
    : extractor_(nullptr, bireid_close) {
  bireid_extractor* opened = nullptr;
  Check(bireid_open(bundle.c_str(), &options, &opened));
  extractor_.reset(opened);
}

std::vector<float> ExtractorHandle::Embed(const Image& image) {
  const int32_t dim = bireid_embedding_dim(extractor_.get());
  std::vector<float> embedding(static_cast<size_t>(dim));
  Check(bireid_embed_rgb8(extractor_.get(), image.pixels.data(), image.width, image.height, 0,
                          embedding.data(), dim));
  return embedding;
}

SelfTest ExtractorHandle::RunSelfTest() {
  SelfTest result;
  const bireid_status status =
      bireid_selftest(extractor_.get(), &result.max_difference, &result.min_cosine);
  if (status == BIREID_SELF_TEST_FAILED) {
    result.failure = bireid_last_error();
  } else {
    Check(status);
  }
  return result;
}

}  // namespace bireid_embed
