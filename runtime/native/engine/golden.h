// Golden items: inputs with known outputs, by which a device checks itself.
#ifndef BIREID_ENGINE_GOLDEN_H_
#define BIREID_ENGINE_GOLDEN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/manifest.h"

namespace bireid {

struct GoldenInput {
  int width = 0;  // of an image, 1 to 20000
  int height = 0;
  std::vector<uint8_t> pixels;  // [height][width][channels]
  std::vector<float> values;    // of a cloud: its points; of any other kind: one item
};

struct Golden {
  std::vector<std::vector<GoldenInput>> inputs;  // [input][item], in the order of the manifest
  std::vector<std::vector<float>> outputs;       // [output], items behind one another; finite
};

// Reads a file of tensors "input/NAME/I" and "output/NAME/I". `source` is the file, for messages.
// Throws BundleError: damaged, too large, or it holds other tensors than the manifest says;
// UnsupportedError: other types.
Golden ParseGolden(const std::vector<uint8_t>& file, const Manifest& manifest,
                   const std::string& source);

}  // namespace bireid

#endif  // BIREID_ENGINE_GOLDEN_H_
