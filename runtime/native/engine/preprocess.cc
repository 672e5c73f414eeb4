#include "engine/preprocess.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>

namespace bireid {
namespace {

constexpr int kLevels = 256;
constexpr int kColors = 3;
constexpr int kMaxSide = 20000;
constexpr uint8_t kGrey = 114;  // around an image that keeps its aspect ratio

// The share `part / whole` of a side, rounded half up, at least 1.
int ShareOf(int64_t part, int64_t whole, int64_t side) {
  return static_cast<int>(std::max<int64_t>(1, (2 * part * side + whole) / (2 * whole)));
}

// Spreads the rows of `content` at the beginning of an image of `size` and makes the rest grey.
void PadWithGrey(const ImageSize& content, const ImageSize& size, int channels, uint8_t* pixels) {
  const int64_t used = static_cast<int64_t>(content.width) * channels;
  const int64_t row = static_cast<int64_t>(size.width) * channels;
  if (used < row) {
    // From the last row on, which moves furthest.
    for (int64_t y = content.height - 1; y >= 0; --y) {
      std::memmove(pixels + y * row, pixels + y * used, used);
      std::memset(pixels + y * row + used, kGrey, row - used);
    }
  }
  std::memset(pixels + content.height * row, kGrey, (size.height - content.height) * row);
}

}  // namespace

ImageSize ContentSize(const Preprocess& preprocess, const ImageSize& image) {
  const int64_t width = preprocess.width, height = preprocess.height;
  if (!preprocess.letterbox) return {preprocess.width, preprocess.height};
  if (width * image.height <= height * image.width) {
    return {preprocess.width, ShareOf(image.height, image.width, width)};
  }
  return {ShareOf(image.width, image.height, height), preprocess.height};
}

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

void ImagePreparer::Prepare(const ImageView& image, ImageWorkspace* workspace, float* output,
                            bool reversed) const {
  const int channels = preprocess_.channels();
  const int64_t row_bytes =
      image.row_bytes != 0 ? image.row_bytes : static_cast<int64_t>(image.width) * channels;
  std::vector<uint8_t>& resized = workspace->resized;
  resized.resize(static_cast<size_t>(preprocess_.height) * preprocess_.width * channels);
  const ImageSize content = ContentSize(preprocess_, {image.width, image.height});
  workspace->resizer.Resize({image.pixels, image.width, image.height, row_bytes}, channels,
                            preprocess_.kernel, content.width, content.height, resized.data());
  PadWithGrey(content, {preprocess_.width, preprocess_.height}, channels, resized.data());
  // Resizing knows no channel from another, so they may change places when there are fewest.
  if (reversed) {
    for (size_t i = 0; i < resized.size(); i += channels) {
      std::reverse(resized.begin() + i, resized.begin() + i + channels);
    }
  }
  normalizer_.Apply(resized.data(), static_cast<int64_t>(resized.size()), output);
}

}  // namespace bireid
