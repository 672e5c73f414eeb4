// AMX, the matrix unit of Intel's servers since Sapphire Rapids, for products of bits: one
// instruction multiplies 16 pixels by 16 channels, 64 deep, as int8. 1024 products per cycle is the
// bound, three times that of VPOPCNTDQ. amx_products.h says how; the rest is that of avx512.
#include "kernels/kernel_table.h"

// Compilers do not agree on the name of the last one.
#if defined(__x86_64__) && defined(__linux__) && defined(__AVX512VBMI__) && defined(__GFNI__) && \
    (defined(__AMX_INT8__) || defined(__AMXINT8__))

#include "kernels/amx_instructions.h"
#include "kernels/amx_pixels.h"
#include "kernels/amx_products.h"
#include "kernels/avx512_tile.h"

namespace bireid {
namespace {

// Tile registers 0 to 3 hold sums: of bits those of first pixels and first channels, first and
// second, second and first, second and second; of pixels those of the low bytes of first and second
// channels, then of the high bytes.
class Amx {
 public:
  static __m512i Signs(__mmask64 negative) {
    return _mm512_mask_blend_epi8(negative, _mm512_set1_epi8(1), _mm512_set1_epi8(-1));
  }
  static void ExpandPair(uint64_t pair, int8_t* bytes) {
    _mm512_storeu_si512(bytes, Signs(_cvtu64_mask64(pair)));
  }
  static void ExpandWord(const uint32_t* word, int8_t* bytes) {
    const __m512i signs = Signs(_cvtu64_mask64(*word));
    _mm512_storeu_si512(bytes, _mm512_maskz_mov_epi8(0xffffffffu, signs));
  }

  // Row r of a tile holds bits 4r to 4r + 3 of every channel. VPMULTISHIFTQB fetches those of the
  // two channels in 64 bits, with others above them in each byte; the matrix makes -1 and 1 of the
  // lowest bit: it repeats the opposite in bits 1 to 7, and sets bit 0.
  template <int kQuarter>
  [[gnu::always_inline]] static inline void ExpandWeights(const uint32_t* weights, int8_t* tiles) {
    constexpr int kWord = kQuarter / 2;
    constexpr int kHalf = kQuarter % 2;
    const uint32_t* source = weights + kWord * kBlockChannels + kHalf * kLanes;
    const __m512i words = _mm512_load_si512(source);
    int8_t* rows = RowsOf<kQuarter>(tiles);
    const __m512i repeat = _mm512_set1_epi64(0x0001010101010101);
    // Packed weights of a network come from behind the second-level cache.
    constexpr int kFetchedChunks = 8;
    _mm_prefetch(reinterpret_cast<const char*>(source) +
                     kFetchedChunks * amx::kChunkWords * kBlockChannels * sizeof(uint32_t),
                 _MM_HINT_T0);
#pragma GCC unroll 8
    for (int r = 0; r < 8; ++r) {
      const __m512i shifts =
          _mm512_set1_epi64(0x2322212003020100 + 0x0404040404040404 * int64_t{r});
      const __m512i bits = _mm512_multishift_epi64_epi8(shifts, words);
      _mm512_store_si512(rows + r * 64, _mm512_gf2p8affine_epi64_epi8(bits, repeat, 0xff));
    }
  }

  // Those of a word that there is not.
  template <int kQuarter>
  [[gnu::always_inline]] static inline void ZeroWeights(int8_t* tiles) {
    int8_t* rows = RowsOf<kQuarter>(tiles);
#pragma GCC unroll 8
    for (int r = 0; r < 8; ++r) _mm512_store_si512(rows + r * 64, _mm512_setzero_si512());
  }

  // All rows of a tile from one in memory.
  [[gnu::always_inline]] static inline void Start(const int32_t* depths) {
    LoadTile<0>(depths, 0);
    LoadTile<1>(depths, 0);
    LoadTile<2>(depths, 0);
    LoadTile<3>(depths, 0);
  }

