// Binary convolutions as products of int8 tiles: what the amx path does around its instructions.
//
// A tile of activations is 16 pixels of 64 values of +1 and -1, a tile of weights is 16 channels of
// them, and one product adds all 16 x 16 x 64 to a tile of int32. Two tiles of pixels by two of
// channels are a pass. Maps and weights stay packed in memory and become bytes shortly before they
// are used: activations in panels (amx_panel.h), weights a few chunks of 64 ahead, since a tile is
// not read from stores that are still in flight. Packed weights lie as for avx512, so that what
// suits tiles badly goes to its kernel.
//
// Weights have their sign turned and sums begin at the depth, so that a sum ends as twice the
// number of bits that differ. So the results are those of every other path, to the last bit.
//
// `Unit` is the arithmetic: that of amx.cc, or that of tests/emulated_tiles.h for any machine.
// Internal linkage, as for all that the paths compile: see portable_kernels.h.
#ifndef BIREID_KERNELS_AMX_PRODUCTS_H_
#define BIREID_KERNELS_AMX_PRODUCTS_H_

#include "kernels/amx_panel.h"

namespace bireid {
namespace {
namespace amx {

constexpr int kChunkWeightBytes = 2 * kTileBytes;  // of 32 channels
// Weights of 32 channels that are so many chunks are expanded once for all passes of a panel; more
// are expanded for every pass, in a ring. Both leave the first-level cache to the panel: a ring of
// 16 KB instead of 8 slows layers of 256 and 512 channels down by a third.
constexpr int kKeptChunks = 9;
constexpr int kRingChunks = 4;
constexpr int kAhead = 3;

struct Scratch {
  PanelMemory panel;
  alignas(64) int8_t weights[(kKeptChunks + kAhead) * kChunkWeightBytes];
  alignas(64) int32_t sums[2][kPassPixels * kBlockChannels];
  alignas(64) int32_t depths[kTileRows];
};

// Whether tiles are the way to compute this: windows fit a panel, and there are more pixels than
// the other kernel takes at a time.
inline bool Suits(const BinaryConvolutionArguments& a) {
  const int64_t words = int64_t{a.windows.run_count} * a.windows.run_length;
  return words <= kMaxChunks * kChunkWords && a.range.pixel_end - a.range.pixel_begin > kTilePixels;
}

// Bytes of the weights of a call, in the order of their use.
template <typename Unit>
class WeightRing {
 public:
  // Chunks begin anew after so many words.
  WeightRing(const BinaryConvolutionArguments& a, int chunks, int row_words, int8_t* bytes)
      : a_(a), chunks_(chunks), row_words_(row_words), bytes_(bytes) {}

  // Before the passes of a panel: of every block so many, one after the other.
  void Start(int passes) {
    keeps_ = passes > 1 && chunks_ <= kKeptChunks;
    slots_ = keeps_ ? chunks_ + kAhead : kRingChunks;
    passes_ = keeps_ ? 1 : passes;
    slot_ = first_slot_ = 0;
    next_block_ = a_.range.block_begin;
    next_pass_ = next_chunk_ = next_row_word_ = next_slot_ = 0;
    next_weights_ = WeightsOf(next_block_);
    expands_ = true;
    for (int i = 0; i < kAhead; ++i) {
      const Expansion next = Next();
      Expand<0>(next);
      Expand<1>(next);
      Expand<2>(next);
      Expand<3>(next);
    }
  }

  // A chunk that is to become bytes; of no words where there are no more.
  struct Expansion {
    const uint32_t* words;
    int count;
    int8_t* tiles;
  };

  Expansion Next() {
    if (!expands_ || next_block_ == a_.range.block_end) return {nullptr, 0, nullptr};
    const int left = row_words_ - next_row_word_;
    const Expansion next{next_weights_, left < kChunkWords ? left : kChunkWords,
                         bytes_ + next_slot_ * kChunkWeightBytes};
    next_slot_ = next_slot_ + 1 == slots_ ? 0 : next_slot_ + 1;
    next_weights_ += next.count * kBlockChannels;
    next_row_word_ = next.count == left ? 0 : next_row_word_ + next.count;
    if (++next_chunk_ < chunks_) return next;
    next_chunk_ = 0;
    if (++next_pass_ == passes_) {
      next_pass_ = 0;
      ++next_block_;
    }
    next_weights_ = WeightsOf(next_block_);
    return next;
  }

  // A quarter of it: one word of 16 channels.
  template <int kQuarter>
  [[gnu::always_inline]] static inline void Expand(const Expansion& next) {
    if (kQuarter / 2 < next.count) {
      Unit::template ExpandWeights<kQuarter>(next.words, next.tiles);
    } else if (next.count > 0) {
      Unit::template ZeroWeights<kQuarter>(next.tiles);
    }
  }

  // Before each pass.
  void StartPass(int pass) {
    expands_ = pass < passes_;
    if (!keeps_) return;
    if (pass == 0) {
      first_slot_ = slot_;
    } else {
      slot_ = first_slot_;
    }
  }

