// Pillow's antialiased bilinear resize, bit for bit, as in bireid_runtime/resize.py.
#ifndef BIREID_ENGINE_RESIZE_H_
#define BIREID_ENGINE_RESIZE_H_

#include <cstdint>

namespace bireid {

// Resizes an RGB image of `height` rows, `row_bytes` apart and 3 bytes a pixel, to
// [target_height][target_width][3] at `output`. The passes come in the order of Pillow 13. Every
// side is 1 to 20000, row_bytes at least 3 * width. Works in less memory than the larger of the two
// images takes, and a few rows. Throws std::bad_alloc.
void ResizeBilinear(const uint8_t* pixels, int width, int height, int64_t row_bytes,
                    int target_width, int target_height, uint8_t* output);

}  // namespace bireid

#endif  // BIREID_ENGINE_RESIZE_H_
