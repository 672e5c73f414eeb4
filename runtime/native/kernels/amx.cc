// AMX, the matrix unit of Intel's servers since Sapphire Rapids, for products of bits: one
// instruction multiplies 16 pixels by 16 channels, 64 deep, as int8. 1024 products per cycle is the
// bound, three times that of VPOPCNTDQ. amx_products.h says how; the rest is that of avx512.
#include "kernels/kernel_table.h"

#if defined(__x86_64__) && defined(__linux__) && defined(__AMX_INT8__) && \
    defined(__AVX512VBMI__) && defined(__GFNI__)

#include "kernels/amx_products.h"
#include "kernels/avx512_tile.h"

namespace bireid {
namespace {

// Registers 0 to 3 hold sums: first pixels x first channels, first x second, second x first, second
// x second. 4 and 5 hold pixels, 6 and 7 weights.
//
// In assembler, since of the intrinsics of gcc 12 those that load do not say that they read memory:
// stores before them may come too late, or never.
template <int kTile>
[[gnu::always_inline]] inline void LoadTile(const int8_t* rows, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(rows), "r"(stride), "i"(kTile) : "memory");
}

template <int kTile>
[[gnu::always_inline]] inline void StoreTile(int32_t* rows, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(rows), "r"(stride), "i"(kTile) : "memory");
}

template <int kSums, int kPixels, int kWeights>
[[gnu::always_inline]] inline void MultiplyTiles() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSums), "i"(kPixels), "i"(kWeights));
}

// The tiles of this thread, for as long as this lives.
class TileConfiguration {
 public:
  TileConfiguration() {
    struct {
      uint8_t palette = 1;
      uint8_t start_row = 0;
      uint8_t reserved[14] = {};
      uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } config;
    static_assert(sizeof(config) == 64);
    asm volatile("ldtilecfg %0" ::"m"(config));
  }
  ~TileConfiguration() { asm volatile("tilerelease"); }
  TileConfiguration(const TileConfiguration&) = delete;
  TileConfiguration& operator=(const TileConfiguration&) = delete;
};

struct Amx {
  static __m512i Signs(__mmask64 negative) {
    return _mm512_mask_blend_epi8(negative, _mm512_set1_epi8(1), _mm512_set1_epi8(-1));
  }
  static void ExpandPair(const uint32_t* words, int8_t* bytes) {
    uint64_t pair;
    __builtin_memcpy(&pair, words, sizeof(pair));
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
    int8_t* rows = tiles + kHalf * amx::kTileBytes + kWord * amx::kTileBytes / amx::kChunkWords;
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

  // All rows of a tile from one in memory.
  [[gnu::always_inline]] static inline void Start(const int32_t* depths) {
    const int8_t* row = reinterpret_cast<const int8_t*>(depths);
    LoadTile<0>(row, 0);
    LoadTile<1>(row, 0);
    LoadTile<2>(row, 0);
    LoadTile<3>(row, 0);
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
    MultiplyTiles<0, 4, 6>();
    between0();
    LoadTile<7>(weights + amx::kTileBytes, 64);
    MultiplyTiles<1, 4, 7>();
    between1();
    if (kHasTwo) {
      LoadTile<5>(second, second_stride);
      MultiplyTiles<2, 5, 6>();
    }
    between2();
    if (kHasTwo) MultiplyTiles<3, 5, 7>();
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
    const bool is_whole = first_pixel >= a.range.pixel_begin &&
                          first_pixel + kFinishPixels <= a.range.pixel_end &&
                          (block + 1) * kBlockChannels <= a.channels;
    if (is_whole && !clamps) return FinishWhole(a, block, first_pixel, sums);
    FinishPart(a, block, first_pixel, sums);
  }

  static __m512 Transform(const BinaryConvolutionArguments& a, int channel, __m512i sums) {
    const __m512 multiplier = _mm512_loadu_ps(a.multiplier + channel);
    const __m512 bias = _mm512_loadu_ps(a.bias + channel);
    return _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), multiplier), bias);
  }

  [[gnu::noinline]] static void FinishWhole(const BinaryConvolutionArguments& a, int block,
                                            int first_pixel, const int32_t* sums) {
    const PixelsOf<kFinishPixels> pixels(first_pixel);
    TileOf<kFinishPixels> y;
    ForEach(y, [&](__m512, int p, int v) {
      return Transform(a, block * kBlockChannels + v * kLanes,
                       _mm512_load_si512(sums + p * kBlockChannels + v * kLanes));
    });
    RunStages(a.stages, a.stage_count, pixels, block, ChannelMask(0, kBlockChannels), y);
  }

  [[gnu::noinline]] static void FinishPart(const BinaryConvolutionArguments& a, int block,
                                           int first_pixel, const int32_t* sums) {
    PixelsOf<kFinishPixels> pixels(first_pixel, a.range.pixel_end);
    for (int& index : pixels.index) {
      if (index < a.range.pixel_begin) index = a.range.pixel_begin;
    }
    const __m512i low = _mm512_set1_epi32(a.clamp_low);
    const __m512i high = _mm512_set1_epi32(a.clamp_high);
    TileOf<kFinishPixels> y;
    ForEach(y, [&](__m512, int p, int v) {
      const int32_t* row = sums + (pixels.index[p] - first_pixel) * kBlockChannels;
      const __m512i doubled = _mm512_load_si512(row + v * kLanes);
      return Transform(a, block * kBlockChannels + v * kLanes,
                       _mm512_min_epi32(_mm512_max_epi32(doubled, low), high));
    });
    RunStages(a.stages, a.stage_count, pixels, block, ChannelMask(block, a.channels), y);
  }
};

void BinaryConvolution(const BinaryConvolutionArguments& a) {
  // Of very deep windows, or of few pixels: the same results from the same weights.
  if (!amx::Suits(a)) return Avx512Kernels()->binary_convolution(a);
  const TileConfiguration tiles;
  amx::BinaryProducts<Amx>(a).Run();
}

constexpr KernelTable kTable = {
    "amx",
    nullptr,
    nullptr,
    [](size_t) -> size_t { return sizeof(amx::Scratch); },
    BinaryConvolution,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
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