  template <bool kHasTwo, typename Between0, typename Between1, typename Between2,
            typename Between3>
  [[gnu::always_inline]] static inline void MultiplyChunk(const int8_t* first, int64_t first_stride,
                                                          const int8_t* second,
                                                          int64_t second_stride,
                                                          const int8_t* weights, Between0 between0,
                                                          Between1 between1, Between2 between2,
                                                          Between3 between3) {
    LoadTile<6>(weights, 64);
    LoadTile<4>(first, first_stride);
    MultiplySignedSigned<0, 4, 6>();
    between0();
    LoadTile<7>(weights + amx::kTileBytes, 64);
    MultiplySignedSigned<1, 4, 7>();
    between1();
    if (kHasTwo) {
      LoadTile<5>(second, second_stride);
      MultiplySignedSigned<2, 5, 6>();
    }
    between2();
    if (kHasTwo) MultiplySignedSigned<3, 5, 7>();
    between3();
  }

  [[gnu::always_inline]] static inline void Store(int32_t* sums) {
    constexpr int64_t kStride = kBlockChannels * sizeof(int32_t);
    constexpr int kSecond = amx::kTileRows * kBlockChannels;
    StoreTile<0>(sums, kStride);
    StoreTile<1>(sums + kLanes, kStride);
    StoreTile<2>(sums + kSecond, kStride);
    StoreTile<3>(sums + kSecond + kLanes, kStride);
  }

  // Few enough that a portion takes no longer than the products of a chunk.
  static constexpr int kFinishPixels = 4;

  // Code of its own for what nearly all are.
  static void Finish(const BinaryConvolutionArguments& a, int block, int first_pixel,
                     const int32_t* sums) {
    const bool clamps = a.clamp_low > INT32_MIN || a.clamp_high < INT32_MAX;
    if (IsWhole(a, block, first_pixel) && !clamps) {
      return FinishWhole(a, block, first_pixel, sums);
    }
    FinishPart(a, block, first_pixel, sums);
  }

  [[gnu::noinline]] static void FinishWhole(const BinaryConvolutionArguments& a, int block,
                                            int first_pixel, const int32_t* sums) {
    RunWhole(a, block, first_pixel, [&](int row, int v) {
      return Transform(a, block * kBlockChannels + v * kLanes, SumsOf(sums, row, v));
    });
  }

  [[gnu::noinline]] static void FinishPart(const BinaryConvolutionArguments& a, int block,
                                           int first_pixel, const int32_t* sums) {
    const __m512i low = _mm512_set1_epi32(a.clamp_low);
    const __m512i high = _mm512_set1_epi32(a.clamp_high);
    RunPart(a, block, first_pixel, [&](int row, int v) {
      const __m512i doubled = SumsOf(sums, row, v);
      return Transform(a, block * kBlockChannels + v * kLanes,
                       _mm512_min_epi32(_mm512_max_epi32(doubled, low), high));
    });
  }

  // A column is made of the low bytes of int16.
  static void Interleave(const int16_t* input, const int32_t* runs, int run_count, int count,
                         uint8_t* columns) {
    const int16_t* starts[amx::kMaxColumnBytes];
    for (int r = 0; r < amx::kMaxColumnBytes; ++r) {
      starts[r] = input + runs[r < run_count ? r : 0];  // weights of those that are not there are 0
    }
    if (run_count <= 4) {
      InterleaveRuns<2>(starts, count, columns);
    } else {
      InterleaveRuns<4>(starts, count, columns);
    }
  }

  [[gnu::always_inline]] static inline void StartPixels() {
    ZeroTile<0>();
    ZeroTile<1>();
    ZeroTile<2>();
    ZeroTile<3>();
  }

  [[gnu::always_inline]] static inline void MultiplyPixels(const uint8_t* rows, int64_t stride,
                                                           const uint8_t* weights) {
    LoadTile<6>(weights, 64);
    LoadTile<4>(rows, stride);
    MultiplyUnsignedUnsigned<0, 4, 6>();
    LoadTile<7>(weights + amx::kTileBytes, 64);
    MultiplyUnsignedUnsigned<1, 4, 7>();
    LoadTile<5>(weights + amx::kDigitBytes, 64);
    MultiplyUnsignedSigned<2, 4, 5>();
    LoadTile<6>(weights + amx::kDigitBytes + amx::kTileBytes, 64);
    MultiplyUnsignedSigned<3, 4, 6>();
  }

