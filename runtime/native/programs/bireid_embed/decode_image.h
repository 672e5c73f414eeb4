// Image formats to pixels, with stb_image.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_DECODE_IMAGE_H_
#define BIREID_PROGRAMS_BIREID_EMBED_DECODE_IMAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "programs/bireid_embed/image.h"

namespace bireid_embed {

// Decodes a PNG, JPEG or BMP file. Grey and palette images become RGB, of 16 bits the upper 8 are
// kept, an alpha channel is dropped. The file is not trusted: it is refused before its pixels are
// decoded if it declares more than image.h allows, and decoding takes no more memory than its
// pixels justify, which `check` is asked for. Throws ImageError.
Image DecodeImage(const std::vector<uint8_t>& file, const std::string& source,
                  const MemoryCheck& check = {});

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_DECODE_IMAGE_H_
