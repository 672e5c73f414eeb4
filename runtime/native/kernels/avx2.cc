// AVX2 with FMA. AVX2 cannot count bits, but PSHUFB looks up 32 bytes at once: a nibble of the
// activations selects a row of the table T[a][w] = popcount(a ^ w), and nibbles of 32 weights, one
// per output channel, index that row. So 128 bit-products take two vector operations, a lookup and
// an addition of bytes.
#include "kernels/kernel_table.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/avx2_float.h"
#include "kernels/portable_kernels.h"
#include "kernels/portable_pixels.h"

namespace bireid {
namespace {

constexpr int kWordNibbles = 8;

// T[a][w], rows of 16 bytes; four cache lines.
struct CountTable {
  alignas(64) uint8_t rows[16][16];

  constexpr CountTable() : rows() {
    for (int a = 0; a < 16; ++a) {
      for (int w = 0; w < 16; ++w) {
        const int bits = a ^ w;
        rows[a][w] =
            static_cast<uint8_t>((bits & 1) + (bits >> 1 & 1) + (bits >> 2 & 1) + (bits >> 3));
      }
    }
  }
};
constexpr CountTable kCountTable;

size_t BinaryWeightsBytes(const WeightShape& shape) {
  return portable::BlockWeightsBytes<uint8_t>(shape) * kWordNibbles;
}

// [block][k][nibble of the word][32 channels], a nibble to the byte. Byte 4 * l + b belongs to
// channel 8 * b + l, so that masks and shifts of 32-bit lanes give channels in order.
void PackBinaryWeights(const WeightShape& shape, const uint32_t* rows, void* packed) {
  uint8_t* out = static_cast<uint8_t*>(packed);
  const int64_t depth = static_cast<int64_t>(shape.run_count) * shape.run_length;
  for (int block = 0; block < Blocks(shape.channels); ++block) {
    for (int64_t k = 0; k < depth; ++k) {
      for (int nibble = 0; nibble < kWordNibbles; ++nibble) {
        for (int byte = 0; byte < kBlockChannels; ++byte) {
          const int channel = block * kBlockChannels + byte % 4 * 8 + byte / 4;
          const uint32_t word = channel < shape.channels ? rows[channel * depth + k] : 0;
          *out++ = static_cast<uint8_t>(word >> (4 * nibble) & 15);
        }
      }
    }
  }
}

// The input as offsets of table rows, 16 * nibble, one byte each.
size_t BinaryScratchBytes(size_t input_words) { return input_words * kWordNibbles; }

// Writes the nibbles of words [begin, end), which lie at the same index in the scratch.
void ExpandNibbles(const uint32_t* input, int64_t begin, int64_t end, uint8_t* nibbles) {
  int64_t word = begin;
  const __m128i high_bits = _mm_set1_epi8(static_cast<char>(0xf0));
  for (; word + 4 <= end; word += 4) {
    const __m128i words = _mm_loadu_si128(reinterpret_cast<const __m128i*>(input + word));
    const __m128i low = _mm_and_si128(_mm_slli_epi16(words, 4), high_bits);
    const __m128i high = _mm_and_si128(words, high_bits);
    __m128i* out = reinterpret_cast<__m128i*>(nibbles + word * kWordNibbles);
    _mm_storeu_si128(out, _mm_unpacklo_epi8(low, high));
    _mm_storeu_si128(out + 1, _mm_unpackhi_epi8(low, high));
  }
  for (; word < end; ++word) {
    for (int nibble = 0; nibble < kWordNibbles; ++nibble) {
      nibbles[word * kWordNibbles + nibble] =
          static_cast<uint8_t>((input[word] >> (4 * nibble) & 15) << 4);
    }
  }
}

// Expands everything between the first and the last word that the range reads.
void ExpandRange(const BinaryConvolutionArguments& a) {
  int32_t first_window = INT32_MAX;
  int32_t last_window = INT32_MIN;
  for (int pixel = a.range.pixel_begin; pixel < a.range.pixel_end; ++pixel) {
    first_window = portable::Minimum(first_window, a.windows.windows[pixel]);
    last_window = portable::Maximum(last_window, a.windows.windows[pixel]);
  }
  int32_t first_run = INT32_MAX;
  int32_t last_run = INT32_MIN;
  for (int r = 0; r < a.windows.run_count; ++r) {
    first_run = portable::Minimum(first_run, a.windows.runs[r]);
    last_run = portable::Maximum(last_run, a.windows.runs[r]);
  }
  ExpandNibbles(a.input, static_cast<int64_t>(first_window) + first_run,
                static_cast<int64_t>(last_window) + last_run + a.windows.run_length,
                static_cast<uint8_t*>(a.scratch));
}

// A nibble adds at most 4: 7 words of 8 nibbles reach 224, which a byte holds.
constexpr int kMaxByteWords = 7;

// A word adds at most 32: 2047 words reach 65504, which 16 bits hold.
constexpr int kMaxShortWords = 2047;

template <int kBlocks>
struct Sums {
  // Bytes 0 and 2 (even) and bytes 1 and 3 (odd) of each 32-bit lane, widened.
  __m256i even[kGroupPixels][kBlocks];
  __m256i odd[kGroupPixels][kBlocks];
};

// Adds the counts of up to kMaxByteWords words, which continue at `window` in each pixel and at
// `weights` in each block, to `sums`.
template <int kBlocks>
[[gnu::always_inline]] inline void CountWords(const uint8_t* const (&window)[kGroupPixels],
                                              const __m256i* weights, int64_t block_vectors,
                                              int words, Sums<kBlocks>& sums) {
  __m256i bytes[kGroupPixels][kBlocks] = {};
  for (int64_t k = 0; k < static_cast<int64_t>(words) * kWordNibbles; ++k) {
#pragma GCC unroll 4
    for (int p = 0; p < kGroupPixels; ++p) {
      const uint8_t* row = reinterpret_cast<const uint8_t*>(&kCountTable) + window[p][k];
      const __m256i counts =
          _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(row)));
#pragma GCC unroll 2
      for (int b = 0; b < kBlocks; ++b) {
        const __m256i weight = _mm256_load_si256(weights + b * block_vectors + k);
        bytes[p][b] = _mm256_add_epi8(bytes[p][b], _mm256_shuffle_epi8(counts, weight));
        // Keeps the compiler from reordering the additions, which would spill the sums.
        asm("" : "+x"(bytes[p][b]));
      }
    }
  }
  const __m256i even = _mm256_set1_epi16(0xff);
#pragma GCC unroll 4
  for (int p = 0; p < kGroupPixels; ++p) {
#pragma GCC unroll 2
    for (int b = 0; b < kBlocks; ++b) {
      sums.even[p][b] = _mm256_add_epi16(sums.even[p][b], _mm256_and_si256(bytes[p][b], even));
      sums.odd[p][b] = _mm256_add_epi16(sums.odd[p][b], _mm256_srli_epi16(bytes[p][b], 8));
    }
  }
}

