#include "engine/pixel_formats.h"

#include <algorithm>
#include <stdexcept>

namespace bireid {
namespace {

constexpr int kColors = 3;

int64_t LumaRowBytes(const Picture& picture) {
  return picture.image.row_bytes != 0 ? picture.image.row_bytes : picture.image.width;
}

// Bytes of the pairs of one row.
int64_t PairBytes(const Picture& picture) { return (picture.image.width + 1) / 2 * 2; }

// `value` has 8 fractional bits; shifting a negative number right rounds down, as in Python.
uint8_t Level(int value) { return static_cast<uint8_t>(std::clamp(value >> 8, 0, 255)); }

}  // namespace

void CheckPicture(const Picture& picture, int channels) {
  const bool is_nv12 = picture.format == PixelFormat::kNv12;
  CheckImage(picture.image, is_nv12 ? 1 : channels);
  if (picture.format != PixelFormat::kRgb && channels != kColors) {
    throw std::invalid_argument("BGR and NV12 are for networks of three colours");
  }
  if (is_nv12 && picture.chroma_row_bytes != 0 && picture.chroma_row_bytes < PairBytes(picture)) {
    throw std::invalid_argument("chroma_row_bytes is less than a row of pairs");
  }
}

void Nv12ToRgb(const Picture& picture, std::vector<uint8_t>* rgb) {
  const int width = picture.image.width, height = picture.image.height;
  const int64_t luma_row = LumaRowBytes(picture);
  const int64_t chroma_row =
      picture.chroma_row_bytes != 0 ? picture.chroma_row_bytes : (luma_row + 1) / 2 * 2;
  const uint8_t* chroma =
      picture.chroma != nullptr ? picture.chroma : picture.image.pixels + height * luma_row;
  rgb->resize(static_cast<size_t>(width) * height * kColors);
  uint8_t* out = rgb->data();
  for (int y = 0; y < height; ++y) {
    const uint8_t* luma = picture.image.pixels + y * luma_row;
    const uint8_t* pairs = chroma + y / 2 * chroma_row;
    for (int x = 0; x < width; ++x, out += kColors) {
      const int c = 298 * (luma[x] - 16) + 128;
      const int u = pairs[x / 2 * 2] - 128, v = pairs[x / 2 * 2 + 1] - 128;
      out[0] = Level(c + 409 * v);
      out[1] = Level(c - 100 * u - 208 * v);
      out[2] = Level(c + 516 * u);
    }
  }
}

}  // namespace bireid
