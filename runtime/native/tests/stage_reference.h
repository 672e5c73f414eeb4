// What kernels are tested with: random inputs, random stages, and a plain definition of the stages.
#ifndef BIREID_TESTS_STAGE_REFERENCE_H_
#define BIREID_TESTS_STAGE_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "kernels/kernel_table.h"

namespace bireid {

constexpr int kGuardWords = 64;

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}

  uint32_t Word() { return static_cast<uint32_t>(engine_()); }
  int Int(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  bool Chance(int percent) { return Int(1, 100) <= percent; }
  float Float() { return std::uniform_real_distribution<float>(-2.0f, 2.0f)(engine_); }
  int Channels() { return Chance(30) ? 32 * Int(1, 16) : Int(1, 520); }

  std::vector<float> Floats(int64_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = Float();
    return values;
  }
  // Of a length that paths may read; what lies past the last channel must have no effect.
  std::vector<float> Parameters(int channels) {
    std::vector<float> values = Floats(channels);
    values.resize(Blocks(channels) * kBlockChannels, std::numeric_limits<float>::quiet_NaN());
    return values;
  }
  std::vector<uint32_t> Words(int64_t count) {
    std::vector<uint32_t> words(count);
    for (uint32_t& word : words) word = Word();
    return words;
  }
  std::vector<int32_t> Offsets(int count, int high) {
    std::vector<int32_t> offsets(count);
    for (int32_t& offset : offsets) offset = Int(0, high);
    return offsets;
  }
  Range Part(int pixels, int channels) {
    Range range{Int(0, pixels), Int(0, pixels), Int(0, Blocks(channels)), Int(0, Blocks(channels))};
    if (Chance(50)) range = {0, pixels, 0, Blocks(channels)};
    if (range.pixel_begin > range.pixel_end) std::swap(range.pixel_begin, range.pixel_end);
    if (range.block_begin > range.block_end) std::swap(range.block_begin, range.block_end);
    return range;
  }
  template <typename Value>
  void Shuffle(std::vector<Value>& values) {
    std::shuffle(values.begin(), values.end(), engine_);
  }

 private:
  std::mt19937 engine_;
};

using Memory = std::vector<std::vector<uint32_t>>;

// Stages in some order, or such as follow most convolutions; each on memory of its own, but for
// additions to a map in place.
class RandomStages {
 public:
  RandomStages(Random& random, int pixels, int channels) {
    const std::vector<StageKind> kinds = random.Chance(30) ? UsualKinds(random) : AnyKinds(random);
    for (const StageKind kind : kinds) AddStage(random, kind, pixels, channels);
    for (size_t s = 0; s + 1 < stages_.size(); ++s) {
      if (stages_[s].kind != StageKind::kAddMap) continue;
      for (size_t t = s + 1; t < stages_.size(); ++t) {
        if (stages_[t].kind == StageKind::kStore) Share(s, t);
      }
    }
  }

  const Memory& memory() const { return memory_; }

  std::vector<Stage> Bind(Memory& memory) const {
    std::vector<Stage> stages = stages_;
    for (size_t s = 0; s < stages.size(); ++s) {
      stages[s].channel = parameters_[s].data();
      if (!memory[map_of_[s]].empty()) stages[s].map = memory[map_of_[s]].data() + kGuardWords;
      if (!offsets_[s].empty()) stages[s].offsets = offsets_[s].data();
    }
    return stages;
  }

 private:
  static std::vector<StageKind> AnyKinds(Random& random) {
    std::vector<StageKind> kinds;
    for (int kind = 0; kind <= static_cast<int>(StageKind::kPackAbove); ++kind) {
      if (random.Chance(75)) kinds.push_back(static_cast<StageKind>(kind));
    }
    kinds.push_back(StageKind::kStore);
    random.Shuffle(kinds);
    return kinds;
  }

  // Paths have code of their own for some of them.
  static std::vector<StageKind> UsualKinds(Random& random) {
    std::vector<StageKind> kinds;
    if (random.Chance(50)) kinds.push_back(StageKind::kAddBorder);
    if (random.Chance(75)) kinds.push_back(StageKind::kAddMap);
    if (random.Chance(50)) kinds.push_back(StageKind::kPrelu);
    kinds.push_back(StageKind::kStore);
    if (random.Chance(75)) kinds.push_back(StageKind::kPackSigns);
    return kinds;
  }

