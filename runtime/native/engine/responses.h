// From two maps to the place of a target, as in bireid_runtime/responses.py, to the last bit.
#ifndef BIREID_ENGINE_RESPONSES_H_
#define BIREID_ENGINE_RESPONSES_H_

#include <vector>

#include "engine/matching.h"

namespace bireid {

// Where a response is highest.
struct Place {
  int scale;    // which of the sizes, from 0
  int row;      // of the enlarged response
  int column;   // likewise
  double peak;  // the highest enlarged response of that size, before window and penalty
};

// Keeps window and taps from one frame to the next.
class Responses {
 public:
  // A map has `rows` rows and columns, which the constants fit, and `channels` channels.
  Responses(const Matching& matching, int rows, int channels);

  // The exemplar [e][e][channels] in the map of a crop.
  std::vector<float> ExemplarOf(const float* map) const;

  // Where the exemplar lies best in maps [scales][rows][rows][channels], one per size.
  Place Locate(const std::vector<float>& exemplar, const float* maps) const;

  // The parts of that, which tests look at: [scales][n][n], then [scales][side][side].
  std::vector<double> Correlate(const std::vector<float>& exemplar, const float* maps) const;
  std::vector<double> Upsample(const std::vector<double>& responses) const;
  const std::vector<double>& window() const { return window_; }

 private:
  // Four neighbours on one axis and their weights.
  struct Taps {
    int places[4];
    double weights[4];
  };

  Matching matching_;
  int rows_;
  int channels_;
  std::vector<Taps> taps_;      // per place of an axis, enlarged
  std::vector<double> window_;  // [side][side]
};

}  // namespace bireid

#endif  // BIREID_ENGINE_RESPONSES_H_
