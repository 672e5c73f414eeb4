#include "engine/preprocess.h"

#include <cstddef>
#include <stdexcept>
#include <string>

namespace bireid {
namespace {

constexpr int kLevels = 256;
constexpr int kColors = 3;
constexpr int kMaxSide = 20000;

}  // namespace

Normalizer::Normalizer(const Preprocess& preprocess)
    : channels_(preprocess.channels()), table_(static_cast<size_t>(channels_) * kLevels) {
  for (int channel = 0; channel < channels_; ++channel) {
    for (int level = 0; level < kLevels; ++level) {
      table_[channel * kLevels + level] =
          (static_cast<float>(level) / 255.0f - preprocess.mean[channel]) / preprocess.std[channel];
    }
  }
}

void Normalizer::Apply(const uint8_t* pixels, int64_t count, float* output) const {
  const float* table = table_.data();
  if (channels_ == kColors) {
    for (int64_t i = 0; i < count; i += kColors) {
      output[i] = table[pixels[i]];
      output[i + 1] = table[kLevels + pixels[i + 1]];
      output[i + 2] = table[2 * kLevels + pixels[i + 2]];
    }
    return;
  }
  for (int64_t i = 0; i < count; i += channels_) {
    for (int channel = 0; channel < channels_; ++channel) {
      output[i + channel] = table[channel * kLevels + pixels[i + channel]];
    }
  }
}

void CheckImage(const ImageView& image, int channels) {
  if (image.pixels == nullptr) throw std::invalid_argument("the pixels of an image are NULL");
  if (image.width < 1 || image.height < 1 || image.width > kMaxSide || image.height > kMaxSide) {
    throw std::invalid_argument("an image of " + std::to_string(image.width) + "x" +
                                std::to_string(image.height) + " pixels; a side has 1 to 20000");
  }
  if (image.row_bytes != 0 && image.row_bytes < static_cast<int64_t>(image.width) * channels) {
    throw std::invalid_argument("row_bytes is less than a row of pixels");
  }
}

void ImagePreparer::Prepare(const ImageView& image, ImageWorkspace* workspace,
                            float* output) const {
  const int channels = preprocess_.channels();
  const int64_t row_bytes =
      image.row_bytes != 0 ? image.row_bytes : static_cast<int64_t>(image.width) * channels;
  std::vector<uint8_t>& resized = workspace->resized;
  resized.resize(static_cast<size_t>(preprocess_.height) * preprocess_.width * channels);
  workspace->resizer.Resize({image.pixels, image.width, image.height, row_bytes}, channels,
                            preprocess_.width, preprocess_.height, resized.data());
  normalizer_.Apply(resized.data(), static_cast<int64_t>(resized.size()), output);
}

}  // namespace bireid
