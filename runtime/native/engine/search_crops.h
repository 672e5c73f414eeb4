// Square crops around a target, as in bireid_runtime/search_crops.py.
#ifndef BIREID_ENGINE_SEARCH_CROPS_H_
#define BIREID_ENGINE_SEARCH_CROPS_H_

#include <cstdint>
#include <vector>

#include "engine/preprocess.h"

namespace bireid {

constexpr int kMaxCropSide = 8192;  // pixels of a frame

// The mean of every channel, rounded, halves up.
std::vector<uint8_t> MeanColor(const ImageView& frame, int channels);

// A square whose corners are rounded to pixels, halves up.
struct SquareCrop {
  int side = 0;
  std::vector<uint8_t> pixels;  // [side][side][channels]

  ImageView view() const { return {pixels.data(), side, side, 0}; }
};

// `x` and `y` are its middle, 0 being that of the first pixel, inside the frame; `side` is at most
// kMaxCropSide; `fill` lies beyond the frame, a byte per channel.
SquareCrop CutSquare(const ImageView& frame, double x, double y, double side,
                     const std::vector<uint8_t>& fill);

}  // namespace bireid

#endif  // BIREID_ENGINE_SEARCH_CROPS_H_
