// What `watch` prints.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_WATCH_LINES_H_
#define BIREID_PROGRAMS_BIREID_EMBED_WATCH_LINES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "programs/bireid_embed/known_people.h"
#include "watching/watcher.h"

namespace bireid_embed {

// What is known of a track that is over.
struct Sighting {
  std::optional<std::string> camera;
  std::string fingerprint;  // of the network that embeds
  std::vector<float> embedding;
  std::optional<KnownPeople::Match> match;
};

// What became of the input.
struct Counts {
  int64_t frames = 0;  // that were looked at
  int64_t broken = 0;  // that could not be read
  int64_t tracks = 0;  // that are over
};

// One line of JSON each, with its end.
std::string ToLine(const bireid::WatchedTrack& track, const Sighting& sighting);
std::string ToLine(const bireid::TrackBox& box);
std::string ToLine(const Counts& counts, int64_t refused);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_WATCH_LINES_H_
