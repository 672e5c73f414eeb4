#include "programs/bireid_embed/image.h"

#include <cstring>
#include <utility>

#include "programs/bireid_embed/decode_image.h"
#include "programs/bireid_embed/errors.h"
#include "programs/bireid_embed/exif_orientation.h"
#include "programs/bireid_embed/png_chunks.h"
#include "programs/bireid_embed/regular_file.h"

namespace bireid_embed {
void CheckSize(int64_t width, int64_t height, const std::string& source) {
  if (width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide &&
      width * height <= kMaxPixels) {
    return;
  }
  throw ImageError(source + ": " + std::to_string(width) + "x" + std::to_string(height) +
                   " pixels; a side has 1 to " + std::to_string(kMaxSide) + ", an image at most " +
                   std::to_string(kMaxPixels));
}

Image Upright(Image image, int orientation) {
  if (orientation == 1) return image;
  const bool is_transposed = orientation >= 5;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image upright{image.width, image.height, std::vector<uint8_t>(image.pixels.size())};
  if (is_transposed) std::swap(upright.width, upright.height);
  uint8_t* target = upright.pixels.data();
  for (int y = 0; y < upright.height; ++y) {
    for (int x = 0; x < upright.width; ++x, target += kChannels) {
      const int along = is_transposed ? y : x;
      const int down = is_transposed ? x : y;
      const int source_x = from_right ? image.width - 1 - along : along;
      const int source_y = from_bottom ? image.height - 1 - down : down;
      std::memcpy(target,
                  image.pixels.data() + BytesOf(image.width, source_y) +
                      static_cast<size_t>(source_x) * kChannels,
                  kChannels);
    }
  }
  return upright;
}

Image UprightImage(const std::vector<uint8_t>& file, const std::string& source,
                   const MemoryCheck& check) {
  CheckPng(file, source);
  return Upright(DecodeImage(file, source, check), ExifOrientation(file));
}

Image ReadImageFile(const std::string& path, const MemoryCheck& check) {
  return UprightImage(ReadRegularFile(path, kMaxFileBytes, check), path, check);
}

Image ReadRawFile(const std::string& path, int width, int height) {
  CheckSize(width, height, path);
  const size_t bytes = BytesOf(width, height);
  Image image{width, height, ReadRegularFile(path, bytes)};
  if (image.pixels.size() != bytes) {
    throw ImageError(path + ": " + std::to_string(image.pixels.size()) + " bytes; " +
                     std::to_string(width) + "x" + std::to_string(height) + " RGB pixels take " +
                     std::to_string(bytes));
  }
  return image;
}

}  // namespace bireid_embed
