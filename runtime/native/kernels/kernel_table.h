// What one instruction-set path offers. Every path computes the same numbers to the last bit.
//
// A convolution is computed in tiles of 8 output pixels by 32 output channels: 32 channels are one
// packed word, so a finished tile can be stored as floats, as bits, or both, without another pass.
// What follows a convolution in the graph (add, PReLU, the next quantise) is a list of stages that
// runs on the tile while it is still in registers or in the first-level cache.
#ifndef BIREID_KERNELS_KERNEL_TABLE_H_
#define BIREID_KERNELS_KERNEL_TABLE_H_

#include <cstddef>
#include <cstdint>

namespace bireid {

constexpr int kTilePixels = 8;
constexpr int kBlockChannels = 32;

// Internal linkage, as for all that the paths compile: see portable_kernels.h.
static constexpr int Blocks(int channels) {
  return (channels + kBlockChannels - 1) / kBlockChannels;
}

enum class StageKind : uint8_t {
  kMultiply,   // y = y * channel[c]
  kAdd,        // y = y + channel[c]
  kAddMap,     // y = y + map[pixel][c]
  kAddBorder,  // as kAddMap, skipping pixels whose offset is negative
  kPrelu,      // y = y >= 0 ? y : y * channel[c]
  kClamp,      // y = min(max(y, low), high)
  kStore,      // map[pixel][c] = y
  kStoreInt8,  // map[pixel][c] = saturate(round half away from zero(y)); NaN: -128
  kPackSigns,  // bit c of map[pixel] = y < 0
  kPackAbove,  // bit c of map[pixel] = y > channel[c]
};

// One step of what happens to a value y(pixel, channel). Multiplication and addition round
// separately. Stages run in order; a store does not end the list.
struct Stage {
  StageKind kind;
  float low;
  float high;
  const float* channel;    // [Blocks(channels) * 32], readable to the end
  void* map;               // float, int8 or packed words, per the kind
  const int32_t* offsets;  // elements from `map` to each pixel; null: pixel * stride
  int64_t stride;          // elements per pixel where `offsets` is null
};

// The most that a list of them has.
constexpr int kMaxStages = 20;

// Output pixels [pixel_begin, pixel_end) of one image, counted row by row, by channel blocks
// [block_begin, block_end).
struct Range {
  int pixel_begin;
  int pixel_end;
  int block_begin;
  int block_end;
};

// Where the window of an output pixel reads its input: element runs[r] + i of window
// input + windows[pixel], for r < run_count and i < run_length. A 3x3 convolution without dilation
// has three runs of 3 * (elements per pixel). The input map has a border, so that no window leaves
// it.
struct Windows {
  const int32_t* windows;  // [output pixels]
  const int32_t* runs;     // [run_count]
  int run_count;
  int run_length;
};

// Shape of the weights of a convolution: rows [channels][run_count * run_length].
struct WeightShape {
  int channels;
  int run_count;
  int run_length;
};

// acc = sum popcount(activation ^ weight); y = float(clamp(2 * acc)) * multiplier + bias, then the
// stages. Words past the last channel are zero in both operands.
struct BinaryConvolutionArguments {
  const uint32_t* input;
  Windows windows;
  const void* weights;  // from pack_binary_weights
  int channels;
  int32_t clamp_low;
  int32_t clamp_high;
  const float* multiplier;  // [Blocks(channels) * 32]
  const float* bias;        // [Blocks(channels) * 32]
  const Stage* stages;
  int stage_count;
  Range range;
  void* scratch;  // binary_scratch_bytes, 64-byte aligned, private to the calling thread
};

// y = bias; for every k in order: y = fma(input, weight, y); then the stages.
struct FloatConvolutionArguments {
  const float* input;
  Windows windows;
  const void* weights;  // from pack_float_weights
  int channels;
  const float* bias;  // [Blocks(channels) * 32]
  const Stage* stages;
  int stage_count;
  Range range;
};

// y = bias; for every tap in order: y = fma(input of the same channel, weight, y); then the stages.
struct DepthwiseConvolutionArguments {
  const float* input;
  const int32_t* windows;  // [output pixels]
  const int32_t* taps;     // [tap_count]: elements from a window to pixels of the input
  int tap_count;
  int channels;          // of the output
  int multiplier;        // output channels of every input channel
  const float* weights;  // [block][tap][channel of the block]
  const float* bias;     // [Blocks(channels) * 32]
  const Stage* stages;
  int stage_count;
  Range range;
};

// acc = sum of products of pixels in 0..255 and int16 weights, which the caller has bounded to
// int32; y = float(acc) * scale; then the stages. Runs have an even length: where those of the
// weights have an odd one, what follows them has no effect.
struct PixelConvolutionArguments {
  const int16_t* input;
  Windows windows;
  const void* weights;  // from pack_pixel_weights
  int channels;
  const float* scale;  // [Blocks(channels) * 32]
  const Stage* stages;
  int stage_count;
  Range range;
};

// Pixels of a normalised image: pixel = round(v) of v = value * slope + offset, one slope and one
// offset for every value of the row.
struct PixelRowArguments {
  const float* values;
  const float* slope;
  const float* offset;
  int count;
  float tolerance;  // largest |v - pixel|
  int16_t* pixels;
};

enum class PoolKind : uint8_t { kMax, kAverage };

// One row of a pooling: taps outside the map do not count. The average adds row by row and divides
// by the number of taps that count.
struct PoolArguments {
  PoolKind kind;
  const float* const* rows;  // [filter_height]: pixel (y, 0) of each input row, null: outside
  int filter_height;
  int filter_width;
  int stride_width;
  int pad_left;
  int input_width;
  int64_t pixel_stride;  // floats from one input pixel to the next
  int output_row;
  int output_width;
  int channels;
  const Stage* stages;
  int stage_count;
};

// The stages alone, on a float map.
struct MapArguments {
  const float* input;
  const int32_t* offsets;  // as in Stage
  int64_t stride;
  int channels;
  const Stage* stages;
  int stage_count;
  Range range;
};

struct KernelTable {
  const char* name;  // "scalar", "avx2", "avx512f", "avx512", "amx", "neon", "wasm"
  // Of the path whose files resize and search for it: its own, or that of a path it is made of.
  const char* base;

