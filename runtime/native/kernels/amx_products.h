// Binary convolutions as products of int8 tiles: what the amx path does around its instructions.
//
// A tile of activations is 16 pixels of 64 values of +1 and -1, a tile of weights is 16 channels of
// them, and one product adds all 16 x 16 x 64 to a tile of int32. Maps and weights stay packed in
// memory; here they become bytes, shortly before they are used:
//
// - Activations once per call, in panels that stay in the second-level cache. Where the windows of
//   every 16 pixels are the same distance apart, as in rows of 16 pixels, a panel is that part of
//   the map, and tiles are read right out of it; else, at narrow maps and ragged ends, it holds the
//   windows of each 16 pixels as tiles, one after the other.
// - Weights a few chunks of 64 ahead of their use: a tile is not read from stores that are still in
//   flight. They lie as for avx512, so that what suits tiles badly goes to its kernel.
//
// The sum of products S counts the bits that differ: popcount = (depth - S) / 2. So the results are
// those of every other path, to the last bit.
//
// `Unit` is the arithmetic: that of amx.cc, or that of tests/emulated_tiles.h for any machine.
// Internal linkage, as for all that the paths compile: see portable_kernels.h.
#ifndef BIREID_KERNELS_AMX_PRODUCTS_H_
#define BIREID_KERNELS_AMX_PRODUCTS_H_

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"

namespace bireid {
namespace {
namespace amx {

constexpr int kTileRows = 16;
constexpr int kTileBytes = 1024;
constexpr int kChunkWords = 2;  // packed words that one row of a tile holds
constexpr int kWordBytes = 32;  // of a packed word, one byte a channel
constexpr int kPassPixels = 2 * kTileRows;
// Beside weights and results in a second-level cache of 2 MB.
constexpr int kPanelBytes = 320 << 10;
constexpr int kMaxChunks = kPanelBytes / (2 * kTileBytes);
// Weights of so many chunks are kept for all pixels of a panel; of more, they are expanded again.
constexpr int kKeptChunks = 80;
constexpr int kRingChunks = 8;
constexpr int kAhead = 3;
constexpr int kChunkWeightBytes = 2 * kTileBytes;  // of 32 channels

struct Scratch {
  alignas(64) int8_t panel[kPanelBytes];
  alignas(64) int8_t weights[(kKeptChunks + kAhead) * kChunkWeightBytes];
  alignas(64) int32_t sums[2][kPassPixels * kBlockChannels];
  alignas(64) uint32_t window[kMaxChunks * kChunkWords];
  int32_t chunk_offsets[kMaxChunks];
};

// Whether tiles are the way to compute this: the tables above hold it, and there are more pixels
// than the other kernel takes at a time.
inline bool Suits(const BinaryConvolutionArguments& a) {
  const int64_t words = int64_t{a.windows.run_count} * a.windows.run_length;
  return words <= kMaxChunks * kChunkWords &&
         a.range.pixel_end - a.range.pixel_begin > kTilePixels;
}

template <typename Unit>
class BinaryProducts {
 public:
  explicit BinaryProducts(const BinaryConvolutionArguments& a)
      : a_(a),
        scratch_(*static_cast<Scratch*>(a.scratch)),
        words_(a.windows.run_count * a.windows.run_length),
        chunks_((words_ + kChunkWords - 1) / kChunkWords) {}

  void Run() {
    if (a_.range.block_begin >= a_.range.block_end) return;
    FindFirstRun();
    is_regular_ = IsRegular();
    FillChunkOffsets();
    int begin = a_.range.pixel_begin / kTileRows * kTileRows;
    while (begin < a_.range.pixel_end) {
      begin_ = begin;
      end_ = is_regular_ ? ExpandMap() : GatherWindows();
      MultiplyPanel();
      begin = end_;
    }
    while (finished_ < kFinishes) Finish();
  }

 private:
  static constexpr int kFinishes = kPassPixels / kTilePixels;

  void FindFirstRun() {
    for (int r = 0; r < a_.windows.run_count; ++r) {
      const int32_t run = a_.windows.runs[r];
      if (r == 0 || run < first_run_) first_run_ = run;
      if (r == 0 || run > last_run_) last_run_ = run;
    }
  }

  // Words of the map from the first to the last window of a tile. Only where IsRegular.
  struct Span {
    int64_t begin;
    int64_t end;
  };
  Span SpanOf(int pixel) const {
    const int64_t first = a_.windows.windows[pixel];
    const int64_t last = a_.windows.windows[pixel + kTileRows - 1];
    const int64_t low = first < last ? first : last;
    const int64_t high = first < last ? last : first;
    return {low + first_run_, high + last_run_ + a_.windows.run_length};
  }
  static bool Fits(const Span& span) { return (span.end - span.begin) * kWordBytes <= kPanelBytes; }