// Moves the 16-bit sums to 32 bits and clears them.
template <int kBlocks>
void Widen(int first_row, Sums<kBlocks>& sums, portable::SumTile (&wide)[kBlocks]) {
  const __m256i low = _mm256_set1_epi32(0xffff);
  for (int b = 0; b < kBlocks; ++b) {
    for (int p = 0; p < kGroupPixels; ++p) {
      const __m256i parts[] = {
          _mm256_and_si256(sums.even[p][b], low), _mm256_and_si256(sums.odd[p][b], low),
          _mm256_srli_epi32(sums.even[p][b], 16), _mm256_srli_epi32(sums.odd[p][b], 16)};
      __m256i* out = reinterpret_cast<__m256i*>(wide[b][first_row + p]);
      for (int i = 0; i < 4; ++i) {
        _mm256_store_si256(out + i, _mm256_add_epi32(_mm256_load_si256(out + i), parts[i]));
      }
    }
  }
  sums = {};
}

template <int kBlocks>
void CountBits(const BinaryConvolutionArguments& a, const __m256i* weights, int64_t block_vectors,
               const int (&pixels)[kGroupPixels], int first_row,
               portable::SumTile (&wide)[kBlocks]) {
  Sums<kBlocks> sums = {};
  int short_words = 0;
  for (int r = 0; r < a.windows.run_count; ++r) {
    const uint8_t* run[kGroupPixels];
    for (int p = 0; p < kGroupPixels; ++p) {
      const int64_t word = static_cast<int64_t>(a.windows.windows[pixels[p]]) + a.windows.runs[r];
      run[p] = static_cast<const uint8_t*>(a.scratch) + word * kWordNibbles;
    }
    for (int left = a.windows.run_length; left > 0;) {
      const int words = portable::Minimum(left, kMaxByteWords);
      if (short_words + words > kMaxShortWords) {
        Widen(first_row, sums, wide);
        short_words = 0;
      }
      CountWords(run, weights, block_vectors, words, sums);
      short_words += words;
      left -= words;
      weights += words * kWordNibbles;
      for (const uint8_t*& window : run) window += words * kWordNibbles;
    }
  }
  Widen(first_row, sums, wide);
}

