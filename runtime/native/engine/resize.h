// Pillow's antialiased bilinear resize, bit for bit, as in bireid_runtime/resize.py.
#ifndef BIREID_ENGINE_RESIZE_H_
#define BIREID_ENGINE_RESIZE_H_

#include <cstdint>

namespace bireid {

// What is resized: `height` rows of `width` pixels, `row_bytes` apart.
struct ResizeSource {
  const uint8_t* pixels;
  int width;
  int height;
  int64_t row_bytes;  // at least width * channels
};

// Resizes an image of `channels` bytes a pixel, 1 to 64, to [target_height][target_width][channels]
// at `output`. The passes come in the order of Pillow 13. Every side is 1 to 20000. Works in less
// memory than the larger of the two images takes, and a few rows. Throws std::bad_alloc.
void ResizeBilinear(const ResizeSource& source, int channels, int target_width, int target_height,
                    uint8_t* output);

}  // namespace bireid

#endif  // BIREID_ENGINE_RESIZE_H_
