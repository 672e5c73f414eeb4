// What maps say once they are decoded, as rows of numbers, as in bireid_runtime/decoders.py.
#ifndef BIREID_ENGINE_DECODERS_H_
#define BIREID_ENGINE_DECODERS_H_

#include <vector>

#include "engine/manifest.h"

namespace bireid {

// How an image lies in the input of a network.
struct ShownImage {
  ImageSize content;  // what it takes, from the upper left corner
  ImageSize image;    // its own size
};

struct Decoder {
  int columns;                               // numbers of a row
  int (*most_rows)(const OutputSpec& spec);  // at most so many
  bool per_item;                             // else all items are decoded together, once
  // Rows of `columns` numbers from maps [item][map]. `item` is the one, or 0; `shown` is null where
  // the network takes something else than one image.
  std::vector<float> (*decode)(const OutputSpec& spec, const std::vector<float>& maps, int item,
                               const ShownImage* shown);
};

extern const Decoder kBoxesDecoder;
extern const Decoder kCorrelationDecoder;

}  // namespace bireid

#endif  // BIREID_ENGINE_DECODERS_H_
