// Who is whose in frames, against what Python computes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "tests/crc32.h"
#include "tests/expect_error.h"
#include "tests/noise.h"
#include "tests/watching_vectors_generated.h"
#include "watching/assignment.h"
#include "watching/motion.h"
#include "watching/unit_mean.h"
#include "watching/watcher.h"

namespace bireid {
namespace {

// Numbers of 8 bytes behind one another.
class Trace {
 public:
  template <typename... Numbers>
  void Add(Numbers... numbers) {
    (Append(&numbers, sizeof(numbers)), ...);
  }
  uint32_t crc() const { return Crc32(bytes_.data(), bytes_.size()); }

 private:
  void Append(const void* number, size_t size) {
    const uint8_t* bytes = static_cast<const uint8_t*>(number);
    bytes_.insert(bytes_.end(), bytes, bytes + size);
  }

  std::vector<uint8_t> bytes_;
};

// The remainder that Python's % has.
double Remainder(double value, double by) { return value - by * std::floor(value / by); }

// As boxes_of in tests/native/watching_vectors.py.
std::vector<FoundBox> BoxesOf(const SequenceVector& vector, int frame) {
  constexpr uint32_t kBytes = 8;
  std::vector<FoundBox> boxes;
  for (int target = 0; target < vector.targets; ++target) {
    const auto at = [&](uint32_t i) {
      return Noise((static_cast<uint32_t>(frame) * vector.targets + target) * kBytes + i);
    };
    if (at(0) % vector.missing == 0) continue;
    const auto jitter = [&](uint32_t i) { return at(i) / 64.0 - 2; };
    const double way = target * 37 + frame * (target % 5 - 2) * 1.5;
    const double left = Remainder(way, vector.width) - 20 + jitter(1);
    const double top = target * 11 % vector.height - 10 + jitter(2);
    Corners box{left, top, left + 20 + target + jitter(3), top + 60 + 3 * target + jitter(4)};
    if (vector.whole) {
      box = {std::floor(box.left), std::floor(box.top), std::floor(box.right),
             std::floor(box.bottom)};
    }
    boxes.push_back({box, at(5) / 256.0});
  }
  return boxes;
}

bool IsLeftOut(int frame) { return frame % 13 == 5 || (frame >= 40 && frame < 43); }

// The associator and the crops of each track.
uint32_t CrcOf(const SequenceVector& vector) {
  AssociationRules rules;
  rules.patience = vector.patience;
  rules.most_tracks = static_cast<size_t>(vector.most_tracks);
  Associator associator(rules);
  std::map<const Track*, BestCrops> kept;
  const std::vector<uint8_t> pixels(static_cast<size_t>(vector.width) * vector.height * 3);
  const FrameView picture{pixels.data(), vector.width, vector.height};
  Trace trace;
  const auto end = [&](const std::vector<std::unique_ptr<Track>>& tracks) {
    for (const auto& track : tracks) {
      const std::vector<BestCrop> crops = kept.at(track.get()).TakeBest();
      kept.erase(track.get());
      if (track->number == 0 || crops.empty()) continue;
      trace.Add(track->number, track->last, track->boxes);
      for (const BestCrop& crop : crops) {
        EXPECT_EQ(crop.pixels.size(), static_cast<size_t>(crop.width) * crop.height * 3);
        trace.Add(crop.frame, int64_t{crop.width}, int64_t{crop.height}, crop.quality);
      }
    }
  };
  for (int frame = 0; frame < vector.frames; ++frame) {
    if (IsLeftOut(frame)) continue;
    const std::vector<FoundBox> boxes = BoxesOf(vector, frame);
    const Associator::Associated found = associator.Update(boxes, frame);
    const std::vector<double> qualities = Qualities(boxes, vector.width, vector.height);
    for (size_t i = 0; i < boxes.size(); ++i) {
      if (found.tracks[i] == nullptr) continue;
      BestCrops& crops = kept.try_emplace(found.tracks[i], vector.crops).first->second;
      crops.Offer(picture, boxes[i].corners, qualities[i], frame);
      trace.Add(int64_t{frame}, static_cast<int64_t>(i), found.tracks[i]->number,
                found.tracks[i]->boxes);
    }
    end(found.ended);
  }
  end(associator.Close());
  trace.Add(associator.refused());
  return trace.crc();
}

TEST(Watching, TracksAndCropsEqualPythonBitForBit) {
  for (const SequenceVector& vector : kSequenceVectors) EXPECT_EQ(CrcOf(vector), vector.crc);
}

TEST(Motion, EqualsPythonBitForBit) {
  Motion motion({10.25, 20.5, 50.125, 130.0});
  Trace trace;
  constexpr int kCount = 4 * static_cast<int>(std::size(kSteps));
  for (int i = 0; i < kCount; ++i) {
    const Corners expected = motion.Predict(kSteps[i % std::size(kSteps)]);
    trace.Add(expected.left, expected.top, expected.right, expected.bottom);
    const uint8_t jitter = Noise(static_cast<uint32_t>(i));
    if (jitter % 3 == 0) continue;
    const double side = jitter / 64.0 + i * 3;
    motion.Correct({10 + side, 20 - side, 50 + side, 131 - side / 2});
  }
  EXPECT_EQ(trace.crc(), kMotionCrc);
}

TEST(Assignment, PairsOfEqualCostsEqualPython) {
  for (const AssignmentVector& vector : kAssignmentVectors) {
    std::vector<double> costs;
    for (int i = 0; i < vector.rows * vector.columns; ++i) {
      costs.push_back(Noise(static_cast<uint32_t>(i)) % vector.kinds / 3.0);
    }
    Trace trace;
    for (const auto& [row, column] : Assign(costs, vector.rows, vector.columns)) {
      trace.Add(static_cast<int64_t>(row), static_cast<int64_t>(column));
    }
    EXPECT_EQ(trace.crc(), vector.crc) << vector.rows << "x" << vector.columns;
  }
}

TEST(UnitMean, EqualsPythonBitForBit) {
  EmbeddingSum sum(kMeanDim);
  EXPECT_TRUE(sum.UnitMean(0).empty());
  for (int row = 0; row < kMeanRows; ++row) {
    std::vector<float> numbers;
    for (int i = 0; i < kMeanDim; ++i) {
      const float noise = Noise(static_cast<uint32_t>(row * kMeanDim + i));
      numbers.push_back((noise - 100) / 255);
    }
    sum.Add(numbers.data());
  }
  const std::vector<float> mean = sum.UnitMean(1e-6);
  EXPECT_EQ(Crc32(mean.data(), mean.size() * sizeof(float)), kMeanCrc);
}

TEST(UnitMean, OfEmbeddingsThatCancelOutThereIsNone) {
  EmbeddingSum sum(2);
  const float there[] = {1, 0}, back[] = {-1, 0};
  sum.Add(there);
  sum.Add(back);
  EXPECT_TRUE(sum.UnitMean(1e-6).empty());
}

// A frame in which every pixel is its frame's number.
Watched Take(Watcher& watcher, int frame, const std::vector<FoundBox>& boxes) {
  const std::vector<uint8_t> pixels(100 * 80 * 3, static_cast<uint8_t>(frame));
  return watcher.Update({pixels.data(), 100, 80}, boxes, frame / 10.0, frame);
}

TEST(Watcher, TellsTheFirstBoxesOfATrackOnceItCounts) {
  Watcher watcher;
  const FoundBox box{{10.5, -5, 40.25, 70}, 0.75};
  const FoundBox empty{{10, 10, 10, 20}, 0.75};
  EXPECT_TRUE(Take(watcher, 1, {empty, box}).boxes.empty());
  EXPECT_TRUE(Take(watcher, 2, {box}).boxes.empty());
  const std::vector<TrackBox> told = Take(watcher, 4, {box}).boxes;
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].frame, 1);
  EXPECT_EQ(told[2].frame, 4);
  EXPECT_EQ(told[1].track, 1);
  const FoundBox moved{{10.5, -5, 40.75, 70}, 0.5};
  EXPECT_EQ(Take(watcher, 5, {moved}).boxes.size(), 1u);
  const std::vector<WatchedTrack> ended = watcher.Close();
  ASSERT_EQ(ended.size(), 1u);
  const WatchedTrack& track = ended[0];
  EXPECT_EQ(track.first_frame, 1);
  EXPECT_EQ(track.last_frame, 5);
  EXPECT_EQ(track.first, 0.1);
  EXPECT_EQ(track.last, 0.5);
  EXPECT_EQ(track.boxes, 4);
  EXPECT_EQ(track.last_corners.right, 40.75);
  // What is inside of the frame, of frames that are not near to each other.
  ASSERT_EQ(track.crops.size(), 2u);
  EXPECT_EQ(track.crops[0].width, 31);
  EXPECT_EQ(track.crops[0].height, 70);
  for (const BestCrop& crop : track.crops) {
    EXPECT_EQ(crop.pixels, std::vector<uint8_t>(31 * 70 * 3, static_cast<uint8_t>(crop.frame)));
  }
  EXPECT_TRUE(watcher.Close().empty());
}

TEST(Watcher, FramesComeInOrder) {
  Watcher watcher;
  Take(watcher, 3, {});
  ExpectError<std::invalid_argument>("frame 3 does not come after 3",
                                     [&] { Take(watcher, 3, {}); });
}

}  // namespace
}  // namespace bireid
