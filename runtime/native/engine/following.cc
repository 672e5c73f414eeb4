#include "engine/following.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "engine/errors.h"
#include "engine/exact_functions.h"

namespace bireid {
namespace {

// Times the first size; whatever grows or shrinks further is not the target.
constexpr double kLeast = 0.2, kMost = 5.0;
constexpr double kLargestSide = 1e6;

const OutputSpec& SpecOf(const Session& session, int output) {
  return session.manifest().outputs[output];
}

std::vector<double> Scales(const Matching& matching) {
  std::vector<double> scales = {1.0};
  for (int i = 0; i < matching.scales / 2; ++i) {
    scales.push_back(scales.back() * matching.scale_step);
    scales.insert(scales.begin(), 1.0 / scales.back());
  }
  return scales;
}

void CheckBox(const TrackedBox& box) {
  for (const double value : {box.left, box.top, box.width, box.height}) {
    if (!(std::abs(value) <= kLargestSide)) {
      throw std::invalid_argument("box: must be four numbers: left, top, width, height");
    }
  }
  if (box.width < 1 || box.height < 1) {
    throw std::invalid_argument("box: width and height must be at least 1 pixel");
  }
}

}  // namespace

Follower::Follower(Session* session, int output)
    : session_(session),
      output_(output),
      matching_(SpecOf(*session, output).matching),
      channels_(session->manifest().inputs[0].preprocess.channels()),
      input_side_(session->manifest().inputs[0].preprocess.height),
      map_size_(static_cast<size_t>(SpecOf(*session, output).elements)),
      responses_(matching_, SpecOf(*session, output).shape[0], SpecOf(*session, output).shape[2]),
      scales_(Scales(matching_)),
      maps_(map_size_ * scales_.size()) {
  const int64_t covered = int64_t{SpecOf(*session, output).shape[0]} * matching_.stride;
  if (covered != input_side_ || input_side_ != session->manifest().inputs[0].preprocess.width) {
    throw UnsupportedError("the map '" + SpecOf(*session, output).name +
                           "' does not cover the input; convert the network again");
  }
}

void Follower::Start(const ImageView& frame, const TrackedBox& box) {
  CheckImage(frame, channels_);
  CheckBox(box);
  const double x = box.left + (box.width - 1) / 2, y = box.top + (box.height - 1) / 2;
  if (!(x >= -0.5 && x <= frame.width - 0.5 && y >= -0.5 && y <= frame.height - 0.5)) {
    throw std::invalid_argument("box: its middle lies outside the frame");
  }
  const double context = matching_.context * (box.width + box.height);
  const double side =
      matching_.search_scale * std::sqrt((box.width + context) * (box.height + context));
  if (side * scales_.back() > kMaxCropSide) {
    throw std::invalid_argument("box: is searched for in more than " +
                                std::to_string(kMaxCropSide) + " pixels; make the frames smaller");
  }
  frame_width_ = frame.width;
  frame_height_ = frame.height;
  fill_ = MeanColor(frame, channels_);
  x_ = x;
  y_ = y;
  side_ = side;
  least_ = kLeast * side;
  most_ = std::min(kMost * side, kMaxCropSide / scales_.back());
  width_ = 0;  // not started, should the network fail
  Run({CutSquare(frame, x_, y_, side_, fill_)});
  exemplar_ = responses_.ExemplarOf(maps_.data());
  width_ = box.width;
  height_ = box.height;
}

TrackedBox Follower::Update(const ImageView& frame) {
  if (!started()) throw std::invalid_argument("no target: start with a frame and a box first");
  CheckImage(frame, channels_);
  if (frame.width != frame_width_ || frame.height != frame_height_) {
    throw std::invalid_argument("the frame has " + std::to_string(frame.width) + "x" +
                                std::to_string(frame.height) + " pixels; the first one had " +
                                std::to_string(frame_width_) + "x" + std::to_string(frame_height_));
  }
  std::vector<SquareCrop> crops;
  for (const double scale : scales_) {
    crops.push_back(CutSquare(frame, x_, y_, side_ * scale, fill_));
  }
  Run(crops);
  const Place place = responses_.Locate(exemplar_, maps_.data());
  Move(place);
  return {x_ - (width_ - 1) / 2, y_ - (height_ - 1) / 2, width_, height_,
          ExactSigmoid(place.peak + matching_.response_bias)};
}

void Follower::Run(const std::vector<SquareCrop>& crops) {
  std::vector<ImageView> views;
  for (const SquareCrop& crop : crops) views.push_back(crop.view());
  std::vector<float*> outputs(session_->manifest().outputs.size(), nullptr);
  outputs[output_] = maps_.data();
  session_->RunImages(views.data(), static_cast<int>(views.size()), outputs.data());
}

void Follower::Move(const Place& place) {
  const double scale = scales_[place.scale];
  // From places of the response to pixels of the input, then to those of the frame.
  const double step =
      static_cast<double>(matching_.stride) / matching_.upsampling * side_ * scale / input_side_;
  const double middle = (matching_.response_side() - 1) / 2.0;
  x_ = std::clamp(x_ + (place.column - middle) * step, 0.0, frame_width_ - 1.0);
  y_ = std::clamp(y_ + (place.row - middle) * step, 0.0, frame_height_ - 1.0);
  const double growth = (1.0 - matching_.scale_rate) + matching_.scale_rate * scale;
  const double grown = side_ * growth;
  if (grown < least_ || grown > most_) return;
  side_ = grown;
  width_ *= growth;
  height_ *= growth;
}

}  // namespace bireid
