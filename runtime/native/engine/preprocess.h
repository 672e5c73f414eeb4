// From 8-bit pixels to the network's input, as in bireid_runtime/preprocess.py.
#ifndef BIREID_ENGINE_PREPROCESS_H_
#define BIREID_ENGINE_PREPROCESS_H_

#include <cstdint>
#include <vector>

#include "engine/resize.h"

namespace bireid {

// How an image becomes network input: it is fitted to its size, then (pixel / 255 - mean) / std.
struct Preprocess {
  int height = 0;  // of the network's input, 1 to 4096
  int width = 0;
  std::vector<float> mean;  // per channel, on the scale 0 to 1; 1 to 64 channels
  std::vector<float> std;   // positive
  ResizeKernel kernel = ResizeKernel::kBilinear;
  // Whether an image keeps its aspect ratio, in the upper left corner of a grey input.
  bool letterbox = false;

  int channels() const { return static_cast<int>(mean.size()); }
};

struct ImageSize {
  int width;
  int height;
};

// What an image takes of the network's input, from its upper left corner.
ImageSize ContentSize(const Preprocess& preprocess, const ImageSize& image);

// The second step.
class Normalizer {
 public:
  explicit Normalizer(const Preprocess& preprocess);

  // output[i] = (pixels[i] / 255 - mean[i % C]) / std[i % C] in float32, each operation rounded.
  // `count` is the number of values, C for every pixel.
  void Apply(const uint8_t* pixels, int64_t count, float* output) const;

 private:
  int channels_;
  std::vector<float> table_;  // [channel][256]: a look-up beats two divisions
};

// 8-bit pixels, the channels of a pixel together.
struct ImageView {
  const uint8_t* pixels;
  int width;          // 1 to 20000
  int height;         // 1 to 20000
  int64_t row_bytes;  // from one row to the next; 0: rows follow each other
};

// Throws std::invalid_argument for an image that has no pixels or other sides.
void CheckImage(const ImageView& image, int channels);

// What one thread needs to prepare images, kept from one to the next.
struct ImageWorkspace {
  explicit ImageWorkspace(const ResizeKernels& kernels) : resizer(kernels) {}

  Resizer resizer;
  std::vector<uint8_t> resized;
  std::vector<uint8_t> converted;  // of a picture that is no RGB
};

// Both steps.
class ImagePreparer {
 public:
  explicit ImagePreparer(const Preprocess& preprocess)
      : preprocess_(preprocess), normalizer_(preprocess) {}

  // Writes [height][width][channels] of an image that CheckImage lets pass. With `reversed` the
  // channels come in the other order, blue first. Throws std::bad_alloc.
  void Prepare(const ImageView& image, ImageWorkspace* workspace, float* output,
               bool reversed = false) const;

 private:
  Preprocess preprocess_;
  Normalizer normalizer_;
};

}  // namespace bireid

#endif  // BIREID_ENGINE_PREPROCESS_H_
