// Convolutions of 8-bit pixels for 64-bit NEON, around the instructions that multiply.
//
// The windows of four pixels are copied first, each into one piece of memory as wide as the
// instructions take it, so that their loop is one of a single length for any window. Integer sums
// are exact, hence those of every other path.
//
// A `Unit` multiplies:
//   Element, kCopies   What the windows are copied to: kCopies rows of kMaxDepth of it.
//   kDepth             A depth is a multiple of it.
//   kChannels          Channels whose sums are accumulated together, a part of a block.
//   PartBytes(depth)   Of the packed weights of a part.
//   Pack(weight, depth, packed)   Packs weight(channel of the part, k) for k < depth.
//   Copy(pixels, to), CopyOne(pixel, to)   kAtOnce pixels, or one.
//   Multiply(windows, depth, packed, sums)   sums[pixel][channel of the part], rows of 32.
//
// Internal linkage, as for all that the paths compile: see portable_kernels.h.
#ifndef BIREID_KERNELS_NEON_PIXELS_H_
#define BIREID_KERNELS_NEON_PIXELS_H_

#include <arm_neon.h>

#include "kernels/neon_group.h"
#include "kernels/neon_stages.h"
#include "kernels/portable_pixels.h"

namespace bireid {
namespace {
namespace pixels {

constexpr int kMaxDepth = 1024;
constexpr int kAtOnce = 8;

template <typename Unit>
using WindowCopies = typename Unit::Element[kGroupPixels][Unit::kCopies][kMaxDepth];

using Sums = int32_t[kGroupPixels][kBlockChannels];

// Packed weights begin with this. Kernels are told an even length of runs whose weights may have an
// odd one.
struct alignas(64) Header {
  int run_length;
};

inline bool Suits(int run_count, int run_length) {
  return int64_t{run_count} * ((run_length + 1) / 2 * 2) <= kMaxDepth;
}

template <typename Unit>
int PaddedDepth(int run_count, int run_length) {
  return (run_count * run_length + Unit::kDepth - 1) / Unit::kDepth * Unit::kDepth;
}

template <typename Unit>
size_t WeightsBytes(const WeightShape& shape) {
  if (!Suits(shape.run_count, shape.run_length)) return portable::PixelWeightsBytes(shape);
  const size_t parts =
      static_cast<size_t>(Blocks(shape.channels)) * kBlockChannels / Unit::kChannels;
  return sizeof(Header) +
         parts * Unit::PartBytes(PaddedDepth<Unit>(shape.run_count, shape.run_length));
}

// The header, then [block][part of the block], 0 where there is no channel or no input.
template <typename Unit>
void PackWeights(const WeightShape& shape, const int16_t* rows, void* packed) {
  if (!Suits(shape.run_count, shape.run_length)) {
    return portable::PackPixelWeights(shape, rows, packed);
  }
  static_cast<Header*>(packed)->run_length = shape.run_length;
  uint8_t* out = static_cast<uint8_t*>(packed) + sizeof(Header);
  const int depth = shape.run_count * shape.run_length;
  const int padded = PaddedDepth<Unit>(shape.run_count, shape.run_length);
  for (int first = 0; first < Blocks(shape.channels) * kBlockChannels; first += Unit::kChannels) {
    const auto weight = [&](int channel, int k) -> int {
      const int64_t row = int64_t{first} + channel;
      return row < shape.channels && k < depth ? rows[row * depth + k] : 0;
    };
    Unit::Pack(weight, padded, out);
    out += Unit::PartBytes(padded);
  }
}

template <typename Unit>
void CopyWindows(const Group<int16_t>& group, const Windows& windows, int run_length,
                 WindowCopies<Unit>& copies) {
  for (int r = 0; r < windows.run_count; ++r) {
    const int32_t run = windows.runs[r];
    const int place = r * run_length;
    if (run_length < kAtOnce) {
      for (int p = 0; p < kGroupPixels; ++p) {
        for (int i = 0; i < run_length; ++i) {
          Unit::CopyOne(group.window[p] + run + i, copies[p][0] + place + i);
        }
      }
      continue;
    }
    for (int begin = 0; begin < run_length; begin += kAtOnce) {
      // At the end some of them a second time, for nothing past the run may be read.
      const int i = portable::Minimum(begin, run_length - kAtOnce);
#pragma GCC unroll 4
      for (int p = 0; p < kGroupPixels; ++p) {
        Unit::Copy(group.window[p] + run + i, copies[p][0] + place + i);
      }
    }
  }
}

// y = float(sum) * scale, then the stages.
void Finish(const PixelConvolutionArguments& a, const Group<int16_t>& group, int block, bool usual,
            const Sums& sums) {
  const float* scale = a.scale + block * kBlockChannels;
  const auto value = [&](int p, int v) {
    return vmulq_f32(vcvtq_f32_s32(vld1q_s32(sums[p] + v * kLanes)), vld1q_f32(scale + v * kLanes));
  };
  if (!usual) {
    portable::Tile tile;
    for (int p = 0; p < group.count; ++p) {
      for (int v = 0; v < kVectors; ++v) vst1q_f32(tile[p] + v * kLanes, value(p, v));
    }
    portable::RunStages<Comparisons>(a.stages, a.stage_count, group.pixel[0], group.count, block,
                                     a.channels, tile);
    return;
  }
  for (int first = 0; first < group.count; first += kStagePixels) {
    RegisterTile y;
    ForEach(y, [&](float32x4_t, int p, int v) { return value(first + p, v); });
    RunUsualStages(a.stages, a.stage_count, group.pixel + first, block, y);
  }
}

template <typename Unit>
void Convolution(const PixelConvolutionArguments& a) {
  if (!Suits(a.windows.run_count, a.windows.run_length)) {
    return portable::PixelConvolution<Comparisons>(a);
  }
  constexpr int kParts = kBlockChannels / Unit::kChannels;
  const int run_length = static_cast<const Header*>(a.weights)->run_length;
  const int depth = PaddedDepth<Unit>(a.windows.run_count, run_length);
  const size_t part_bytes = Unit::PartBytes(depth);
  // What follows a window is multiplied by 0.
  alignas(64) WindowCopies<Unit> copies = {};
  for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kGroupPixels) {
    const Group<int16_t> group(a.input, a.windows, begin, a.range.pixel_end);
    CopyWindows<Unit>(group, a.windows, run_length, copies);
    for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
      const uint8_t* weights =
          static_cast<const uint8_t*>(a.weights) + sizeof(Header) + block * kParts * part_bytes;
      alignas(64) Sums sums;
      for (int c = 0; c < kBlockChannels; c += Unit::kChannels, weights += part_bytes) {
        Unit::Multiply(copies, depth, weights, sums[0] + c);
      }
      Finish(a, group, block, AreUsual(a.stages, a.stage_count, block, a.channels), sums);
    }
  }
}

}  // namespace pixels
}  // namespace
}  // namespace bireid

#endif  // BIREID_KERNELS_NEON_PIXELS_H_