// The convolution for `kBlocks` blocks: two share the lookups of table rows.
template <int kBlocks>
void ConvolveBlocks(const BinaryConvolutionArguments& a, int block) {
  const int64_t block_vectors =
      static_cast<int64_t>(a.windows.run_count) * a.windows.run_length * kWordNibbles;
  const __m256i* weights = static_cast<const __m256i*>(a.weights) + block * block_vectors;
  alignas(64) portable::Tile tile;
  for (int begin = a.range.pixel_begin; begin < a.range.pixel_end; begin += kTilePixels) {
    const int pixels = portable::Minimum(kTilePixels, a.range.pixel_end - begin);
    alignas(64) portable::SumTile sums[kBlocks] = {};
    for (int row = 0; row < pixels; row += kGroupPixels) {
      // Past the end of the range the last pixel is counted again; no stage sees it.
      int group[kGroupPixels];
      for (int p = 0; p < kGroupPixels; ++p) {
        group[p] = begin + portable::Minimum(row + p, pixels - 1);
      }
      CountBits<kBlocks>(a, weights, block_vectors, group, row, sums);
    }
    for (int b = 0; b < kBlocks; ++b) {
      portable::TransformSums(a, block + b, pixels, sums[b], tile);
      portable::RunStages<Comparisons>(a.stages, a.stage_count, begin, pixels, block + b,
                                       a.channels, tile);
    }
  }
}

void BinaryConvolution(const BinaryConvolutionArguments& a) {
  if (a.range.pixel_begin >= a.range.pixel_end) return;
  ExpandRange(a);
  int block = a.range.block_begin;
  for (; block + 2 <= a.range.block_end; block += 2) ConvolveBlocks<2>(a, block);
  if (block < a.range.block_end) ConvolveBlocks<1>(a, block);
}

constexpr KernelTable kTable = {
    "avx2",
    "avx2",
    BinaryWeightsBytes,
    PackBinaryWeights,
    BinaryScratchBytes,
    BinaryConvolution,
    portable::BlockWeightsBytes<float>,
    portable::PackBlockWeights<float>,
    FloatConvolution,
    DepthwiseConvolution,
    portable::PixelWeightsBytes,
    portable::PackPixelWeights,
    PixelConvolution,
    portable::FindPixels,
    portable::PoolRow<Comparisons>,
    portable::Apply<Comparisons>,
};

}  // namespace

const KernelTable* Avx2Kernels() { return &kTable; }

}  // namespace bireid

#else

namespace bireid {
const KernelTable* Avx2Kernels() { return nullptr; }
}  // namespace bireid

#endif
