// What the products of amx_products.h read of a packed map: +1 and -1 as bytes, for some pixels at
// a time.
//
// A tile is 16 rows of 64 bytes, the same chunk of the windows of 16 pixels, with one distance from
// row to row. There are three ways to lay that out:
//
// - kMap, where the windows of every 16 pixels are equally far apart, as in rows of 16 pixels: the
//   part of the map that the windows cover. Nothing is there twice.
// - kPlanes, where a row of taps reads what another above it reads some pixels later, as in maps of
//   any width: that is the row just above at a stride of 1, and the one before it at a stride of 2.
//   For every chunk of a row of taps a plane with 64 bytes of each pixel; another row of taps is
//   the same plane from another pixel on.
// - kTiles, for everything else: the windows, tile by tile.
//
// In the first two the chunks of every run begin anew. Where a run is an odd number of words its
// last chunk is half of what follows it in memory, whatever that is: the weights there are 0.
//
// Internal linkage, as for all that the paths compile: see portable_kernels.h.
#ifndef BIREID_KERNELS_AMX_PANEL_H_
#define BIREID_KERNELS_AMX_PANEL_H_

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"

namespace bireid {
namespace {
namespace amx {

constexpr int kTileRows = 16;
constexpr int kRowBytes = 64;
constexpr int kTileBytes = kTileRows * kRowBytes;
constexpr int kChunkWords = 2;  // packed words that one row of a tile holds
constexpr int kWordBytes = 32;  // of a packed word, one byte a channel
constexpr int kPassPixels = 2 * kTileRows;
// The most that a panel has, and what one of planes or tiles has if that is enough for a pass: it
// then stays in the first-level cache.
constexpr int kPanelBytes = 320 << 10;
constexpr int kPanelTarget = 16 << 10;
constexpr int kMaxChunks = kPanelBytes / (2 * kTileBytes);

struct PanelMemory {
  alignas(64) int8_t bytes[kPanelBytes + kWordBytes];  // the last chunk may end behind the map
  int32_t chunk_offsets[kMaxChunks];
};

template <typename Unit>
class Panel {
 public:
  Panel(const BinaryConvolutionArguments& a, PanelMemory& memory)
      : a_(a),
        memory_(memory),
        run_chunks_((a.windows.run_length + kChunkWords - 1) / kChunkWords) {
    FindRuns();
    if (a.windows.run_count * run_chunks_ <= kMaxChunks) {
      if (IsMap()) {
        layout_ = Layout::kMap;
      } else if (HasPlanes()) {
        layout_ = Layout::kPlanes;
      }
    }
    const int words = a.windows.run_count * a.windows.run_length;
    const bool has_runs = layout_ != Layout::kTiles;
    row_words_ = has_runs ? a.windows.run_length : words;
    chunks_ =
        has_runs ? a.windows.run_count * run_chunks_ : (words + kChunkWords - 1) / kChunkWords;
    FillChunkOffsets(0);
  }

  // Lays out pixels from `begin` on, the first of a tile; returns where they end.
  int Fill(int begin) {
    begin_ = begin;
    switch (layout_) {
      case Layout::kMap:
        return FillMap();
      case Layout::kPlanes:
        return FillPlanes();
      default:
        return FillTiles();
    }
  }

  int chunks() const { return chunks_; }
  // Words after which chunks begin anew.
  int row_words() const { return row_words_; }
  // Bytes from the first chunk of a tile to each of its chunks.
  const int32_t* chunk_offsets() const { return memory_.chunk_offsets; }

  // The first chunk of the tile of a pixel, and the bytes from row to row.
  const int8_t* TileOf(int pixel) const {
    switch (layout_) {
      case Layout::kMap:
        return memory_.bytes +
               (a_.windows.windows[pixel] + int64_t{first_run_} - map_begin_) * kWordBytes;
      case Layout::kPlanes:
        return memory_.bytes + int64_t{pixel - begin_} * kRowBytes;
      default:
        return memory_.bytes + int64_t{pixel - begin_} * chunks_ * kRowBytes;
    }
  }
  int64_t StrideOf(int pixel) const {
    if (layout_ != Layout::kMap) return kRowBytes;
    return int64_t{a_.windows.windows[pixel + 1] - a_.windows.windows[pixel]} * kWordBytes;
  }

 private:
  enum class Layout : uint8_t { kMap, kPlanes, kTiles };

  static int RoundUp(int pixels, int multiple) {
    return (pixels + multiple - 1) / multiple * multiple;
  }

  void FindRuns() {
    for (int r = 0; r < a_.windows.run_count; ++r) {
      const int32_t run = a_.windows.runs[r];
      if (r == 0 || run < first_run_) first_run_ = run;
      if (r == 0 || run > last_run_) last_run_ = run;
    }
  }

