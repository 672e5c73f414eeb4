// What the products of amx_products.h read of a packed map: +1 and -1 as bytes, for some pixels at
// a time.
//
// A tile is 16 rows of 64 bytes, the same chunk of the windows of 16 pixels, with one distance from
// row to row. There are three ways to lay that out:
//
// - kMap, where the windows of every 16 pixels are equally far apart, as in rows of 16 pixels: the
//   part of the map that the windows cover. Nothing is there twice.
// - kPlanes, where a row of taps reads what the row above it reads some pixels later, as in maps of
//   any width at a stride of 1: for every chunk of a row of taps a plane with 64 bytes of each
//   pixel. Another row of taps is the same plane from another pixel on.
// - kTiles, for everything else: the windows, tile by tile.
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
  alignas(64) int8_t bytes[kPanelBytes];
  alignas(64) uint32_t window[kMaxChunks * kChunkWords];
  int32_t chunk_offsets[kMaxChunks];
};

template <typename Unit>
class Panel {
 public:
  Panel(const BinaryConvolutionArguments& a, PanelMemory& memory)
      : a_(a),
        memory_(memory),
        words_(a.windows.run_count * a.windows.run_length),
        chunks_((words_ + kChunkWords - 1) / kChunkWords) {
    FindRuns();
    if (IsMap()) {
      layout_ = Layout::kMap;
    } else if (HasPlanes()) {
      layout_ = Layout::kPlanes;
    }
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
    if (a_.windows.run_length % kChunkWords != 0) return false;
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
      Unit::ExpandPair(words, bytes);
      words += kChunkWords;
      bytes += kRowBytes;
    }
    if (left > 0) Unit::ExpandWord(words, bytes);
    return end;
  }

  // kPlanes

  // Looks for the number of pixels, row_pixels_, after which the windows have moved by the distance
  // of two runs.
  bool HasPlanes() {
    const Windows& w = a_.windows;
    if (w.run_length % kChunkWords != 0) return false;
    const int32_t distance = w.run_count > 1 ? w.runs[1] - w.runs[0] : 0;
    for (int r = 1; r < w.run_count; ++r) {
      if (w.runs[r] - w.runs[r - 1] != distance) return false;
    }
    const int begin = a_.range.pixel_begin;
    const int end = a_.range.pixel_end;
    row_pixels_ = 1;
    while (begin + row_pixels_ < end &&
           w.windows[begin + row_pixels_] - w.windows[begin] != distance) {
      ++row_pixels_;
    }
    for (int p = begin; p + row_pixels_ < end; ++p) {
      if (w.windows[p + row_pixels_] - w.windows[p] != distance) return false;
    }
    return BytesOfPlanes(kPassPixels) <= kPanelBytes;
  }

  int64_t PixelsOfPlane(int pixels) const {
    return pixels + int64_t{a_.windows.run_count - 1} * row_pixels_;
  }
  int64_t BytesOfPlanes(int pixels) const {
    return PixelsOfPlane(pixels) * (a_.windows.run_length / kChunkWords) * kRowBytes;
  }

  int FillPlanes() {
    const Windows& w = a_.windows;
    // Rows of taps above are laid out again by every panel: that should be the smaller part.
    const int wanted = 2 * (w.run_count - 1) * row_pixels_;
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
    // Every pixel by its first run; then the runs below the last row of pixels.
    for (int p = first; p < end; ++p) {
      FillPixelOfPlanes(a_.input + w.windows[p] + w.runs[0], p - begin_, plane_pixels);
    }
    const int last_row = end - row_pixels_ > first ? end - row_pixels_ : first;
    for (int r = 1; r < w.run_count; ++r) {
      for (int p = last_row; p < end; ++p) {
        FillPixelOfPlanes(a_.input + w.windows[p] + w.runs[r], p - begin_ + r * row_pixels_,
                          plane_pixels);
      }
    }
    return end;
  }

  void FillPixelOfPlanes(const uint32_t* run, int pixel, int plane_pixels) {
    int8_t* bytes = memory_.bytes + int64_t{pixel} * kRowBytes;
    for (int i = 0; i < a_.windows.run_length; i += kChunkWords) {
      Unit::ExpandPair(run + i, bytes);
      bytes += int64_t{plane_pixels} * kRowBytes;
    }
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

  void FillWindow(const uint32_t* input, int8_t* row) {
    uint32_t* window = memory_.window;
    for (int r = 0; r < a_.windows.run_count; ++r) {
      const uint32_t* run = input + a_.windows.runs[r];
      for (int i = 0; i < a_.windows.run_length; ++i) *window++ = run[i];
    }
    for (int c = 0; c < words_ / kChunkWords; ++c, row += kTileBytes) {
      Unit::ExpandPair(memory_.window + c * kChunkWords, row);
    }
    // What follows the last word is 0, so that it does not count whatever the weights are there.
    if (words_ % kChunkWords != 0) Unit::ExpandWord(memory_.window + words_ - 1, row);
  }

  void FillChunkOffsets(int plane_bytes) {
    int32_t* offset = memory_.chunk_offsets;
    if (layout_ == Layout::kTiles) {
      for (int c = 0; c < chunks_; ++c) *offset++ = c * kTileBytes;
      return;
    }
    for (int r = 0; r < a_.windows.run_count; ++r) {
      for (int i = 0; i < a_.windows.run_length; i += kChunkWords) {
        *offset++ = layout_ == Layout::kMap
                        ? (a_.windows.runs[r] - first_run_ + i) * kWordBytes
                        : i / kChunkWords * plane_bytes + r * row_pixels_ * kRowBytes;
      }
    }
  }

  const BinaryConvolutionArguments& a_;
  PanelMemory& memory_;
  const int words_;
  const int chunks_;
  Layout layout_ = Layout::kTiles;
  int32_t first_run_ = 0;
  int32_t last_run_ = 0;
  int row_pixels_ = 0;  // kPlanes
  int begin_ = 0;
  int64_t map_begin_ = 0;  // kMap: the first word
};

}  // namespace amx
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_AMX_PANEL_H_
