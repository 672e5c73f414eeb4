#include "engine/responses.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace bireid {
namespace {

// As in responses.py, which says why.
constexpr double kPi = 3.141592653589793;
constexpr int kSineTerms = 11;
constexpr double kCubic = -0.75;

// Of angles from 0 to half of pi, by its series.
double Sine(double angle) {
  const double square = angle * angle;
  double total = 1.0;
  for (int term = kSineTerms; term > 0; --term) {
    total = 1.0 - total * square / (2 * term * (2 * term + 1));
  }
  return angle * total;
}

std::vector<double> HannWindow(int side) {
  const int half = (side + 1) / 2;
  std::vector<double> heights(static_cast<size_t>(side));
  for (int i = 0; i < half; ++i) {
    const double sine = Sine(kPi * i / (side - 1));
    heights[i] = heights[side - 1 - i] = sine * sine;
  }
  std::vector<double> window;
  window.reserve(static_cast<size_t>(side) * side);
  double total = 0;
  for (const double row : heights) {
    for (const double column : heights) {
      window.push_back(row * column);
      total += window.back();
    }
  }
  for (double& value : window) value /= total;
  return window;
}

}  // namespace

Responses::Responses(const Matching& matching, int rows, int channels)
    : matching_(matching),
      rows_(rows),
      channels_(channels),
      window_(HannWindow(matching.response_side())) {
  const int count = matching.response_cells();
  for (int i = 0; i < matching.response_side(); ++i) {
    const double place = (i + 0.5) / matching.upsampling - 0.5;
    const double first = std::floor(place);
    const double x = place - first;
    const double a = kCubic;
    const double far = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
    const double near = ((a + 2) * x - (a + 3)) * x * x + 1;
    const double after = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1;
    Taps taps = {{}, {far, near, after, 1 - far - near - after}};
    for (int tap = 0; tap < 4; ++tap) {
      taps.places[tap] = std::clamp(static_cast<int>(first) - 1 + tap, 0, count - 1);
    }
    taps_.push_back(taps);
  }
}

std::vector<float> Responses::ExemplarOf(const float* map) const {
  const size_t row = static_cast<size_t>(matching_.exemplar_cells) * channels_;
  std::vector<float> exemplar(row * matching_.exemplar_cells);
  for (int i = 0; i < matching_.exemplar_cells; ++i) {
    const size_t cell =
        static_cast<size_t>(matching_.exemplar_first + i) * rows_ + matching_.exemplar_first;
    std::memcpy(exemplar.data() + i * row, map + cell * channels_, row * sizeof(float));
  }
  return exemplar;
}

// Every place gets its products cell by cell, row after row, and in each cell channel by channel.
std::vector<double> Responses::Correlate(const std::vector<float>& exemplar,
                                         const float* maps) const {
  const int side = matching_.search_cells;
  const int places = matching_.response_cells();
  const int cells = matching_.exemplar_cells;
  const size_t plane = static_cast<size_t>(side) * side;
  // [scales][channels][side][side]: neighbours of one channel side by side.
  std::vector<double> wide(static_cast<size_t>(matching_.scales) * channels_ * plane);
  for (int scale = 0; scale < matching_.scales; ++scale) {
    const float* map = maps + static_cast<size_t>(scale) * rows_ * rows_ * channels_;
    double* planes = wide.data() + static_cast<size_t>(scale) * channels_ * plane;
    for (int row = 0; row < side; ++row) {
      for (int column = 0; column < side; ++column) {
        const size_t cell = static_cast<size_t>(matching_.search_first + row) * rows_ +
                            matching_.search_first + column;
        for (int channel = 0; channel < channels_; ++channel) {
          planes[channel * plane + static_cast<size_t>(row) * side + column] =
              map[cell * channels_ + channel];
        }
      }
    }
  }
  std::vector<double> total(static_cast<size_t>(matching_.scales) * places * places, 0.0);
  for (int scale = 0; scale < matching_.scales; ++scale) {
    const double* planes = wide.data() + static_cast<size_t>(scale) * channels_ * plane;
    double* sums = total.data() + static_cast<size_t>(scale) * places * places;
    for (int cell = 0; cell < cells * cells; ++cell) {
      const size_t corner = static_cast<size_t>(cell / cells) * side + cell % cells;
      for (int channel = 0; channel < channels_; ++channel) {
        const double factor = exemplar[static_cast<size_t>(cell) * channels_ + channel];
        for (int row = 0; row < places; ++row) {
          const double* values =
              planes + channel * plane + corner + static_cast<size_t>(row) * side;
          double* sum = sums + static_cast<size_t>(row) * places;
          for (int column = 0; column < places; ++column) sum[column] += values[column] * factor;
        }
      }
    }
  }
  return total;
}

// Rows first, then columns.
std::vector<double> Responses::Upsample(const std::vector<double>& responses) const {
  const size_t count = static_cast<size_t>(matching_.response_cells());
  const size_t side = taps_.size();
  std::vector<double> result(static_cast<size_t>(matching_.scales) * side * side);
  std::vector<double> taller(count);
  for (int scale = 0; scale < matching_.scales; ++scale) {
    const double* cells = responses.data() + static_cast<size_t>(scale) * count * count;
    double* output = result.data() + static_cast<size_t>(scale) * side * side;
    for (const Taps& row : taps_) {
      for (size_t column = 0; column < count; ++column) {
        double sum = cells[row.places[0] * count + column] * row.weights[0];
        for (int tap = 1; tap < 4; ++tap) {
          sum += cells[row.places[tap] * count + column] * row.weights[tap];
        }
        taller[column] = sum;
      }
      for (const Taps& column : taps_) {
        double sum = taller[column.places[0]] * column.weights[0];
        for (int tap = 1; tap < 4; ++tap) sum += taller[column.places[tap]] * column.weights[tap];
        *output++ = sum;
      }
    }
  }
  return result;
}

Place Responses::Locate(const std::vector<float>& exemplar, const float* maps) const {
  std::vector<double> cells = Correlate(exemplar, maps);
  for (double& value : cells) value *= matching_.response_scale;
  const std::vector<double> enlarged = Upsample(cells);
  const size_t size = window_.size();
  const int middle = matching_.scales / 2;
  const auto factor = [&](int scale) { return scale == middle ? 1.0 : matching_.scale_penalty; };
  int best = 0;
  double highest = 0;
  for (int scale = 0; scale < matching_.scales; ++scale) {
    const double* response = enlarged.data() + static_cast<size_t>(scale) * size;
    const double judged = *std::max_element(response, response + size) * factor(scale);
    if (scale == 0 || judged > highest) {
      best = scale;
      highest = judged;
    }
  }
  const double* response = enlarged.data() + static_cast<size_t>(best) * size;
  const double peak = *std::max_element(response, response + size);
  std::vector<double> chosen(response, response + size);
  for (double& value : chosen) value *= factor(best);
  const double lowest = *std::min_element(chosen.begin(), chosen.end());
  double total = 0;
  for (double& value : chosen) {
    value -= lowest;
    total += value;
  }
  size_t place = 0;
  double most = 0;
  for (size_t i = 0; i < size; ++i) {
    // A response without any height says nothing: the window decides alone.
    const double share = total > 0 ? chosen[i] / total : chosen[i];
    const double blended =
        (1.0 - matching_.window_weight) * share + matching_.window_weight * window_[i];
    if (i == 0 || blended > most) {
      place = i;
      most = blended;
    }
  }
  const int side = matching_.response_side();
  return {best, static_cast<int>(place) / side, static_cast<int>(place) % side, peak};
}

}  // namespace bireid