  // Whether tiles can be read out of the map.
  bool IsRegular() const {
    if (a_.windows.run_length % kChunkWords != 0) return false;
    if (a_.range.pixel_begin % kTileRows != 0 || a_.range.pixel_end % kTileRows != 0) return false;
    for (int p = a_.range.pixel_begin; p < a_.range.pixel_end; p += kTileRows) {
      const int32_t* windows = a_.windows.windows + p;
      const int32_t step = windows[1] - windows[0];
      int32_t differ = 0;
      for (int i = 1; i < kTileRows; ++i) differ |= (windows[i] - windows[i - 1]) ^ step;
      if (differ != 0 || !Fits(SpanOf(p))) return false;
    }
    return true;
  }

  // Bytes from the start of a tile's first window to each of its chunks.
  void FillChunkOffsets() {
    int32_t* offset = scratch_.chunk_offsets;
    if (!is_regular_) {
      for (int c = 0; c < chunks_; ++c) *offset++ = c * kTileBytes;
      return;
    }
    for (int r = 0; r < a_.windows.run_count; ++r) {
      for (int i = 0; i < a_.windows.run_length; i += kChunkWords) {
        *offset++ = (a_.windows.runs[r] - first_run_ + i) * kWordBytes;
      }
    }
  }

  // Fills the panel from pixel begin_ on; returns the pixel where it ends.
  int ExpandMap() {
    Span all = SpanOf(begin_);
    int end = begin_ + kTileRows;
    for (; end < a_.range.pixel_end; end += kTileRows) {
      const Span span = SpanOf(end);
      const Span joined{span.begin < all.begin ? span.begin : all.begin,
                        span.end > all.end ? span.end : all.end};
      if (!Fits(joined)) break;
      all = joined;
    }
    panel_word_ = all.begin;
    const uint32_t* words = a_.input + all.begin;
    int8_t* bytes = scratch_.panel;
    int64_t left = all.end - all.begin;
    for (; left >= kChunkWords; left -= kChunkWords) {
      Unit::ExpandPair(words, bytes);
      words += kChunkWords;
      bytes += kChunkWords * kWordBytes;
    }
    if (left > 0) Unit::ExpandWord(words, bytes);
    return end;
  }

  int GatherWindows() {
    const int tiles = kPanelBytes / (chunks_ * kTileBytes) / 2 * 2;
    const int end = begin_ + tiles * kTileRows;
    const int last = end < a_.range.pixel_end ? end : a_.range.pixel_end;
    for (int p = begin_ < a_.range.pixel_begin ? a_.range.pixel_begin : begin_; p < last; ++p) {
      GatherWindow(a_.input + a_.windows.windows[p],
                   scratch_.panel + (p - begin_) / kTileRows * int64_t{chunks_} * kTileBytes +
                       p % kTileRows * kChunkWords * kWordBytes);
    }
    return last;
  }

  void GatherWindow(const uint32_t* input, int8_t* row) {
    uint32_t* window = scratch_.window;
    for (int r = 0; r < a_.windows.run_count; ++r) {
      const uint32_t* run = input + a_.windows.runs[r];
      for (int i = 0; i < a_.windows.run_length; ++i) window[i] = run[i];
      window += a_.windows.run_length;
    }
    for (int c = 0; c < words_ / kChunkWords; ++c, row += kTileBytes) {
      Unit::ExpandPair(scratch_.window + c * kChunkWords, row);
    }
    // What follows the last word is 0, so that it does not count whatever the weights are there.
    if (words_ % kChunkWords != 0) Unit::ExpandWord(scratch_.window + words_ - 1, row);
  }

  // A tile of the panel: its first byte and the bytes from a row to the next.
  struct Rows {
    const int8_t* first;
    int64_t stride;
  };
  Rows RowsOf(int pixel) const {
    if (!is_regular_) {
      return {scratch_.panel + (pixel - begin_) / kTileRows * int64_t{chunks_} * kTileBytes,
              kChunkWords * kWordBytes};
    }
    const int32_t* windows = a_.windows.windows + pixel;
    return {scratch_.panel + (windows[0] + int64_t{first_run_} - panel_word_) * kWordBytes,
            int64_t{windows[1] - windows[0]} * kWordBytes};
  }

  const uint32_t* WeightsOf(int block) const {
    return static_cast<const uint32_t*>(a_.weights) + int64_t{block} * words_ * kBlockChannels;
  }

