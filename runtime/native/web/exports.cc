// What JavaScript calls beside the C interface, without structures and 64-bit numbers.
#include <cstddef>
#include <cstdint>

#include "engine/bireid.h"

extern "C" {

// Opens a bundle in memory; null if it cannot be, and bireid_last_error() says why. A text that is
// null is not given.
BIREID_API bireid_extractor* bireid_web_open(const bireid_file* files, int32_t count,
                                             const char* camera, const char* isa,
                                             const char* stem) {
  bireid_options options{};
  options.size = sizeof(options);
  options.files = files;
  options.file_count = count;
  options.camera = camera;
  options.isa = isa;
  options.stem = stem;
  bireid_extractor* extractor = nullptr;
  bireid_open("bundle", &options, &extractor);
  return extractor;
}

// Embeds `width` x `height` pixels of 4 bytes, as a canvas gives them, whose alpha is not looked
// at. They are overwritten. The rest as bireid_embed_rgb8.
BIREID_API bireid_status bireid_web_embed_rgba8(bireid_extractor* extractor, uint8_t* pixels,
                                                int32_t width, int32_t height, float* embedding,
                                                int32_t dim) {
  const size_t count = static_cast<size_t>(width) * static_cast<size_t>(height);
  for (size_t i = 0; i < count; ++i) {
    for (size_t c = 0; c < 3; ++c) pixels[3 * i + c] = pixels[4 * i + c];
  }
  return bireid_embed_rgb8(extractor, pixels, width, height, 0, embedding, dim);
}

}  // extern "C"
