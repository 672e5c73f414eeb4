// From frames with boxes to the crops of those who are gone: one camera.
#ifndef BIREID_WATCHING_WATCHER_H_
#define BIREID_WATCHING_WATCHER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "watching/association.h"
#include "watching/best_crops.h"

namespace bireid {

// Where a target is.
struct TrackBox {
  int64_t frame;
  int64_t track;  // number of the target
  Corners corners;
  double score;
};

// A track that is over.
struct WatchedTrack {
  int64_t number;
  int64_t first_frame, last_frame;
  double first, last;  // seconds
  int64_t boxes;
  Corners last_corners;
  std::vector<BestCrop> crops;  // one or more, the best first
};

struct Watched {
  // Of tracks that count; once a track counts, its first boxes, of earlier frames, come too.
  std::vector<TrackBox> boxes;
  std::vector<WatchedTrack> ended;
};

// Follows the targets of one camera and keeps their best crops, as
// bireid_runtime/watching/watcher.py does. Memory depends on the people in view, not on how long it
// runs.
class Watcher {
 public:
  // `crops` of a track are kept at most.
  explicit Watcher(size_t crops = 8, const AssociationRules& rules = {})
      : crops_(crops), associator_(rules) {}

  // Takes in a frame and its boxes; those without an area are left out. `at` is its time, seconds,
  // `frame` its number: numbers rise, and may leave some out (std::invalid_argument).
  Watched Update(const FrameView& picture, const std::vector<FoundBox>& boxes, double at,
                 int64_t frame);

  // Ends all tracks.
  std::vector<WatchedTrack> Close();

  // Boxes that started no track, since too many were open.
  int64_t refused() const { return associator_.refused(); }

 private:
  // What is known of a track beside where it is expected.
  struct Course {
    BestCrops crops;
    double first, last;
    int64_t first_frame;
    Corners last_corners;
    std::vector<TrackBox> waiting;
  };

  std::vector<WatchedTrack> Ended(std::vector<std::unique_ptr<Track>> tracks);

  size_t crops_;
  Associator associator_;
  std::map<const Track*, Course> courses_;
};

}  // namespace bireid

#endif  // BIREID_WATCHING_WATCHER_H_