  // Weight rows are packed once, into 64-byte aligned memory of the size that the first function
  // gives.
  size_t (*binary_weights_bytes)(const WeightShape& shape);
  void (*pack_binary_weights)(const WeightShape& shape, const uint32_t* rows, void* packed);
  // Scratch for an input map of so many words; 0 if the path needs none.
  size_t (*binary_scratch_bytes)(size_t input_words);
  void (*binary_convolution)(const BinaryConvolutionArguments& arguments);

  size_t (*float_weights_bytes)(const WeightShape& shape);
  void (*pack_float_weights)(const WeightShape& shape, const float* rows, void* packed);
  void (*float_convolution)(const FloatConvolutionArguments& arguments);
  void (*depthwise_convolution)(const DepthwiseConvolutionArguments& arguments);

  size_t (*pixel_weights_bytes)(const WeightShape& shape);
  void (*pack_pixel_weights)(const WeightShape& shape, const int16_t* rows, void* packed);
  void (*pixel_convolution)(const PixelConvolutionArguments& arguments);
  // Whether every pixel lies in 0..255 and within the tolerance.
  bool (*find_pixels)(const PixelRowArguments& arguments);

  void (*pool_row)(const PoolArguments& arguments);
  void (*apply)(const MapArguments& arguments);
};

// Null where this build has no such path.
const KernelTable* ScalarKernels();
const KernelTable* Avx2Kernels();
const KernelTable* Avx512fFloats();  // what is not of floats is null
const KernelTable* Avx512Kernels();
const KernelTable* AmxProducts();  // what is neither of bits nor of pixels is null
const KernelTable* NeonKernels();
const KernelTable* NeonDotProducts();  // what is not of pixels is null
const KernelTable* Neon32Kernels();    // also called "neon"
const KernelTable* WasmKernels();

}  // namespace bireid

#endif  // BIREID_KERNELS_KERNEL_TABLE_H_
