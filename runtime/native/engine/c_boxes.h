// Boxes as the C interface gives them.
#ifndef BIREID_ENGINE_C_BOXES_H_
#define BIREID_ENGINE_C_BOXES_H_

#include <cstdint>

#include "engine/bireid.h"
#include "engine/manifest.h"

namespace bireid {

// Decodes the map of an output of kind boxes, which a network with one input, an image, gave. A
// threshold of -1 is that of the manifest. Throws std::invalid_argument or UnsupportedError.
void DecodeInto(const Manifest& manifest, int output, const float* map, const ImageSize& image,
                double score_threshold, bireid_box* boxes, int32_t capacity, int32_t* count);

}  // namespace bireid

#endif  // BIREID_ENGINE_C_BOXES_H_
