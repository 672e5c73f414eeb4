#include "engine/preprocess.h"

namespace bireid {
namespace {

constexpr int kChannels = 3;
constexpr int kLevels = 256;

}  // namespace

void Normalize(const uint8_t* pixels, int count, const float mean[3], const float std[3],
               float* output) {
  // A look-up beats two divisions, even when vectorised.
  float table[kChannels][kLevels];
  for (int channel = 0; channel < kChannels; ++channel) {
    for (int level = 0; level < kLevels; ++level) {
      table[channel][level] = (static_cast<float>(level) / 255.0f - mean[channel]) / std[channel];
    }
  }
  for (int i = 0; i < count; i += kChannels) {
    output[i] = table[0][pixels[i]];
    output[i + 1] = table[1][pixels[i + 1]];
    output[i + 2] = table[2][pixels[i + 2]];
  }
}

}  // namespace bireid
