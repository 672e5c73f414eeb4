// The path for any CPU, and the one to read first: nothing here depends on an instruction set.
#include "kernels/kernel_table.h"
#include "kernels/portable_depthwise.h"
#include "kernels/portable_kernels.h"
#include "kernels/portable_pixels.h"

namespace bireid {
namespace {

// Population counts of the four bytes of a word, each at most 8. No instruction of the first x86-64
// CPUs counts bits, and this runs on several channels at once.
inline uint32_t CountBytes(uint32_t word) {
  word -= word >> 1 & 0x55555555;
  word = (word & 0x33333333) + (word >> 2 & 0x33333333);
  return (word + (word >> 4)) & 0x0f0f0f0f;
}

inline uint32_t SumBytes(uint32_t bytes) {
  const uint32_t pairs = (bytes & 0x00ff00ff) + (bytes >> 8 & 0x00ff00ff);
  return (pairs & 0xffff) + (pairs >> 16);
}

// The counts of so many words fit a byte: 31 * 8 <= 255.
constexpr int kMaxByteWords = 31;

// sums[c] += popcounts of `words` words against the weights [words][32].
void CountBits(const uint32_t* input, const uint32_t* weights, int words,
               int32_t (&sums)[kBlockChannels]) {
  for (int begin = 0; begin < words; begin += kMaxByteWords) {
    const int end = portable::Minimum(begin + kMaxByteWords, words);
    uint32_t bytes[kBlockChannels] = {};
    for (int i = begin; i < end; ++i) {
      const uint32_t* word = weights + static_cast<int64_t>(i) * kBlockChannels;
      for (int c = 0; c < kBlockChannels; ++c) bytes[c] += CountBytes(input[i] ^ word[c]);
    }
    for (int c = 0; c < kBlockChannels; ++c) sums[c] += static_cast<int32_t>(SumBytes(bytes[c]));
  }
}

void BinaryConvolution(const BinaryConvolutionArguments& a) {
  const Windows& windows = a.windows;
  const int64_t run_weights = static_cast<int64_t>(windows.run_length) * kBlockChannels;
  const int64_t block_weights = windows.run_count * run_weights;
  alignas(64) portable::Tile tile;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    const uint32_t* weights = static_cast<const uint32_t*>(a.weights) + block * block_weights;
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const int pixels = portable::Minimum(kTilePixels, a.range.pixel_end - begin);
      alignas(64) portable::SumTile sums = {};
      for (int p = 0; p < pixels; ++p) {
        const uint32_t* window = a.input + windows.windows[begin + p];
        for (int r = 0; r < windows.run_count; ++r) {
          CountBits(window + windows.runs[r], weights + r * run_weights, windows.run_length,
                    sums[p]);
        }
      }
      portable::TransformSums(a, block, pixels, sums, tile);
      portable::RunStages<portable::Comparisons>(a.stages, a.stage_count, begin, pixels, block,
                                                 a.channels, tile);
    }
  }
}

inline uint64_t BitsOf(double value) {
  uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// a * b + y, rounded once. Where the CPU lacks the instruction, the C library's function is a
// hundred times slower than this: Boldo and Melquiond, "Emulation of a FMA and correctly rounded
// sums" (2008).
inline float FusedMultiplyAdd(float a, float b, float y) {
#if defined(__FP_FAST_FMAF)
  return __builtin_fmaf(a, b, y);
#else
  const double product = static_cast<double>(a) * b;  // exact
  const double sum = product + y;
  const double part = sum - y;
  const double error = (product - part) + (y - (sum - part));  // exact: product + y - sum
  // The sum is rounded to odd instead: an inexact one to the neighbour whose last bit is set, so
  // that rounding to float does what it would do to the exact sum. All of it without branches,
  // which would not vectorise. An infinite sum has an undefined error, and stays.
  const uint64_t bits = BitsOf(sum);
  const uint64_t error_bits = BitsOf(error == error ? error : 0.0);
  const uint64_t magnitude = error_bits << 1;
  const uint64_t inexact = (magnitude | (0 - magnitude)) >> 63;
  const uint64_t inwards = (error_bits ^ bits) >> 63;
  const uint64_t odd_bits = bits + ((1 - 2 * inwards) & (0 - (inexact & ~bits)));
  double odd;
  __builtin_memcpy(&odd, &odd_bits, sizeof(odd));
  return static_cast<float>(odd);
#endif
}

void FloatConvolution(const FloatConvolutionArguments& a) {
  const Windows& windows = a.windows;
  const int64_t block_weights =
      static_cast<int64_t>(windows.run_count) * windows.run_length * kBlockChannels;
  alignas(64) portable::Tile tile;
  for (int block = a.range.block_begin; block < a.range.block_end; ++block) {
    for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
      const int pixels = portable::Minimum(kTilePixels, a.range.pixel_end - begin);
      for (int p = 0; p < pixels; ++p) {
        const float* window = a.input + windows.windows[begin + p];
        const float* weights = static_cast<const float*>(a.weights) + block * block_weights;
        portable::StoreBlock(a.bias + block * kBlockChannels, kBlockChannels, tile[p]);
        for (int r = 0; r < windows.run_count; ++r) {
          for (int i = 0; i < windows.run_length; ++i, weights += kBlockChannels) {
            const float input = window[windows.runs[r] + i];
            portable::Combine(tile[p], weights, [=](float y, float weight) {
              return FusedMultiplyAdd(input, weight, y);
            });
          }
        }
      }
      portable::RunStages<portable::Comparisons>(a.stages, a.stage_count, begin, pixels, block,
                                                 a.channels, tile);
    }
  }
}

void DepthwiseConvolution(const DepthwiseConvolutionArguments& a) {
  portable::DepthwiseConvolution<portable::Comparisons>(a, FusedMultiplyAdd);
}

constexpr KernelTable kTable = {
    "scalar",
    "scalar",
    portable::BlockWeightsBytes<uint32_t>,
    portable::PackBlockWeights<uint32_t>,
    [](size_t) -> size_t { return 0; },
    BinaryConvolution,
    portable::BlockWeightsBytes<float>,
    portable::PackBlockWeights<float>,
    FloatConvolution,
    DepthwiseConvolution,
    portable::PixelWeightsBytes,
    portable::PackPixelWeights,
    portable::PixelConvolution<portable::Comparisons>,
    portable::FindPixels,
    portable::PoolRow<portable::Comparisons>,
    portable::Apply<portable::Comparisons>,
};

}  // namespace

const KernelTable* ScalarKernels() { return &kTable; }

}  // namespace bireid
