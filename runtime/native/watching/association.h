// Which box of a frame is whose of the frames before: tracks of one camera.
#ifndef BIREID_WATCHING_ASSOCIATION_H_
#define BIREID_WATCHING_ASSOCIATION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/iou.h"
#include "watching/motion.h"

namespace bireid {

// When boxes make a track.
struct AssociationRules {
  double sure = 0.5;            // boxes of this score or more start tracks
  double overlap = 0.25;        // IoU with the expected place that a sure box needs
  double unsure_overlap = 0.5;  // the same of the other boxes
  int confirm = 3;              // boxes, one per frame, after which a track counts
  int patience = 30;            // frames without a box after which a track ends
  size_t most_tracks = 256;     // at a time; boxes beyond start none and are counted
};

// A box of a frame.
struct FoundBox {
  Corners corners;  // of positive area
  double score;     // 0 to 1
};

// One target.
struct Track {
  int64_t number;  // from 1, by the order in which tracks were confirmed; 0 until then
  Motion motion;
  int64_t boxes;  // how many it has
  int64_t last;   // frame of the last one
};

// SORT (Bewley et al., arXiv:1602.00763) with the second round of ByteTrack (Zhang et al.,
// arXiv:2110.06864), in which unsure boxes may continue a track but start none: the tracks of
// bireid_runtime/watching/association.py.
class Associator {
 public:
  // What became of the boxes of a frame.
  struct Associated {
    std::vector<const Track*> tracks;           // per box its track, confirmed or not, or null
    std::vector<std::unique_ptr<Track>> ended;  // those that never counted have the number 0
  };

  explicit Associator(const AssociationRules& rules = {}) : rules_(rules) {}

  // Takes in the boxes of one frame. Numbers of frames rise, and may leave some out; throws
  // std::invalid_argument if this one does not.
  Associated Update(const std::vector<FoundBox>& boxes, int64_t frame);

  // Ends all tracks.
  std::vector<std::unique_ptr<Track>> Close();

  // Boxes that started no track, since too many were open.
  int64_t refused() const { return refused_; }

 private:
  // One round: the boxes of `chosen` continue tracks that are free.
  void Continue(const std::vector<FoundBox>& boxes, const std::vector<size_t>& chosen,
                const std::vector<Corners>& expected, double least, int64_t frame,
                std::vector<char>* free, std::vector<const Track*>* owner);
  void Start(const std::vector<FoundBox>& boxes, const std::vector<size_t>& sure, int64_t frame,
             std::vector<const Track*>* owner);
  void Count(Track* track, int64_t frame);
  std::vector<std::unique_ptr<Track>> End(int64_t frame);

  AssociationRules rules_;
  std::vector<std::unique_ptr<Track>> tracks_;
  int64_t next_number_ = 1;
  int64_t refused_ = 0;
  int64_t frame_ = 0;
  bool has_frame_ = false;
};

}  // namespace bireid

#endif  // BIREID_WATCHING_ASSOCIATION_H_
