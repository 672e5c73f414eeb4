#include "watching/best_crops.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace bireid {
namespace {

constexpr int kChannels = 3;
constexpr double kTall = 128.0;  // pixels; higher boxes are equally good
// Share of the frame's sides that counts as its edge, and what a box there is worth.
constexpr double kEdge = 0.01;
constexpr double kCut = 0.25;

// What lies inside of [0, limit), which an int holds.
int Within(double side, int limit) {
  return static_cast<int>(std::clamp(side, 0.0, static_cast<double>(limit)));
}

}  // namespace

std::vector<double> Qualities(const std::vector<FoundBox>& boxes, int width, int height) {
  const double near_x = width * kEdge, near_y = height * kEdge;
  std::vector<double> qualities;
  for (size_t i = 0; i < boxes.size(); ++i) {
    const Corners& box = boxes[i].corners;
    const bool reaches = box.left < near_x || box.top < near_y || box.right > width - near_x ||
                         box.bottom > height - near_y;
    double covered = 0;
    for (size_t j = 0; j < boxes.size(); ++j) {
      if (j != i) covered = std::max(covered, Iou(box, boxes[j].corners));
    }
    const double tall = std::min(1.0, (box.bottom - box.top) / kTall);
    qualities.push_back(boxes[i].score * tall * (reaches ? kCut : 1.0) * (1 - covered));
  }
  return qualities;
}

void BestCrops::Offer(const FrameView& picture, const Corners& corners, double quality,
                      int64_t frame) {
  if (!kept_.empty() && frame - kept_.back().frame < apart_) {
    if (kept_.back().quality >= quality) return;
    kept_.pop_back();
  }
  const int left = Within(std::floor(corners.left), picture.width);
  const int top = Within(std::floor(corners.top), picture.height);
  const int right = Within(std::ceil(corners.right), picture.width);
  const int bottom = Within(std::ceil(corners.bottom), picture.height);
  if (right <= left || bottom <= top) return;
  const size_t row_bytes = static_cast<size_t>(right - left) * kChannels;
  BestCrop crop{{}, right - left, bottom - top, frame, quality};
  crop.pixels.resize(row_bytes * crop.height);
  for (int row = 0; row < crop.height; ++row) {
    const size_t begin = (static_cast<size_t>(top + row) * picture.width + left) * kChannels;
    std::memcpy(crop.pixels.data() + row * row_bytes, picture.pixels + begin, row_bytes);
  }
  kept_.push_back(std::move(crop));
  while (kept_.size() > most_) ThinOut();
}

std::vector<BestCrop> BestCrops::TakeBest() {
  std::stable_sort(kept_.begin(), kept_.end(),
                   [](const BestCrop& a, const BestCrop& b) { return a.quality > b.quality; });
  return std::exchange(kept_, {});
}

// Doubles the distance, and drops the worse of those that are nearer to each other.
void BestCrops::ThinOut() {
  apart_ *= 2;
  std::vector<BestCrop> spread;
  for (BestCrop& each : kept_) {
    if (spread.empty() || each.frame - spread.back().frame >= apart_) {
      spread.push_back(std::move(each));
    } else if (each.quality > spread.back().quality) {
      spread.back() = std::move(each);
    }
  }
  kept_ = std::move(spread);
}

}  // namespace bireid
