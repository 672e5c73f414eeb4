// Pictures as cameras give them: other orders of colours, and luma with half as much chroma.
#ifndef BIREID_ENGINE_PIXEL_FORMATS_H_
#define BIREID_ENGINE_PIXEL_FORMATS_H_

#include <cstdint>
#include <vector>

#include "engine/preprocess.h"

namespace bireid {

enum class PixelFormat : uint8_t { kRgb, kBgr, kNv12 };

struct Picture {
  ImageView image;  // of NV12 its luma, one byte a pixel
  PixelFormat format = PixelFormat::kRgb;
  // Of NV12: U and V of 2x2 pixels side by side, (height + 1) / 2 rows.
  const uint8_t* chroma = nullptr;  // null: behind the last row of luma
  int64_t chroma_row_bytes = 0;     // 0: as the luma's, rounded up to a whole pair
};

// Throws std::invalid_argument as CheckImage, of a network of `channels`.
void CheckPicture(const Picture& picture, int channels);

// RGB of an NV12 picture that CheckPicture lets pass, by BT.601 of limited range in whole numbers,
// as bireid_runtime/pixel_formats.py computes it; docs/c-api.md has the formula.
void Nv12ToRgb(const Picture& picture, std::vector<uint8_t>* rgb);

}  // namespace bireid

#endif  // BIREID_ENGINE_PIXEL_FORMATS_H_
