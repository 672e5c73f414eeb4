/* Kernels for 1-bit networks as tests call them from Python: packing, binary convolution, binary
 * max-pooling. A library of its own, in no wheel.
 *
 * Maps are NHWC. A packed map holds 32 channels to the uint32 word: bit i of word w is channel
 * 32 * w + i, 1 for a negative value, 0 for any other (-0.0 and NaN included); bits past the last
 * channel are 0. The functions throw nothing and call exit nowhere; those that can fail return a
 * status and leave a message for bireid_kernels_last_error() in the calling thread.
 */
#ifndef BIREID_TESTS_KERNELS_LIBRARY_BIREID_KERNELS_H_
#define BIREID_TESTS_KERNELS_LIBRARY_BIREID_KERNELS_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define BIREID_EXPORT __attribute__((visibility("default")))
#else
#define BIREID_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  BIREID_KERNELS_OK = 0,
  BIREID_KERNELS_INVALID_ARGUMENT = 1,
  BIREID_KERNELS_UNSUPPORTED = 2,
  BIREID_KERNELS_OUT_OF_MEMORY = 3
} bireid_kernels_status;

typedef enum { BIREID_PADDING_SAME = 0, BIREID_PADDING_VALID = 1 } bireid_padding;

typedef enum {
  BIREID_ACTIVATION_NONE = 0,
  BIREID_ACTIVATION_RELU = 1,
  BIREID_ACTIVATION_RELU_N1_TO_1 = 2,
  BIREID_ACTIVATION_RELU6 = 3
} bireid_activation;

typedef enum {
  BIREID_OUTPUT_FLOAT32 = 0,
  BIREID_OUTPUT_INT8 = 1,
  BIREID_OUTPUT_BITS = 2
} bireid_output;

/* "0.1.0" */
BIREID_EXPORT const char* bireid_kernels_version(void);

/* The path that `isa` stands for on this CPU: "scalar", "avx2", "avx512f",
   "avx512", "amx" or "neon"; "auto" gives * the fastest. NULL if this build or this CPU
   lacks it. */
BIREID_EXPORT const char* bireid_kernels_isa(const char* isa);

/* Why the last call of this thread that failed did so. Valid until the next call. */
BIREID_EXPORT const char* bireid_kernels_last_error(void);

/* Packing: `pixels` rows of `channels` values to rows of ceil(channels / 32) words. A value is
 * negative below 0 (float32), below `zero_point` (int8), or when 0 (bool, one byte each). */
BIREID_EXPORT bireid_kernels_status bireid_pack_float32(const char* isa, const float* input,
                                                        size_t pixels, size_t channels,
                                                        uint32_t* output);
BIREID_EXPORT bireid_kernels_status bireid_pack_int8(const int8_t* input, size_t pixels,
                                                     size_t channels, int32_t zero_point,
                                                     uint32_t* output);
BIREID_EXPORT bireid_kernels_status bireid_pack_bool(const uint8_t* input, size_t pixels,
                                                     size_t channels, uint32_t* output);

/* Unpacking: to -1.0 and +1.0, to int8 of the given quantisation, to 0 and 1. */
BIREID_EXPORT bireid_kernels_status bireid_unpack_float32(const uint32_t* input, size_t pixels,
                                                          size_t channels, float* output);
BIREID_EXPORT bireid_kernels_status bireid_unpack_int8(const uint32_t* input, size_t pixels,
                                                       size_t channels, float scale,
                                                       int32_t zero_point, int8_t* output);
BIREID_EXPORT bireid_kernels_status bireid_unpack_bool(const uint32_t* input, size_t pixels,
                                                       size_t channels, uint8_t* output);

/* A binary convolution, with acc the sum over the window of (-1, +1) products as integers:
 *   float32: clamp(acc) * multiplier + bias; int8: the same divided by `output_scale`, plus
 *   `output_zero_point`, rounded; bits: bit = popcount(activation ^ weight) > threshold.
 * Arrays are copied. */
typedef struct {
  int32_t channels_in;
  int32_t channels_out;
  int32_t kernel_height, kernel_width;
  int32_t stride_height, stride_width;
  int32_t dilation_height, dilation_width;
  int32_t groups; /* above 1: channels_in / groups must be a multiple of 32 */
  bireid_padding padding;
  int32_t pad_value; /* with SAME: 1, or 0 for float32 output without activation */
  bireid_activation activation;
  bireid_output output;
  float output_scale;        /* int8 output */
  int32_t output_zero_point; /* int8 output */
  const uint32_t* weights;   /* [channels_out][kernel_height][kernel_width][words of a group] */
  size_t weights_words;
  const float* multiplier;   /* [channels_out]; float32 and int8 output */
  const float* bias;         /* [channels_out]; float32 and int8 output */
  const int32_t* thresholds; /* [channels_out]; bits output */
} bireid_binary_convolution_options;

typedef struct bireid_binary_convolution bireid_binary_convolution;

BIREID_EXPORT bireid_kernels_status
bireid_binary_convolution_create(const char* isa, const bireid_binary_convolution_options* options,
                                 bireid_binary_convolution** convolution);
BIREID_EXPORT bireid_kernels_status bireid_binary_convolution_output_size(
    const bireid_binary_convolution* convolution, int32_t input_height, int32_t input_width,
    int32_t* output_height, int32_t* output_width);
/* `input` is packed [batch][input_height][input_width][words]. One call at a time. */
BIREID_EXPORT bireid_kernels_status bireid_binary_convolution_run(
    bireid_binary_convolution* convolution, const uint32_t* input, int32_t batch,
    int32_t input_height, int32_t input_width, void* output);
BIREID_EXPORT void bireid_binary_convolution_destroy(bireid_binary_convolution* convolution);

/* The largest of +-1 over each window: a bitwise AND of packed maps. Taps outside do not count. */
typedef struct {
  int32_t filter_height, filter_width;
  int32_t stride_height, stride_width;
  bireid_padding padding;
} bireid_binary_max_pool_options;

BIREID_EXPORT bireid_kernels_status bireid_binary_max_pool_output_size(
    const bireid_binary_max_pool_options* options, int32_t input_height, int32_t input_width,
    int32_t* output_height, int32_t* output_width);
BIREID_EXPORT bireid_kernels_status bireid_binary_max_pool(
    const bireid_binary_max_pool_options* options, const uint32_t* input, int32_t batch,
    int32_t input_height, int32_t input_width, int32_t words, uint32_t* output);

#ifdef __cplusplus
}
#endif

#endif /* BIREID_TESTS_KERNELS_LIBRARY_BIREID_KERNELS_H_ */