  // Weights become bytes in the order of their use, in a ring of `slots_` chunks.
  void StartExpanding(int passes) {
    const bool keeps = passes > 1 && chunks_ <= kKeptChunks;
    slots_ = keeps ? chunks_ + kAhead : kRingChunks;
    expansions_ = keeps ? 1 : passes;
    next_block_ = a_.range.block_begin;
    next_pass_ = next_chunk_ = next_slot_ = 0;
    for (int i = 0; i < kAhead; ++i) ExpandWeights();
  }

  [[gnu::always_inline]] inline void ExpandWeights() {
    if (next_block_ == a_.range.block_end) return;
    const int word = next_chunk_ * kChunkWords;
    Unit::ExpandWeights(WeightsOf(next_block_) + int64_t{word} * kBlockChannels,
                        words_ - word >= kChunkWords ? kChunkWords : 1,
                        scratch_.weights + next_slot_ * kChunkWeightBytes);
    next_slot_ = next_slot_ + 1 == slots_ ? 0 : next_slot_ + 1;
    if (++next_chunk_ < chunks_) return;
    next_chunk_ = 0;
    if (++next_pass_ < expansions_) return;
    next_pass_ = 0;
    ++next_block_;
  }

  void MultiplyPanel() {
    const int passes = (end_ - begin_ + kPassPixels - 1) / kPassPixels;
    StartExpanding(passes);
    int slot = 0;
    for (int block = a_.range.block_begin; block < a_.range.block_end; ++block) {
      const int first_slot = slot;
      for (int pass = 0; pass < passes; ++pass) {
        const bool expands = pass < expansions_;
        if (!expands) slot = first_slot;
        const int pixel = begin_ + pass * kPassPixels;
        const bool has_two = pixel + kTileRows < end_;
        slot = !has_two  ? Multiply<false, true>(pixel, slot, expands)
               : expands ? Multiply<true, true>(pixel, slot, true)
                         : Multiply<true, false>(pixel, slot, false);
        while (finished_ < kFinishes) Finish();
        int32_t* sums = scratch_.sums[buffer_];
        Unit::Store(sums);
        pending_ = {block, pixel, sums};
        finished_ = 0;
        buffer_ ^= 1;
      }
    }
  }

  // The products of one or two tiles of pixels with the channels of a block, whose weights begin at
  // `slot` of the ring; returns where they end. Between them the results of the pass before are
  // finished, for which the units of vectors are free.
  template <bool kHasTwo, bool kMayExpand>
  [[gnu::noinline]] int Multiply(int pixel, int slot, bool expands) {
    const Rows first = RowsOf(pixel);
    const Rows second = kHasTwo ? RowsOf(pixel + kTileRows) : first;
    Unit::Zero();
    int due = chunks_;  // of the next finish, in quarters of a chunk
    for (int c = 0; c < chunks_; ++c) {
      if (kMayExpand && expands) ExpandWeights();
      const int32_t offset = scratch_.chunk_offsets[c];
      const int8_t* weights = scratch_.weights + slot * kChunkWeightBytes;
      Unit::template MultiplyChunk<kHasTwo>(first.first + offset, first.stride,
                                            second.first + offset, second.stride, weights);
      slot = slot + 1 == slots_ ? 0 : slot + 1;
      for (; kFinishes * (c + 1) >= due && finished_ < kFinishes; due += chunks_) Finish();
    }
    return slot;
  }

  // 8 pixels of the pass before.
  void Finish() {
    const int row = finished_++ * kTilePixels;
    const int first = pending_.pixel + row;
    if (first >= a_.range.pixel_end || first + kTilePixels <= a_.range.pixel_begin) return;
    Unit::Finish(a_, words_ * kWordBytes, pending_.block, first,
                 pending_.sums + row * kBlockChannels);
  }

  struct Pass {
    int block;
    int pixel;
    const int32_t* sums;
  };

  const BinaryConvolutionArguments& a_;
  Scratch& scratch_;
  const int words_;
  const int chunks_;
  int32_t first_run_ = 0;
  int32_t last_run_ = 0;
  bool is_regular_ = false;
  // The panel.
  int begin_ = 0;
  int end_ = 0;
  int64_t panel_word_ = 0;
  // What is expanded next.
  int slots_ = 0;
  int expansions_ = 0;
  int next_block_ = 0;
  int next_pass_ = 0;
  int next_chunk_ = 0;
  int next_slot_ = 0;
  // What is finished next.
  Pass pending_{};
  int finished_ = kFinishes;
  int buffer_ = 0;
};

}  // namespace amx
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_AMX_PRODUCTS_H_
