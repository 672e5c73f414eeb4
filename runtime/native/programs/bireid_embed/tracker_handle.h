// A tracker of the C API that closes itself.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_TRACKER_HANDLE_H_
#define BIREID_PROGRAMS_BIREID_EMBED_TRACKER_HANDLE_H_

#include <memory>
#include <string>

#include "engine/bireid_tracker.h"
#include "programs/bireid_embed/image.h"

namespace bireid_embed {

// Follows one target.
class TrackerHandle {
 public:
  // Opens a bundle. Throws EngineError, also for a network that follows nothing.
  TrackerHandle(const std::string& bundle, const bireid_options& options);

  // Identifies what it computes.
  std::string fingerprint() const { return bireid_tracker_fingerprint(tracker_.get()); }

  // Takes the target in a box; its score becomes 1. Throws EngineError.
  bireid_tracked_box Start(const Image& frame, bireid_tracked_box box);

  // Finds it in the next frame. Throws EngineError.
  bireid_tracked_box Update(const Image& frame);

 private:
  std::unique_ptr<bireid_tracker, void (*)(bireid_tracker*)> tracker_;
};

// "X,Y,W,H" as a box, its score 0. Throws UsageError naming `what`.
bireid_tracked_box ParseBox(const std::string& text, const std::string& what);

// A box as members of a JSON object: "box" and "score".
std::string ToJson(const bireid_tracked_box& box);

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_TRACKER_HANDLE_H_
