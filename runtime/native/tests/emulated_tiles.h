// The tiles of amx.cc in plain C++: the same numbers in the same places, on any machine.
#ifndef BIREID_TESTS_EMULATED_TILES_H_
#define BIREID_TESTS_EMULATED_TILES_H_

#include <cstdint>
#include <cstring>

#include "kernels/amx_pixels.h"
#include "kernels/amx_products.h"
#include "kernels/dispatch.h"
#include "kernels/portable_kernels.h"
#include "kernels/portable_pixels.h"

namespace bireid {

struct EmulatedTiles {
  static constexpr int kFinishPixels = 4;

  static int8_t SignOf(uint32_t word, int bit) { return (word >> bit & 1) != 0 ? -1 : 1; }

  static void ExpandPair(uint64_t pair, int8_t* bytes) {
    for (int bit = 0; bit < 64; ++bit) bytes[bit] = (pair >> bit & 1) != 0 ? -1 : 1;
  }
  static void ExpandWord(const uint32_t* word, int8_t* bytes) {
    for (int bit = 0; bit < 32; ++bit) bytes[bit] = SignOf(*word, bit);
    std::memset(bytes + 32, 0, 32);
  }
  // Row r of a tile holds bits 4r to 4r + 3 of 16 channels, with their sign turned.
  template <int kQuarter>
  static void ExpandWeights(const uint32_t* weights, int8_t* tiles) {
    const uint32_t* words = weights + kQuarter / 2 * kBlockChannels + kQuarter % 2 * 16;
    int8_t* rows = tiles + kQuarter % 2 * amx::kTileBytes + kQuarter / 2 * amx::kTileBytes / 2;
    for (int c = 0; c < 16; ++c) {
      for (int bit = 0; bit < 32; ++bit) {
        rows[bit / 4 * amx::kRowBytes + c * 4 + bit % 4] = -SignOf(words[c], bit);
      }
    }
  }

  template <int kQuarter>
  static void ZeroWeights(int8_t* tiles) {
    const int rows = amx::kTileBytes / 2;
    std::memset(tiles + kQuarter % 2 * amx::kTileBytes + kQuarter / 2 * rows, 0, rows);
  }

  static void Start(const int32_t* depths) {
    for (auto& row : sums) std::memcpy(row, depths, sizeof(int32_t) * 16);
    for (auto& row : sums) std::memcpy(row + 16, depths, sizeof(int32_t) * 16);
  }

  template <bool kHasTwo, typename... Between>
  static void MultiplyChunk(const int8_t* first, int64_t first_stride, const int8_t* second,
                            int64_t second_stride, const int8_t* weights, Between... between) {
    for (int row = 0; row < amx::kTileRows; ++row) {
      MultiplyRow(first + row * first_stride, weights, sums[row]);
      if (kHasTwo) MultiplyRow(second + row * second_stride, weights, sums[amx::kTileRows + row]);
    }
    (between(), ...);
  }
  static void MultiplyRow(const int8_t* pixel, const int8_t* weights,
                          int32_t (&row)[kBlockChannels]) {
    for (int depth = 0; depth < amx::kRowBytes; ++depth) {
      for (int c = 0; c < kBlockChannels; ++c) {
        row[c] +=
            pixel[depth] *
            weights[c / 16 * amx::kTileBytes + depth / 4 * amx::kRowBytes + c % 16 * 4 + depth % 4];
      }
    }
  }

  static void Store(int32_t* target) { std::memcpy(target, sums, sizeof(sums)); }

  static void Finish(const BinaryConvolutionArguments& a, int block, int first_pixel,
                     const int32_t* target) {
    using portable::Comparisons;
    const int begin = portable::Maximum(first_pixel, a.range.pixel_begin);
    const int end = portable::Minimum(first_pixel + kFinishPixels, a.range.pixel_end);
    portable::SumTile counts;
    portable::Tile tile;
    for (int pixel = begin; pixel < end; ++pixel) {
      for (int c = 0; c < kBlockChannels; ++c) {
        counts[pixel - begin][c] = target[(pixel - first_pixel) * kBlockChannels + c] / 2;
      }
    }
    portable::TransformSums(a, block, end - begin, counts, tile);
    portable::RunStages<Comparisons>(a.stages, a.stage_count, begin, end - begin, block, a.channels,
                                     tile);
  }