  static void FinishPixels(const PixelConvolutionArguments& a, int block, int first_pixel,
                           const int32_t* sums) {
    if (IsWhole(a, block, first_pixel)) {
      RunWhole(a, block, first_pixel, Scaled{a.scale + block * kBlockChannels, sums});
    } else {
      RunPart(a, block, first_pixel, Scaled{a.scale + block * kBlockChannels, sums});
    }
  }

 private:
  // Where the rows of a quarter of the weights are, of one word and 16 channels.
  template <int kQuarter>
  static int8_t* RowsOf(int8_t* tiles) {
    return tiles + kQuarter % 2 * amx::kTileBytes +
           kQuarter / 2 * amx::kTileBytes / amx::kChunkWords;
  }

  static __m512i SumsOf(const int32_t* sums, int row, int v) {
    return _mm512_load_si512(sums + row * kBlockChannels + v * kLanes);
  }

  static __m512 Transform(const BinaryConvolutionArguments& a, int channel, __m512i sums) {
    const __m512 multiplier = _mm512_loadu_ps(a.multiplier + channel);
    const __m512 bias = _mm512_loadu_ps(a.bias + channel);
    return _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), multiplier), bias);
  }

  struct Scaled {
    const float* scale;
    const int32_t* sums;

    __m512 operator()(int row, int v) const {
      const __m512i low = SumsOf(sums, row, v);
      const __m512i high = SumsOf(sums, amx::kTileRows + row, v);
      const __m512i sum = _mm512_add_epi32(low, _mm512_slli_epi32(high, 8));
      return _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(scale + v * kLanes));
    }
  };

  template <typename Arguments>
  static bool IsWhole(const Arguments& a, int block, int first_pixel) {
    return first_pixel >= a.range.pixel_begin && first_pixel + kFinishPixels <= a.range.pixel_end &&
           (block + 1) * kBlockChannels <= a.channels;
  }

  // The stages on value(row, vector) of pixels of which all exist, with all channels of the block.
  template <typename Arguments, typename Value>
  [[gnu::always_inline]] static inline void RunWhole(const Arguments& a, int block, int first_pixel,
                                                     Value value) {
    const PixelsOf<kFinishPixels> pixels(first_pixel);
    TileOf<kFinishPixels> y;
    ForEach(y, [&](__m512, int p, int v) { return value(p, v); });
    RunStages(a.stages, a.stage_count, pixels, block, ChannelMask(0, kBlockChannels), y);
  }

  // Of pixels that the range may not have: then one that it has stands there a second time.
  template <typename Arguments, typename Value>
  [[gnu::always_inline]] static inline void RunPart(const Arguments& a, int block, int first_pixel,
                                                    Value value) {
    PixelsOf<kFinishPixels> pixels(first_pixel, a.range.pixel_end);
    for (int& index : pixels.index) {
      if (index < a.range.pixel_begin) index = a.range.pixel_begin;
    }
    TileOf<kFinishPixels> y;
    ForEach(y, [&](__m512, int p, int v) { return value(pixels.index[p] - first_pixel, v); });
    RunStages(a.stages, a.stage_count, pixels, block, ChannelMask(block, a.channels), y);
  }

  template <int kPairs>
  [[gnu::always_inline]] static inline void InterleaveRuns(const int16_t* const* starts, int count,
                                                           uint8_t* columns) {
    for (int begin = 0; begin < count; begin += amx::kColumnsAtOnce) {
      const int left = count - begin;
      const __mmask32 mask = left >= amx::kColumnsAtOnce ? ~0u : (1u << left) - 1;
      __m512i pairs[kPairs];
#pragma GCC unroll 4
      for (int p = 0; p < kPairs; ++p) {
        const __m512i even = _mm512_maskz_loadu_epi16(mask, starts[2 * p] + begin);
        const __m512i odd = _mm512_maskz_loadu_epi16(mask, starts[2 * p + 1] + begin);
        pairs[p] = _mm512_or_si512(even, _mm512_slli_epi16(odd, 8));
      }
      // Columns 8l to 8l + 7 are in lane l of what follows.
      const __m512i early = _mm512_unpacklo_epi16(pairs[0], pairs[1]);
      const __m512i late = _mm512_unpackhi_epi16(pairs[0], pairs[1]);
      if constexpr (kPairs == 2) {
        columns = StoreLanes(early, late, columns);
      } else {
        const __m512i early_end = _mm512_unpacklo_epi16(pairs[2], pairs[3]);
        const __m512i late_end = _mm512_unpackhi_epi16(pairs[2], pairs[3]);
        columns = StoreLanes(
            _mm512_unpacklo_epi32(early, early_end), _mm512_unpackhi_epi32(early, early_end),
            _mm512_unpacklo_epi32(late, late_end), _mm512_unpackhi_epi32(late, late_end), columns);
      }
    }
  }

  // Writes lane l of all vectors, one after the other, before lane l + 1; returns where they end.
  static uint8_t* StoreLanes(__m512i a, __m512i b, uint8_t* out) {
    const __m512i first = _mm512_shuffle_i32x4(a, b, 0x44);
    const __m512i second = _mm512_shuffle_i32x4(a, b, 0xee);
    _mm512_storeu_si512(out, _mm512_shuffle_i32x4(first, first, 0xd8));
    _mm512_storeu_si512(out + 64, _mm512_shuffle_i32x4(second, second, 0xd8));
    return out + 128;
  }
  static uint8_t* StoreLanes(__m512i a, __m512i b, __m512i c, __m512i d, uint8_t* out) {
    const __m512i first = _mm512_shuffle_i32x4(a, b, 0x44);
    const __m512i second = _mm512_shuffle_i32x4(c, d, 0x44);
    const __m512i third = _mm512_shuffle_i32x4(a, b, 0xee);
    const __m512i fourth = _mm512_shuffle_i32x4(c, d, 0xee);
    _mm512_storeu_si512(out, _mm512_shuffle_i32x4(first, second, 0x88));
    _mm512_storeu_si512(out + 64, _mm512_shuffle_i32x4(first, second, 0xdd));
    _mm512_storeu_si512(out + 128, _mm512_shuffle_i32x4(third, fourth, 0x88));
    _mm512_storeu_si512(out + 192, _mm512_shuffle_i32x4(third, fourth, 0xdd));
    return out + 256;
  }
};

