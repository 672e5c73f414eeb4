// Convolutions of 8-bit pixels as products of tiles, around the instructions of the amx path.
//
// A weight of int16 is 256 * high + low, its upper byte with a sign and its lower one without. Each
// has sums of its own, which int32 holds, and 256 * (sum of high) + (sum of low) is the sum that
// the other paths have, to the last bit.
//
// The elements at the same place of all runs become a column of 4 or 8 bytes. So a window is one
// piece of memory; and of windows the same distance apart, as in a row of pixels, one begins that
// many columns after the other: rows of a tile that overlap.
//
// `Unit` as in amx_products.h. Internal linkage, as for all that the paths compile: see
// portable_kernels.h.
#ifndef BIREID_KERNELS_AMX_PIXELS_H_
#define BIREID_KERNELS_AMX_PIXELS_H_

#include "kernels/amx_panel.h"

namespace bireid {
namespace {
namespace amx {

constexpr int kMaxColumnBytes = 8;
constexpr int kMaxPixelChunks = 4;  // of a window
constexpr int kMaxWindowBytes = kMaxPixelChunks * kRowBytes;
constexpr int kMaxColumns = 512;                   // of all windows of a tile
constexpr int kColumnsAtOnce = 32;                 // that a unit writes
constexpr int kDigitBytes = 2 * kTileBytes;        // of 32 channels and a chunk
constexpr int kPixelChunkBytes = 2 * kDigitBytes;  // low, then high

// How windows of so many runs become rows of tiles.
struct PixelShape {
  int column_bytes;
  int chunks;

  PixelShape(int run_count, int run_length)
      : column_bytes(run_count <= 4 ? 4 : kMaxColumnBytes),
        chunks(((run_length + 1) / 2 * 2 * column_bytes + kRowBytes - 1) / kRowBytes) {}
};

inline bool SuitsPixels(int run_count, int run_length) {
  return run_count <= kMaxColumnBytes && run_length <= kMaxWindowBytes &&
         PixelShape(run_count, run_length).chunks <= kMaxPixelChunks;
}

inline size_t PixelWeightsBytes(const WeightShape& shape) {
  return static_cast<size_t>(Blocks(shape.channels)) *
         PixelShape(shape.run_count, shape.run_length).chunks * kPixelChunkBytes;
}

// [block][chunk][low, high][16 channels] tiles: row r holds bytes 4r to 4r + 3 of each channel.
inline void PackPixelWeights(const WeightShape& shape, const int16_t* rows, void* packed) {
  const PixelShape pixels(shape.run_count, shape.run_length);
  uint8_t* out = static_cast<uint8_t*>(packed);
  for (int block = 0; block < Blocks(shape.channels); ++block) {
    for (int c = 0; c < pixels.chunks; ++c, out += kPixelChunkBytes) {
      for (int lane = 0; lane < kBlockChannels * kRowBytes; ++lane) {
        const int channel = block * kBlockChannels + lane / kRowBytes;
        const int byte = lane % kRowBytes;
        const int i = (c * kRowBytes + byte) / pixels.column_bytes;
        const int run = (c * kRowBytes + byte) % pixels.column_bytes;
        const bool exists =
            channel < shape.channels && run < shape.run_count && i < shape.run_length;
        const int64_t row = (int64_t{channel} * shape.run_count + run) * shape.run_length;
        const uint16_t weight = exists ? static_cast<uint16_t>(rows[row + i]) : uint16_t{0};
        const int half = lane / kRowBytes / kTileRows;
        const int place =
            half * kTileBytes + byte / 4 * kRowBytes + lane / kRowBytes % kTileRows * 4 + byte % 4;
        out[place] = static_cast<uint8_t>(weight);
        out[kDigitBytes + place] = static_cast<uint8_t>(weight >> 8);
      }
    }
  }
}

template <typename Unit>
class PixelProducts {
 public:
  explicit PixelProducts(const PixelConvolutionArguments& a)
      : a_(a), shape_(a.windows.run_count, a.windows.run_length) {}