  static void Interleave(const int16_t* input, const int32_t* runs, int run_count, int count,
                         uint8_t* columns) {
    const int bytes = run_count <= 4 ? 4 : amx::kMaxColumnBytes;
    for (int i = 0; i < count; ++i) {
      for (int r = 0; r < bytes; ++r) {
        // Of runs that there are not, anything: their weights are 0.
        columns[i * bytes + r] = r < run_count ? static_cast<uint8_t>(input[runs[r] + i]) : 0xff;
      }
    }
  }

  static void StartPixels() { std::memset(sums, 0, sizeof(sums)); }

  static void MultiplyPixels(const uint8_t* rows, int64_t stride, const uint8_t* weights) {
    for (int row = 0; row < amx::kTileRows; ++row) {
      for (int byte = 0; byte < amx::kRowBytes; ++byte) {
        const int32_t pixel = rows[row * stride + byte];
        for (int c = 0; c < kBlockChannels; ++c) {
          const uint8_t* low = weights + c / 16 * amx::kTileBytes + byte / 4 * amx::kRowBytes +
                               c % 16 * 4 + byte % 4;
          sums[row][c] += pixel * *low;
          sums[amx::kTileRows + row][c] += pixel * static_cast<int8_t>(low[amx::kDigitBytes]);
        }
      }
    }
  }

  static void FinishPixels(const PixelConvolutionArguments& a, int block, int first_pixel,
                           const int32_t* target) {
    using portable::Comparisons;
    const int begin = portable::Maximum(first_pixel, a.range.pixel_begin);
    const int end = portable::Minimum(first_pixel + kFinishPixels, a.range.pixel_end);
    portable::Tile tile;
    for (int pixel = begin; pixel < end; ++pixel) {
      for (int c = 0; c < kBlockChannels; ++c) {
        const int32_t* low = target + (pixel - first_pixel) * kBlockChannels + c;
        const int32_t sum = *low + 256 * low[amx::kTileRows * kBlockChannels];
        tile[pixel - begin][c] = static_cast<float>(sum) * a.scale[block * kBlockChannels + c];
      }
    }
    portable::RunStages<Comparisons>(a.stages, a.stage_count, begin, end - begin, block, a.channels,
                                     tile);
  }

  inline static int32_t sums[2 * amx::kTileRows][kBlockChannels];
};

// The scalar path, whose weights lie as those of avx512 do, with products in emulated tiles.
inline KernelTable EmulatedAmxKernels() {
  KernelTable kernels = *FindKernels("scalar");
  kernels.name = "emulated_amx";
  kernels.binary_scratch_bytes = [](size_t) -> size_t { return sizeof(amx::Scratch); };
  kernels.binary_convolution = [](const BinaryConvolutionArguments& a) {
    if (!amx::Suits(a)) return FindKernels("scalar")->binary_convolution(a);
    amx::BinaryProducts<EmulatedTiles>(a).Run();
  };
  kernels.pixel_weights_bytes = [](const WeightShape& shape) {
    return amx::SuitsPixels(shape.run_count, shape.run_length)
               ? amx::PixelWeightsBytes(shape)
               : FindKernels("scalar")->pixel_weights_bytes(shape);
  };
  kernels.pack_pixel_weights = [](const WeightShape& shape, const int16_t* rows, void* packed) {
    if (!amx::SuitsPixels(shape.run_count, shape.run_length)) {
      return FindKernels("scalar")->pack_pixel_weights(shape, rows, packed);
    }
    amx::PackPixelWeights(shape, rows, packed);
  };
  kernels.pixel_convolution = [](const PixelConvolutionArguments& a) {
    if (!amx::SuitsPixels(a.windows.run_count, a.windows.run_length)) {
      return FindKernels("scalar")->pixel_convolution(a);
    }
    amx::PixelProducts<EmulatedTiles>(a).Run();
  };
  return kernels;
}

}  // namespace bireid

#endif  // BIREID_TESTS_EMULATED_TILES_H_
