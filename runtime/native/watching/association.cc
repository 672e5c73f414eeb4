#include "watching/association.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "watching/assignment.h"

namespace bireid {
namespace {

// Rows and columns that overlap by `least` or more, so that the overlap in all is largest.
std::vector<std::pair<size_t, size_t>> Pairs(const std::vector<Corners>& expected,
                                             const std::vector<Corners>& found, double least) {
  std::vector<double> costs;
  std::vector<char> allowed;
  for (const Corners& row : expected) {
    for (const Corners& column : found) {
      const double overlap = Iou(row, column);
      allowed.push_back(overlap >= least && overlap > 0);
      // A pair that is not allowed costs as much as none.
      costs.push_back(allowed.back() ? 1 - overlap : 1.0);
    }
  }
  std::vector<std::pair<size_t, size_t>> pairs;
  for (const auto& pair : Assign(costs, expected.size(), found.size())) {
    if (allowed[pair.first * found.size() + pair.second]) pairs.push_back(pair);
  }
  return pairs;
}

}  // namespace

Associator::Associated Associator::Update(const std::vector<FoundBox>& boxes, int64_t frame) {
  if (has_frame_ && frame <= frame_) {
    throw std::invalid_argument("frame " + std::to_string(frame) + " does not come after " +
                                std::to_string(frame_));
  }
  const int64_t steps = has_frame_ ? frame - frame_ : 1;
  frame_ = frame;
  has_frame_ = true;
  std::vector<Corners> expected;
  for (const auto& track : tracks_) expected.push_back(track->motion.Predict(steps));
  std::vector<char> free(tracks_.size(), 1);
  Associated result;
  result.tracks.assign(boxes.size(), nullptr);
  std::vector<size_t> sure, unsure;
  for (size_t i = 0; i < boxes.size(); ++i) {
    (boxes[i].score >= rules_.sure ? sure : unsure).push_back(i);
  }
  Continue(boxes, sure, expected, rules_.overlap, frame, &free, &result.tracks);
  Continue(boxes, unsure, expected, rules_.unsure_overlap, frame, &free, &result.tracks);
  Start(boxes, sure, frame, &result.tracks);
  result.ended = End(frame);
  return result;
}

std::vector<std::unique_ptr<Track>> Associator::Close() { return std::exchange(tracks_, {}); }

void Associator::Continue(const std::vector<FoundBox>& boxes, const std::vector<size_t>& chosen,
                          const std::vector<Corners>& expected, double least, int64_t frame,
                          std::vector<char>* free, std::vector<const Track*>* owner) {
  std::vector<size_t> rows;
  std::vector<Corners> places, found;
  for (size_t i = 0; i < free->size(); ++i) {
    if (!(*free)[i]) continue;
    rows.push_back(i);
    places.push_back(expected[i]);
  }
  for (const size_t box : chosen) found.push_back(boxes[box].corners);
  for (const auto& [row, column] : Pairs(places, found, least)) {
    Track* track = tracks_[rows[row]].get();
    const size_t box = chosen[column];
    track->motion.Correct(boxes[box].corners);
    Count(track, frame);
    (*free)[rows[row]] = 0;
    (*owner)[box] = track;
  }
}

void Associator::Start(const std::vector<FoundBox>& boxes, const std::vector<size_t>& sure,
                       int64_t frame, std::vector<const Track*>* owner) {
  for (const size_t box : sure) {
    if ((*owner)[box] != nullptr) continue;
    if (tracks_.size() >= rules_.most_tracks) {
      ++refused_;
      continue;
    }
    tracks_.push_back(std::make_unique<Track>(Track{0, Motion(boxes[box].corners), 0, frame}));
    Count(tracks_.back().get(), frame);
    (*owner)[box] = tracks_.back().get();
  }
}

void Associator::Count(Track* track, int64_t frame) {
  ++track->boxes;
  track->last = frame;
  if (track->boxes == rules_.confirm) track->number = next_number_++;
}

// Drops who was not seen for long, at once if the track never counted.
std::vector<std::unique_ptr<Track>> Associator::End(int64_t frame) {
  std::vector<std::unique_ptr<Track>> kept, ended;
  for (auto& track : tracks_) {
    const int64_t patience = track->number > 0 ? rules_.patience : 0;
    (frame - track->last <= patience ? kept : ended).push_back(std::move(track));
  }
  tracks_ = std::move(kept);
  return ended;
}

}  // namespace bireid