  // kMap

  // Words of the map from the first to the last window of a tile.
  struct Span {
    int64_t begin;
    int64_t end;
    int64_t bytes() const { return (end - begin) * kWordBytes; }
  };
  Span SpanOf(int pixel) const {
    const int64_t first = a_.windows.windows[pixel];
    const int64_t last = a_.windows.windows[pixel + kTileRows - 1];
    const int64_t low = first < last ? first : last;
    const int64_t high = first < last ? last : first;
    return {low + first_run_, high + last_run_ + a_.windows.run_length};
  }

  bool IsMap() const {
    if (a_.range.pixel_begin % kTileRows != 0 || a_.range.pixel_end % kTileRows != 0) return false;
    for (int p = a_.range.pixel_begin; p < a_.range.pixel_end; p += kTileRows) {
      const int32_t* windows = a_.windows.windows + p;
      const int32_t step = windows[1] - windows[0];
      int32_t differ = 0;
      for (int i = 1; i < kTileRows; ++i) differ |= (windows[i] - windows[i - 1]) ^ step;
      if (differ != 0 || SpanOf(p).bytes() > kPanelBytes) return false;
    }
    return true;
  }

  int FillMap() {
    Span all = SpanOf(begin_);
    int end = begin_ + kTileRows;
    for (; end < a_.range.pixel_end; end += kTileRows) {
      const Span next = SpanOf(end);
      const Span joined{next.begin < all.begin ? next.begin : all.begin,
                        next.end > all.end ? next.end : all.end};
      if (joined.bytes() > kPanelBytes) break;
      all = joined;
    }
    map_begin_ = all.begin;
    const uint32_t* words = a_.input + all.begin;
    int8_t* bytes = memory_.bytes;
    int64_t left = all.end - all.begin;
    for (; left >= kChunkWords; left -= kChunkWords) {
      Unit::ExpandPair(PairAt(words), bytes);
      words += kChunkWords;
      bytes += kRowBytes;
    }
    if (left > 0) Unit::ExpandWord(words, bytes);
    return end;
  }

  // kPlanes

  // Looks for the number of pixels, row_pixels_, after which the windows have moved by the distance
  // of row_runs_ runs.
  bool HasPlanes() {
    const Windows& w = a_.windows;
    const int32_t distance = w.run_count > 1 ? w.runs[1] - w.runs[0] : 0;
    for (int r = 1; r < w.run_count; ++r) {
      if (w.runs[r] - w.runs[r - 1] != distance) return false;
    }
    const int begin = a_.range.pixel_begin;
    const int end = a_.range.pixel_end;
    row_pixels_ = 1;
    while (begin + row_pixels_ < end) {
      row_runs_ = RunsBetween(begin, begin + row_pixels_, distance);
      if (row_runs_ > 0) break;
      ++row_pixels_;
    }
    if (row_runs_ == 0) row_runs_ = 1;  // a single row
    for (int p = begin; p + row_pixels_ < end; ++p) {
      if (w.windows[p + row_pixels_] - w.windows[p] != row_runs_ * distance) return false;
    }
    return BytesOfPlanes(kPassPixels) <= kPanelBytes;
  }

  // So many runs below the window of a pixel is that of another; 0 if none of its runs is there.
  int RunsBetween(int pixel, int other, int32_t distance) const {
    const int32_t moved = a_.windows.windows[other] - a_.windows.windows[pixel];
    for (int runs = 1; runs < a_.windows.run_count; ++runs) {
      if (moved == runs * distance) return runs;
    }
    return 0;
  }

  // Of pixels behind the last that planes have, since runs further below are there.
  int PixelsBelow() const { return (a_.windows.run_count - 1) / row_runs_ * row_pixels_; }
  int64_t PixelsOfPlane(int pixels) const { return int64_t{pixels} + PixelsBelow(); }
  int64_t BytesOfPlanes(int pixels) const {
    const int planes = row_runs_ < a_.windows.run_count ? row_runs_ : a_.windows.run_count;
    return PixelsOfPlane(pixels) * planes * run_chunks_ * kRowBytes;
  }