void BinaryConvolution(const BinaryConvolutionArguments& a) {
  // Of very deep windows, or of few pixels: the same results from the same weights.
  if (!amx::Suits(a)) return Avx512Kernels()->binary_convolution(a);
  const TileConfiguration tiles;
  amx::BinaryProducts<Amx>(a).Run();
}

// Windows that tiles do not suit have weights for the other kernel.
size_t PixelWeightsBytes(const WeightShape& shape) {
  if (!amx::SuitsPixels(shape.run_count, shape.run_length)) {
    return Avx512Kernels()->pixel_weights_bytes(shape);
  }
  return amx::PixelWeightsBytes(shape);
}

void PackPixelWeights(const WeightShape& shape, const int16_t* rows, void* packed) {
  if (!amx::SuitsPixels(shape.run_count, shape.run_length)) {
    return Avx512Kernels()->pack_pixel_weights(shape, rows, packed);
  }
  amx::PackPixelWeights(shape, rows, packed);
}

void PixelConvolution(const PixelConvolutionArguments& a) {
  if (!amx::SuitsPixels(a.windows.run_count, a.windows.run_length)) {
    return Avx512Kernels()->pixel_convolution(a);
  }
  const TileConfiguration tiles;
  amx::PixelProducts<Amx>(a).Run();
}

constexpr KernelTable kTable = {
    "amx",
    nullptr,
    nullptr,
    nullptr,
    [](size_t) -> size_t { return sizeof(amx::Scratch); },
    BinaryConvolution,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    PixelWeightsBytes,
    PackPixelWeights,
    PixelConvolution,
    nullptr,
    nullptr,
    nullptr,
};

}  // namespace

const KernelTable* AmxProducts() { return &kTable; }

}  // namespace bireid

#else

namespace bireid {
const KernelTable* AmxProducts() { return nullptr; }
}  // namespace bireid

#endif