  void AddStage(Random& random, StageKind kind, int pixels, int channels) {
    Stage stage{};
    stage.kind = kind;
    stage.low = -random.Float() - 2.5f;
    stage.high = random.Float() + 2.5f;
    const bool packs = kind == StageKind::kPackSigns || kind == StageKind::kPackAbove;
    const bool has_map = packs || kind == StageKind::kAddMap || kind == StageKind::kAddBorder ||
                         kind == StageKind::kStore || kind == StageKind::kStoreInt8;
    const int elements = packs ? Blocks(channels) : channels;
    stage.stride = elements + random.Int(0, 3);
    std::vector<int32_t> offsets;
    if (has_map && random.Chance(50)) {
      for (int p = 0; p < pixels; ++p) offsets.push_back(static_cast<int32_t>(p * stage.stride));
      random.Shuffle(offsets);
    }
    if (kind == StageKind::kAddBorder) {
      for (int32_t& offset : offsets) offset = random.Chance(50) ? -1 : offset;
    }
    std::vector<uint32_t> words;
    if (has_map) {
      // The map ends with its last element, so that a sanitizer sees what is read past it; what is
      // written is followed by a guard that is compared.
      const bool is_read = kind == StageKind::kAddMap || kind == StageKind::kAddBorder;
      const int64_t size = (pixels - 1) * stage.stride + elements;
      words = random.Words(kGuardWords + size + (is_read ? 0 : kGuardWords));
      for (int64_t i = 0; is_read && i < size; ++i) {
        const float value = random.Float();
        std::memcpy(&words[kGuardWords + i], &value, sizeof(value));
      }
    }
    stages_.push_back(stage);
    parameters_.push_back(random.Parameters(channels));
    offsets_.push_back(offsets);
    map_of_.push_back(memory_.size());
    memory_.push_back(words);
  }

  void Share(size_t from, size_t to) {
    stages_[to].stride = stages_[from].stride;
    offsets_[to] = offsets_[from];
    map_of_[to] = map_of_[from];
  }

  std::vector<Stage> stages_;
  std::vector<std::vector<float>> parameters_;
  std::vector<std::vector<int32_t>> offsets_;
  std::vector<size_t> map_of_;
  Memory memory_;
};

inline int8_t ToInt8(float y) {
  if (!(y > -128.0f)) return -128;  // NaN too
  return static_cast<int8_t>(std::min(std::round(y), 127.0f));
}

inline void SetBit(uint32_t* word, int channel, bool bit) {
  if (channel % 32 == 0) *word = 0;
  *word |= static_cast<uint32_t>(bit) << (channel % 32);
}

// Channels of a block must come in order.
inline void Follow(const std::vector<Stage>& stages, int pixel, int c, float y) {
  for (const Stage& stage : stages) {
    const int64_t offset = stage.offsets != nullptr ? stage.offsets[pixel] : pixel * stage.stride;
    switch (stage.kind) {
      case StageKind::kMultiply:
        y = y * stage.channel[c];
        break;
      case StageKind::kAdd:
        y = y + stage.channel[c];
        break;
      case StageKind::kAddMap:
        y = y + static_cast<const float*>(stage.map)[offset + c];
        break;
      case StageKind::kAddBorder:
        if (offset >= 0) y = y + static_cast<const float*>(stage.map)[offset + c];
        break;
      case StageKind::kPrelu:
        y = y >= 0.0f ? y : y * stage.channel[c];
        break;
      case StageKind::kClamp:
        y = y > stage.low ? y : stage.low;
        y = y < stage.high ? y : stage.high;
        break;
      case StageKind::kStore:
        static_cast<float*>(stage.map)[offset + c] = y;
        break;
      case StageKind::kStoreInt8:
        static_cast<int8_t*>(stage.map)[offset + c] = ToInt8(y);
        break;
      case StageKind::kPackSigns:
        SetBit(static_cast<uint32_t*>(stage.map) + offset + c / 32, c, y < 0.0f);
        break;
      case StageKind::kPackAbove:
        SetBit(static_cast<uint32_t*>(stage.map) + offset + c / 32, c, y > stage.channel[c]);
        break;
    }
  }
}

// Follows value(pixel, channel) through the stages, over a range.
template <typename Value>
void FollowRange(const std::vector<Stage>& stages, const Range& range, int channels, Value value) {
  const int end = std::min(channels, range.block_end * kBlockChannels);
  for (int pixel = range.pixel_begin; pixel < range.pixel_end; ++pixel) {
    for (int c = range.block_begin * kBlockChannels; c < end; ++c) {
      Follow(stages, pixel, c, value(pixel, c));
    }
  }
}

}  // namespace bireid

#endif  // BIREID_TESTS_STAGE_REFERENCE_H_
