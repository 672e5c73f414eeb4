// A binary convolution with the semantics of LceBconv2d: checked, packed for one path, and placed
// on maps of one size.
#ifndef BIREID_KERNELS_BINARY_CONVOLUTION_H_
#define BIREID_KERNELS_BINARY_CONVOLUTION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/geometry.h"
#include "kernels/kernel_table.h"

namespace bireid {

enum class BinaryOutput : uint8_t { kFloat32, kInt8, kBits };

struct BinaryConvolutionSpec {
  int channels_in = 0;
  int channels_out = 0;
  int kernel_height = 1;
  int kernel_width = 1;
  int stride_height = 1;
  int stride_width = 1;
  int dilation_height = 1;
  int dilation_width = 1;
  int groups = 1;
  Padding padding = Padding::kValid;
  int pad_value = 1;
  Activation activation = Activation::kNone;
  BinaryOutput output = BinaryOutput::kFloat32;
  float output_scale = 1.0f;
  int32_t output_zero_point = 0;

  int group_words() const { return (channels_in / groups + 31) / 32; }
  int input_words() const { return groups * group_words(); }
};

// Arrays as in the model file; only read during construction.
struct BinaryConvolutionWeights {
  const uint32_t* filter = nullptr;     // [channels_out][kernel_height][kernel_width][group_words]
  const float* multiplier = nullptr;    // [channels_out], float32 and int8 output
  const float* bias = nullptr;          // [channels_out], float32 and int8 output
  const int32_t* thresholds = nullptr;  // [channels_out], bits output
};

class BinaryConvolution {
 public:
  // Throws std::invalid_argument, with what is wrong with `spec`.
  static void Check(const BinaryConvolutionSpec& spec);

  // Throws std::invalid_argument or std::bad_alloc.
  BinaryConvolution(const KernelTable& kernels, const BinaryConvolutionSpec& spec,
                    const BinaryConvolutionWeights& weights);

  const BinaryConvolutionSpec& spec() const { return spec_; }
  Extent Vertical(int input_height) const;
  Extent Horizontal(int input_width) const;

  // Fixes the input map. Its border must hold every window. Throws std::invalid_argument.
  void Place(const MapLayout& input);

  int output_pixels() const { return static_cast<int>(table_.windows.size()); }
  // Bytes of scratch that each thread passes to Run.
  size_t scratch_bytes() const { return scratch_bytes_; }
  // Stages that come before any other: the correction for zero padding.
  std::vector<Stage> OwnStages() const;
  // For a kPackAbove stage. [Blocks(channels_out) * 32]
  const float* thresholds() const { return thresholds_.data(); }

  // At most kMaxStages. With several groups `range` must span all blocks.
  void Run(const uint32_t* input, const Stage* stages, int stage_count, const Range& range,
           void* scratch) const;

 private:
  int group_channels() const { return spec_.channels_out / spec_.groups; }
  // Groups that are not whole blocks go through floats in scratch, since stages run on blocks.
  bool splits_blocks() const { return spec_.groups > 1 && group_channels() % kBlockChannels != 0; }
  int group_lanes() const { return Blocks(group_channels()) * kBlockChannels; }
  void RunGroups(const uint32_t* input, const Stage* stages, int stage_count, const Range& range,
                 void* scratch) const;
  void PrepareTransform(const BinaryConvolutionWeights& weights);
  void PrepareCorrection(const Extent& vertical, const Extent& horizontal);

  const KernelTable& kernels_;
  BinaryConvolutionSpec spec_;
  int32_t clamp_low_ = INT32_MIN;
  int32_t clamp_high_ = INT32_MAX;
  AlignedBuffer packed_;
  size_t group_bytes_ = 0;
  std::vector<float> multiplier_;  // [groups][group_lanes]
  std::vector<float> bias_;        // [groups][group_lanes]
  std::vector<float> thresholds_;  // [Blocks(channels_out) * 32]
  std::vector<int32_t> tap_sums_;  // [channels_out][taps]: sum of the tap's signs
  std::vector<float> tap_scale_;   // [channels_out]
  WindowTable table_;
  size_t kernel_scratch_bytes_ = 0;
  size_t scratch_bytes_ = 0;
  std::vector<float> correction_;            // [border classes][channels_out]
  std::vector<int32_t> correction_offsets_;  // [output pixels], -1 inside
};

}  // namespace bireid

#endif  // BIREID_KERNELS_BINARY_CONVOLUTION_H_