  void Run() {
    if (a_.range.pixel_begin >= a_.range.pixel_end) return;
    const int first = a_.range.pixel_begin / kTileRows * kTileRows;
    int64_t stride = LayOut(first, columns_[0]);
    int now = 0;
    for (int pixel = first; pixel < a_.range.pixel_end; pixel += kTileRows, now ^= 1) {
      const int64_t this_stride = stride;
      // Ahead of use: a tile is not read from stores that are still in flight.
      const int next = pixel + kTileRows;
      if (next < a_.range.pixel_end) stride = LayOut(next, columns_[now ^ 1]);
      for (int block = a_.range.block_begin; block < a_.range.block_end; ++block) {
        Multiply(pixel, block, columns_[now], this_stride);
      }
    }
    while (finished_ < kFinishes) Finish();
  }

 private:
  static constexpr int kFinishes = kTileRows / Unit::kFinishPixels;

  // The distance of the windows of a tile, 0 where they have none in common.
  int StepOf(int pixel) const {
    if (pixel < a_.range.pixel_begin || pixel + kTileRows > a_.range.pixel_end) return 0;
    const int32_t* windows = a_.windows.windows + pixel;
    const int step = windows[1] - windows[0];
    if (step < 1 || step > kMaxColumns) return 0;
    int32_t differ = 0;
    for (int i = 1; i < kTileRows; ++i) differ |= (windows[i] - windows[i - 1]) ^ step;
    if (differ != 0) return 0;
    return (kTileRows - 1) * step + a_.windows.run_length <= kMaxColumns ? step : 0;
  }

  // Writes the rows of a tile; returns the bytes from one to the next.
  int64_t LayOut(int pixel, uint8_t* columns) {
    const Windows& w = a_.windows;
    const int32_t* windows = w.windows + pixel;
    const int step = StepOf(pixel);
    if (step > 0) {
      Unit::Interleave(a_.input + windows[0], w.runs, w.run_count,
                       (kTileRows - 1) * step + w.run_length, columns);
      return int64_t{step} * shape_.column_bytes;
    }
    for (int i = 0; i < kTileRows; ++i) {
      if (pixel + i < a_.range.pixel_begin || pixel + i >= a_.range.pixel_end) continue;
      Unit::Interleave(a_.input + windows[i], w.runs, w.run_count, w.run_length,
                       columns + i * kMaxWindowBytes);
    }
    return kMaxWindowBytes;
  }

  void Multiply(int pixel, int block, const uint8_t* columns, int64_t stride) {
    const uint8_t* weights =
        static_cast<const uint8_t*>(a_.weights) + int64_t{block} * shape_.chunks * kPixelChunkBytes;
    Unit::StartPixels();
    for (int c = 0; c < shape_.chunks; ++c) {
      Unit::MultiplyPixels(columns + c * kRowBytes, stride, weights + c * kPixelChunkBytes);
      while (finished_ * shape_.chunks < kFinishes * (c + 1)) Finish();
    }
    int32_t* sums = sums_[buffer_];
    Unit::Store(sums);
    pending_ = {block, pixel, sums};
    finished_ = 0;
    buffer_ ^= 1;
  }

  // A few pixels of the tile before, whose sums are of low, then of high bytes.
  void Finish() {
    const int row = finished_++ * Unit::kFinishPixels;
    const int first = pending_.pixel + row;
    if (first >= a_.range.pixel_end || first + Unit::kFinishPixels <= a_.range.pixel_begin) return;
    Unit::FinishPixels(a_, pending_.block, first, pending_.sums + row * kBlockChannels);
  }

  struct Pass {
    int block;
    int pixel;
    const int32_t* sums;
  };

  // Windows that overlap, with what is read past the last of them; or one after the other.
  alignas(64) uint8_t columns_[2][kMaxColumns * kMaxColumnBytes + kMaxWindowBytes];
  alignas(64) int32_t sums_[2][kPassPixels * kBlockChannels];
  const PixelConvolutionArguments& a_;
  const PixelShape shape_;
  Pass pending_{};
  int finished_ = kFinishes;
  int buffer_ = 0;
};

}  // namespace amx
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_AMX_PIXELS_H_
