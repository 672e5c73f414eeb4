// SiamFC's loop over the frames of one target, as in bireid_runtime/following.py.
#ifndef BIREID_ENGINE_FOLLOWING_H_
#define BIREID_ENGINE_FOLLOWING_H_

#include <cstdint>
#include <vector>

#include "engine/responses.h"
#include "engine/search_crops.h"
#include "engine/session.h"

namespace bireid {

// In pixels, 0 at the edge of the frame.
struct TrackedBox {
  double left, top, width, height;
  double score;  // 0 to 1
};

// The state of one target. Not for several threads at a time.
class Follower {
 public:
  // `output` is one of kind correlation, of a network with one input, an image. Throws
  // UnsupportedError where the map does not cover the input.
  Follower(Session* session, int output);

  bool started() const { return width_ > 0; }

  // Takes a target; a former one is forgotten. The score of `box` is not looked at. Throws
  // std::invalid_argument for a frame or box that cannot be, and what running the network throws.
  void Start(const ImageView& frame, const TrackedBox& box);

  // Finds it in the next frame, which is as large as the first one. Throws likewise.
  TrackedBox Update(const ImageView& frame);

 private:
  void Run(const std::vector<SquareCrop>& crops);
  void Move(const Place& place);

  Session* session_;
  int output_;
  Matching matching_;
  int channels_;    // of a frame
  int input_side_;  // of the network
  size_t map_size_;
  Responses responses_;
  std::vector<double> scales_;
  std::vector<float> maps_;  // [scales][map]
  std::vector<float> exemplar_;
  std::vector<uint8_t> fill_;
  int frame_width_ = 0, frame_height_ = 0;
  double x_ = 0, y_ = 0, width_ = 0, height_ = 0;  // the middle and the size of the target
  double side_ = 0;                                // of the search crop
  double least_ = 0, most_ = 0;                    // that it may have
};

}  // namespace bireid

#endif  // BIREID_ENGINE_FOLLOWING_H_
