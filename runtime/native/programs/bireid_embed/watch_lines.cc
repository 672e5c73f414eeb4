#include "programs/bireid_embed/watch_lines.h"

#include <cstdio>

#include "engine/json_text.h"

namespace bireid_embed {
namespace {

std::string Member(const char* name, int64_t number) {
  return "\"" + std::string(name) + "\": " + std::to_string(number);
}

// To the microsecond. 2^63 frames at the least rate, 0.001 a second, are 22 digits before the
// point.
std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6f", seconds);
  return text;
}

// A detector gives corners as float.
std::string Box(const bireid::Corners& corners) {
  return "\"box\": " + bireid::JsonNumbers(
                           {static_cast<float>(corners.left), static_cast<float>(corners.top),
                            static_cast<float>(corners.right), static_cast<float>(corners.bottom)});
}

}  // namespace

std::string ToLine(const bireid::WatchedTrack& track, const Sighting& sighting) {
  std::string line =
      "{" + Member("track", track.number) +
      ", \"camera\": " + (sighting.camera ? bireid::JsonString(*sighting.camera) : "null") +
      ", \"first\": " + Seconds(track.first) + ", \"last\": " + Seconds(track.last) + ", " +
      Member("first_frame", track.first_frame) + ", " + Member("last_frame", track.last_frame) +
      ", " + Member("boxes", track.boxes) + ", " + Box(track.last_corners) + ", " +
      Member("crops", static_cast<int64_t>(track.crops.size())) +
      ", \"fingerprint\": " + bireid::JsonString(sighting.fingerprint) +
      ", \"embedding\": " + bireid::JsonNumbers(sighting.embedding);
  if (sighting.match) {
    line += ", \"person\": " + bireid::JsonString(sighting.match->person) +
            ", \"score\": " + bireid::JsonNumber(sighting.match->score);
  }
  return line + "}\n";
}

std::string ToLine(const bireid::TrackBox& box) {
  return "{" + Member("frame", box.frame) + ", " + Member("track", box.track) + ", " +
         Box(box.corners) + ", \"score\": " + bireid::JsonNumber(static_cast<float>(box.score)) +
         "}\n";
}

std::string ToLine(const Counts& counts, int64_t refused) {
  return "{" + Member("frames", counts.frames) + ", " + Member("broken", counts.broken) + ", " +
         Member("tracks", counts.tracks) + ", " + Member("refused", refused) + "}\n";
}

}  // namespace bireid_embed
