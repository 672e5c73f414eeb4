// What a network is run on.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_ITEM_H_
#define BIREID_PROGRAMS_BIREID_EMBED_ITEM_H_

#include <vector>

#include "programs/bireid_embed/image.h"

namespace bireid_embed {

// An image, or the points of a cloud, whichever the network takes.
struct Item {
  Image image;
  std::vector<float> points;  // [count][3]
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_ITEM_H_
