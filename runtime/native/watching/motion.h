// Where a box goes: a Kalman filter of constant velocity.
#ifndef BIREID_WATCHING_MOTION_H_
#define BIREID_WATCHING_MOTION_H_

#include <array>
#include <cstdint>

#include "engine/iou.h"

namespace bireid {

// Middle, width and height move independently, each a filter of two states, place and speed. The
// noises are shares of the height (Wojke et al., arXiv:1703.07402). The bits are those of
// bireid_runtime/watching/motion.py.
class Motion {
 public:
  // `corners` has a positive area.
  explicit Motion(const Corners& corners);

  // Moves on by `steps` frames, 1 or more; returns where the corners are expected.
  Corners Predict(int64_t steps);

  // Takes in where the box was found.
  void Correct(const Corners& corners);

 private:
  struct Side {
    double place;
    double speed;
    double covariance[2][2];
  };

  double Height() const;
  Corners Expected() const;

  std::array<Side, 4> sides_;  // middle across, middle down, width, height; pixels
};

}  // namespace bireid

#endif  // BIREID_WATCHING_MOTION_H_
