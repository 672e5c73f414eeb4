// The few crops of a track that show its target best.
#ifndef BIREID_WATCHING_BEST_CROPS_H_
#define BIREID_WATCHING_BEST_CROPS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/iou.h"
#include "watching/association.h"

namespace bireid {

// A frame, RGB, rows behind one another.
struct FrameView {
  const uint8_t* pixels;
  int width;
  int height;
};

struct BestCrop {
  std::vector<uint8_t> pixels;  // RGB, [height][width][3], a copy
  int width;
  int height;
  int64_t frame;
  double quality;  // 0 to 1
};

// How well boxes of a frame show their targets, 0 to 1: the product of the detector's score, the
// height up to 128 pixels, the share that no other box overlaps, and a quarter for a box that
// reaches the edge of the frame. As bireid_runtime/watching/best_crops.py, to the last bit.
std::vector<double> Qualities(const std::vector<FoundBox>& boxes, int width, int height);

// Keeps the best crops of one track, spread over all of its time: they are some frames apart, and
// the longer the track, the further, so that the first ones leave room for later ones.
class BestCrops {
 public:
  explicit BestCrops(size_t most) : most_(most) {}

  // Keeps a crop of a frame if it is one of the best of its time.
  void Offer(const FrameView& picture, const Corners& corners, double quality, int64_t frame);

  // By their frames.
  const std::vector<BestCrop>& kept() const { return kept_; }

  // Hands them over, the best first, of equal ones the earlier.
  std::vector<BestCrop> TakeBest();

 private:
  void ThinOut();

  size_t most_;
  int64_t apart_ = 4;  // frames nearer to each other than this show the same thing, at first
  std::vector<BestCrop> kept_;
};

}  // namespace bireid

#endif  // BIREID_WATCHING_BEST_CROPS_H_
