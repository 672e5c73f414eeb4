#include "watching/motion.h"

#include <algorithm>

namespace bireid {
namespace {

constexpr double kPlaceNoise = 1.0 / 20;
constexpr double kSpeedNoise = 1.0 / 160;
constexpr double kLeastSide = 1.0;  // pixel

std::array<double, 4> SidesOf(const Corners& corners) {
  return {(corners.left + corners.right) / 2, (corners.top + corners.bottom) / 2,
          corners.right - corners.left, corners.bottom - corners.top};
}

}  // namespace

Motion::Motion(const Corners& corners) {
  const std::array<double, 4> found = SidesOf(corners);
  const double place = 2 * kPlaceNoise * found[3];
  const double speed = 10 * kSpeedNoise * found[3];
  for (size_t i = 0; i < sides_.size(); ++i) {
    sides_[i] = {found[i], 0, {{place * place, 0}, {0, speed * speed}}};
  }
}

double Motion::Height() const { return std::max(sides_[3].place, kLeastSide); }

Corners Motion::Predict(int64_t steps) {
  const double time = static_cast<double>(steps);
  const double place = kPlaceNoise * Height();
  const double speed = kSpeedNoise * Height();
  const double place_noise = place * place * time;
  const double speed_noise = speed * speed * time;
  for (Side& side : sides_) {
    side.place += side.speed * time;
    // F P F' + Q with F = [[1, time], [0, 1]]: rows first, then columns.
    auto& covariance = side.covariance;
    covariance[0][0] += covariance[1][0] * time;
    covariance[0][1] += covariance[1][1] * time;
    covariance[0][0] += covariance[0][1] * time;
    covariance[1][0] += covariance[1][1] * time;
    covariance[0][0] += place_noise;
    covariance[1][1] += speed_noise;
  }
  return Expected();
}

void Motion::Correct(const Corners& corners) {
  const double spread = kPlaceNoise * Height();
  const double noise = spread * spread;
  const std::array<double, 4> found = SidesOf(corners);
  for (size_t i = 0; i < sides_.size(); ++i) {
    Side& side = sides_[i];
    const double across[2] = {side.covariance[0][0], side.covariance[1][0]};
    const double gain[2] = {across[0] / (across[0] + noise), across[1] / (across[0] + noise)};
    const double missed = found[i] - side.place;
    side.place += gain[0] * missed;
    side.speed += gain[1] * missed;
    for (int row = 0; row < 2; ++row) {
      for (int column = 0; column < 2; ++column) {
        side.covariance[row][column] -= gain[row] * across[column];
      }
    }
  }
}

Corners Motion::Expected() const {
  const double across = std::max(sides_[2].place, kLeastSide) / 2;
  const double down = std::max(sides_[3].place, kLeastSide) / 2;
  const double x = sides_[0].place;
  const double y = sides_[1].place;
  return {x - across, y - down, x + across, y + down};
}

}  // namespace bireid
