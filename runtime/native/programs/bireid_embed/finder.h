// What finds people in frames.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_FINDER_H_
#define BIREID_PROGRAMS_BIREID_EMBED_FINDER_H_

#include <optional>
#include <string>
#include <vector>

#include "programs/bireid_embed/network_handle.h"
#include "watching/association.h"

namespace bireid_embed {

class Finder {
 public:
  // Opens a detector, to find the things of a class: without a name `person`, or the only one.
  // Throws EngineError, also for another network and if there is no such class.
  Finder(const std::string& bundle, const bireid_options& engine,
         const std::optional<std::string>& class_name);

  // Boxes in an image, from a score of a tenth on: unsure ones may continue a track. Throws
  // EngineError.
  std::vector<bireid::FoundBox> Find(const Item& image);

 private:
  NetworkHandle network_;
  int32_t label_ = 0;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_FINDER_H_
