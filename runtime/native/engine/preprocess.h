// From 8-bit pixels to the network's input, as in bireid_runtime/preprocess.py.
#ifndef BIREID_ENGINE_PREPROCESS_H_
#define BIREID_ENGINE_PREPROCESS_H_

#include <cstdint>

namespace bireid {

// output[i] = (pixels[i] / 255 - mean[i % 3]) / std[i % 3] in float32, each operation rounded.
// `count` is the number of values, 3 for every pixel.
void Normalize(const uint8_t* pixels, int count, const float mean[3], const float std[3],
               float* output);

}  // namespace bireid

#endif  // BIREID_ENGINE_PREPROCESS_H_