  int FillPlanes() {
    const Windows& w = a_.windows;
    // Rows of taps above are laid out again by every panel: that should be the smaller part.
    const int wanted = 2 * PixelsBelow();
    int pixels = kPassPixels;
    while (begin_ + pixels < a_.range.pixel_end) {
      const int64_t bytes = BytesOfPlanes(pixels + kPassPixels);
      if (bytes > (pixels < wanted ? kPanelBytes : kPanelTarget)) break;
      pixels += kPassPixels;
    }
    const int plane_pixels = static_cast<int>(PixelsOfPlane(pixels));
    FillChunkOffsets(plane_pixels * kRowBytes);
    const int end = begin_ + pixels < a_.range.pixel_end ? begin_ + pixels : a_.range.pixel_end;
    const int first = begin_ < a_.range.pixel_begin ? a_.range.pixel_begin : begin_;
    // Every pixel by its first runs; then the runs below the last row of pixels.
    const int last_row = end - row_pixels_ > first ? end - row_pixels_ : first;
    for (int r = 0; r < w.run_count; ++r) {
      int8_t* plane = memory_.bytes + PlaneOf(r) * plane_pixels * kRowBytes;
      const uint32_t* input = a_.input + w.runs[r];
      for (int p = r < row_runs_ ? first : last_row; p < end; ++p) {
        const int pixel = p - begin_ + r / row_runs_ * row_pixels_;
        FillPixelOfPlanes(input + w.windows[p], plane + int64_t{pixel} * kRowBytes,
                          int64_t{plane_pixels} * kRowBytes);
      }
    }
    return end;
  }

  // The first plane of a run.
  int64_t PlaneOf(int run) const { return int64_t{run % row_runs_} * run_chunks_; }

  void FillPixelOfPlanes(const uint32_t* run, int8_t* bytes, int64_t plane_bytes) {
    int i = 0;
    for (; i + kChunkWords <= a_.windows.run_length; i += kChunkWords, bytes += plane_bytes) {
      Unit::ExpandPair(PairAt(run + i), bytes);
    }
    if (i < a_.windows.run_length) Unit::ExpandWord(run + i, bytes);
  }

  // kTiles

  int FillTiles() {
    int pixels = kPanelTarget / (chunks_ * kTileBytes) * kTileRows / kPassPixels * kPassPixels;
    if (pixels < kPassPixels) pixels = kPassPixels;
    const int end = begin_ + pixels < a_.range.pixel_end ? begin_ + pixels : a_.range.pixel_end;
    for (int p = begin_ < a_.range.pixel_begin ? a_.range.pixel_begin : begin_; p < end; ++p) {
      const int tile = (p - begin_) / kTileRows;
      FillWindow(a_.input + a_.windows.windows[p],
                 memory_.bytes + int64_t{tile} * chunks_ * kTileBytes + p % kTileRows * kRowBytes);
    }
    return end;
  }

  // Pairs of words are made in a register: one that is read from two stores waits for both.
  void FillWindow(const uint32_t* input, int8_t* row) {
    const uint32_t* waiting = nullptr;  // the first of a pair
    for (int r = 0; r < a_.windows.run_count; ++r) {
      const uint32_t* run = input + a_.windows.runs[r];
      for (int i = 0; i < a_.windows.run_length; ++i) {
        if (waiting == nullptr) {
          waiting = run + i;
          continue;
        }
        Unit::ExpandPair(*waiting | uint64_t{run[i]} << 32, row);
        row += kTileBytes;
        waiting = nullptr;
      }
    }
    if (waiting != nullptr) Unit::ExpandWord(waiting, row);
  }

  static uint64_t PairAt(const uint32_t* words) {
    uint64_t pair;
    __builtin_memcpy(&pair, words, sizeof(pair));
    return pair;
  }

  void FillChunkOffsets(int plane_bytes) {
    int32_t* offset = memory_.chunk_offsets;
    if (layout_ == Layout::kTiles) {
      for (int c = 0; c < chunks_; ++c) *offset++ = c * kTileBytes;
      return;
    }
    for (int r = 0; r < a_.windows.run_count; ++r) {
      for (int c = 0; c < run_chunks_; ++c) {
        *offset++ = layout_ == Layout::kMap
                        ? (a_.windows.runs[r] - first_run_ + c * kChunkWords) * kWordBytes
                        : static_cast<int32_t>(PlaneOf(r) + c) * plane_bytes +
                              r / row_runs_ * row_pixels_ * kRowBytes;
      }
    }
  }

  const BinaryConvolutionArguments& a_;
  PanelMemory& memory_;
  const int run_chunks_;  // of a run by itself
  Layout layout_ = Layout::kTiles;
  int row_words_ = 0;
  int chunks_ = 0;
  int32_t first_run_ = 0;
  int32_t last_run_ = 0;
  int row_pixels_ = 0;  // kPlanes
  int row_runs_ = 0;    // kPlanes
  int begin_ = 0;
  int64_t map_begin_ = 0;  // kMap: the first word
};

}  // namespace amx
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_AMX_PANEL_H_