  // The chunk that is used next.
  const int8_t* Use() {
    const int8_t* chunk = bytes_ + slot_ * kChunkWeightBytes;
    slot_ = slot_ + 1 == slots_ ? 0 : slot_ + 1;
    return chunk;
  }

 private:
  const uint32_t* WeightsOf(int block) const {
    const int words = a_.windows.run_count * a_.windows.run_length;
    return static_cast<const uint32_t*>(a_.weights) + int64_t{block} * words * kBlockChannels;
  }

  const BinaryConvolutionArguments& a_;
  const int chunks_;
  const int row_words_;
  int8_t* const bytes_;
  bool keeps_ = false;
  int slots_ = 0;
  bool expands_ = false;
  int passes_ = 0;  // that expand a block
  int next_block_ = 0;
  int next_pass_ = 0;
  int next_chunk_ = 0;
  const uint32_t* next_weights_ = nullptr;
  int next_row_word_ = 0;
  int next_slot_ = 0;
  int slot_ = 0;
  int first_slot_ = 0;
};

template <typename Unit>
class BinaryProducts {
 public:
  explicit BinaryProducts(const BinaryConvolutionArguments& a)
      : a_(a),
        scratch_(*static_cast<Scratch*>(a.scratch)),
        panel_(a, scratch_.panel),
        ring_(a, panel_.chunks(), panel_.row_words(), scratch_.weights) {
    const int32_t depth = a.windows.run_count * a.windows.run_length * kWordBytes;
    for (int32_t& d : scratch_.depths) d = depth;
  }

  void Run() {
    int begin = a_.range.pixel_begin / kTileRows * kTileRows;
    while (begin < a_.range.pixel_end) {
      const int end = panel_.Fill(begin);
      MultiplyPanel(begin, end);
      begin = end;
    }
    while (finished_ < kFinishes) Finish();
  }

 private:
  static constexpr int kFinishes = kPassPixels / Unit::kFinishPixels;

  void MultiplyPanel(int begin, int end) {
    const int passes = (end - begin + kPassPixels - 1) / kPassPixels;
    ring_.Start(passes);
    for (int block = a_.range.block_begin; block < a_.range.block_end; ++block) {
      for (int pass = 0; pass < passes; ++pass) {
        ring_.StartPass(pass);
        const int pixel = begin + pass * kPassPixels;
        if (pixel + kTileRows < end) {
          Multiply<true>(pixel);
        } else {
          Multiply<false>(pixel);
        }
        while (finished_ < kFinishes) Finish();
        int32_t* sums = scratch_.sums[buffer_];
        Unit::Store(sums);
        pending_ = {block, pixel, end, sums};
        finished_ = 0;
        buffer_ ^= 1;
      }
    }
  }

  // The products of one or two tiles of pixels with the channels of a block. Between them the
  // results of the pass before are finished and weights are expanded, in portions that the
  // instructions for vectors can do while products run.
  template <bool kHasTwo>
  [[gnu::noinline]] void Multiply(int pixel) {
    const int8_t* first = panel_.TileOf(pixel);
    const int64_t first_stride = panel_.StrideOf(pixel);
    const int8_t* second = kHasTwo ? panel_.TileOf(pixel + kTileRows) : first;
    const int64_t second_stride = kHasTwo ? panel_.StrideOf(pixel + kTileRows) : first_stride;
    const int chunks = panel_.chunks();
    using Ring = WeightRing<Unit>;
    Unit::Start(scratch_.depths);
    int due = chunks / 2;  // when the next part is finished, in parts of a chunk
    for (int c = 0; c < chunks; ++c) {
      const int32_t offset = panel_.chunk_offsets()[c];
      const int8_t* weights = ring_.Use();
      const typename Ring::Expansion next = ring_.Next();
      Unit::template MultiplyChunk<kHasTwo>(
          first + offset, first_stride, second + offset, second_stride, weights,
          [&] { Ring::template Expand<0>(next); }, [&] { Ring::template Expand<1>(next); },
          [&] { Ring::template Expand<2>(next); }, [&] { Ring::template Expand<3>(next); });
      for (; kFinishes * (c + 1) >= due && finished_ < kFinishes; due += chunks) Finish();
    }
  }

  // A few pixels of the pass before.
  void Finish() {
    const int row = finished_++ * Unit::kFinishPixels;
    const int first = pending_.pixel + row;
    if (first >= pending_.end || first + Unit::kFinishPixels <= a_.range.pixel_begin) return;
    Unit::Finish(a_, pending_.block, first, pending_.sums + row * kBlockChannels);
  }

  struct Pass {
    int block;
    int pixel;
    int end;  // of the panel's pixels
    const int32_t* sums;
  };

  const BinaryConvolutionArguments& a_;
  Scratch& scratch_;
  Panel<Unit> panel_;
  WeightRing<Unit> ring_;
  Pass pending_{};  // what is finished next
  int finished_ = kFinishes;
  int buffer_ = 0;
};

}  // namespace amx
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_AMX_PRODUCTS_H_
