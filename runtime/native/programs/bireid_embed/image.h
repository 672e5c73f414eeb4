// RGB pixels of 8 bits.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_IMAGE_H_
#define BIREID_PROGRAMS_BIREID_EMBED_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "programs/bireid_embed/memory_budget.h"
#include "streams/frame_stream.h"

namespace bireid_embed {

constexpr int kChannels = 3;
constexpr int kMaxSide = bireid::kMaxFrameSide;
constexpr int64_t kMaxPixels = 100'000'000;
constexpr size_t kMaxFileBytes = size_t{64} << 20;

struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;  // [height][width][3]
};

// Bytes of an image; its sides are at most kMaxSide.
inline size_t BytesOf(int width, int height) {
  return static_cast<size_t>(width) * height * kChannels;
}

// Throws ImageError, naming `source`, if the image is empty or larger than the limits above.
void CheckSize(int64_t width, int64_t height, const std::string& source);

// The image as it is meant to be seen by its EXIF orientation, 1 to 8.
Image Upright(Image image, int orientation);

// Decodes a PNG, JPEG or BMP file, `source` in messages, and turns it upright. `check` is asked
// before memory is taken for its pixels. Throws ImageError.
Image UprightImage(const std::vector<uint8_t>& file, const std::string& source,
                   const MemoryCheck& check = {});

// Reads such a file; `check` is asked for its bytes too. Throws ImageError, and as OpenRegular.
Image ReadImageFile(const std::string& path, const MemoryCheck& check = {});

// Reads a file of width * height * 3 bytes. Throws ImageError, and as OpenRegular.
Image ReadRawFile(const std::string& path, int width, int height);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_IMAGE_H_
