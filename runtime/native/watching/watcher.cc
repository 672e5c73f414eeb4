#include "watching/watcher.h"

#include <utility>

namespace bireid {

Watched Watcher::Update(const FrameView& picture, const std::vector<FoundBox>& boxes, double at,
                        int64_t frame) {
  std::vector<FoundBox> real;
  for (const FoundBox& box : boxes) {
    const Corners& corners = box.corners;
    if (corners.right > corners.left && corners.bottom > corners.top) real.push_back(box);
  }
  Associator::Associated found = associator_.Update(real, frame);
  const std::vector<double> qualities = Qualities(real, picture.width, picture.height);
  Watched watched;
  for (size_t i = 0; i < real.size(); ++i) {
    const Track* track = found.tracks[i];
    if (track == nullptr) continue;
    const Corners& corners = real[i].corners;
    const auto [entry, is_new] = courses_.try_emplace(
        track, Course{BestCrops(crops_), at, at, frame, corners, std::vector<TrackBox>()});
    Course& course = entry->second;
    course.last = at;
    course.last_corners = corners;
    course.crops.Offer(picture, corners, qualities[i], frame);
    course.waiting.push_back({frame, 0, corners, real[i].score});
    if (track->number == 0) continue;
    for (TrackBox& box : course.waiting) {
      box.track = track->number;
      watched.boxes.push_back(box);
    }
    course.waiting.clear();
  }
  watched.ended = Ended(std::move(found.ended));
  return watched;
}

std::vector<WatchedTrack> Watcher::Close() { return Ended(associator_.Close()); }

std::vector<WatchedTrack> Watcher::Ended(std::vector<std::unique_ptr<Track>> tracks) {
  std::vector<WatchedTrack> ended;
  for (const auto& track : tracks) {
    const auto entry = courses_.find(track.get());
    Course course = std::move(entry->second);
    courses_.erase(entry);
    // A target that was never inside the frame has nothing to show.
    if (track->number == 0 || course.crops.kept().empty()) continue;
    ended.push_back({track->number, course.first_frame, track->last, course.first, course.last,
                     track->boxes, course.last_corners, course.crops.TakeBest()});
  }
  return ended;
}

}  // namespace bireid
