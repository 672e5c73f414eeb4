#include "kernels/binary_convolution.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bireid {
namespace {

// Keeps every offset and every sum of signs within int32, and exact in float32.
constexpr int64_t kMaxDepth = 1 << 22;

// Copies rows of `count` values to rows of `lanes`, the rest zero.
std::vector<float> PadRows(const std::vector<float>& values, int count, int lanes) {
  const int rows = static_cast<int>(values.size()) / count;
  std::vector<float> padded(static_cast<size_t>(rows) * lanes);
  for (int row = 0; row < rows; ++row) {
    std::copy_n(values.begin() + static_cast<int64_t>(row) * count, count,
                padded.begin() + static_cast<int64_t>(row) * lanes);
  }
  return padded;
}

struct Bounds {
  int low;
  int high;
};

Bounds ActivationBounds(Activation activation, int depth) {
  switch (activation) {
    case Activation::kNone:
      return {-depth, depth};
    case Activation::kRelu:
      return {0, depth};
    case Activation::kReluN1To1:
      return {-1, 1};
    case Activation::kRelu6:
      return {0, std::min(6, depth)};
  }
  throw std::invalid_argument("unknown activation");
}

// The same stage for maps and parameters that begin `channel` channels later.
Stage ShiftChannels(Stage stage, int channel) {
  if (stage.channel != nullptr) stage.channel += channel;
  switch (stage.kind) {
    case StageKind::kAddMap:
    case StageKind::kAddBorder:
    case StageKind::kStore:
      stage.map = static_cast<float*>(stage.map) + channel;
      break;
    case StageKind::kStoreInt8:
      stage.map = static_cast<int8_t*>(stage.map) + channel;
      break;
    case StageKind::kPackSigns:
    case StageKind::kPackAbove:
      stage.map = static_cast<uint32_t*>(stage.map) + channel / 32;
      break;
    default:
      break;
  }
  return stage;
}

}  // namespace

void BinaryConvolution::Check(const BinaryConvolutionSpec& spec) {
  const auto require = [](bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
  };
  require(spec.channels_in > 0 && spec.channels_out > 0, "channels must be positive");
  require(spec.kernel_height > 0 && spec.kernel_width > 0, "the kernel must be at least 1x1");
  require(spec.stride_height > 0 && spec.stride_width > 0, "strides must be at least 1");
  require(spec.dilation_height > 0 && spec.dilation_width > 0, "dilations must be at least 1");
  require(spec.groups > 0 && spec.channels_in % spec.groups == 0 &&
              spec.channels_out % spec.groups == 0,
          "channels must be divisible by the number of groups");
  require(spec.groups == 1 || spec.channels_in / spec.groups % 32 == 0,
          "the input channels of a group must be a multiple of 32");
  require(spec.pad_value == 0 || spec.pad_value == 1, "pad_values must be 0 or 1");
  require(spec.padding == Padding::kValid || spec.pad_value == 1 ||
              (spec.output == BinaryOutput::kFloat32 && spec.activation == Activation::kNone),
          "zero padding needs float32 output without an activation");
  const int64_t taps = static_cast<int64_t>(spec.kernel_height) * spec.kernel_width;
  require(taps <= kMaxDepth && taps * spec.group_words() * 32 <= kMaxDepth,
          "the kernel is too large");
  require(taps * spec.group_words() * spec.channels_out <= INT32_MAX, "too many weights");
}

BinaryConvolution::BinaryConvolution(const KernelTable& kernels, const BinaryConvolutionSpec& spec,
                                     const BinaryConvolutionWeights& weights)
    : kernels_(kernels), spec_(spec) {
  Check(spec);
  const int taps = spec.kernel_height * spec.kernel_width;
  const int depth = taps * spec.group_words();
  const WeightShape shape{group_channels(), 1, depth};
  group_bytes_ = AlignedBuffer::Rounded(kernels.binary_weights_bytes(shape));
  packed_ = AlignedBuffer(group_bytes_ * spec.groups);
  for (int group = 0; group < spec.groups; ++group) {
    kernels.pack_binary_weights(
        shape, weights.filter + static_cast<int64_t>(group) * group_channels() * depth,
        static_cast<char*>(packed_.data()) + group * group_bytes_);
  }
  PrepareTransform(weights);
  if (spec.padding == Padding::kSame && spec.pad_value == 0) {
    tap_scale_.assign(weights.multiplier, weights.multiplier + spec.channels_out);
    const int words = spec.group_words();
    for (int64_t tap = 0; tap < static_cast<int64_t>(spec.channels_out) * taps; ++tap) {
      int negative = 0;
      for (int w = 0; w < words; ++w) {
        negative += __builtin_popcount(weights.filter[tap * words + w]);
      }
      tap_sums_.push_back(spec.channels_in / spec.groups - 2 * negative);
    }
  }
}

void BinaryConvolution::PrepareTransform(const BinaryConvolutionWeights& weights) {
  // The product of signs is depth - 2 * popcount. In terms of a = 2 * popcount,
  //   clamp(depth - a) * m + b = clamp'(a) * -m + (b + depth * m),
  // computed in double as LCE does, so that the rounded constants are the same.
  const int depth = spec_.kernel_height * spec_.kernel_width * (spec_.channels_in / spec_.groups);
  if (spec_.output == BinaryOutput::kBits) {
    // 2 * popcount > 2 * threshold, in floats that hold both exactly.
    for (int c = 0; c < spec_.channels_out; ++c) {
      const int32_t bounded = std::clamp<int32_t>(weights.thresholds[c], -1, kMaxDepth);
      thresholds_.push_back(2.0f * static_cast<float>(bounded));
    }
    thresholds_.resize(static_cast<size_t>(Blocks(spec_.channels_out)) * kBlockChannels);
    multiplier_.assign(static_cast<size_t>(spec_.groups) * group_lanes(), 1.0f);
    bias_.assign(multiplier_.size(), 0.0f);
    return;
  }
  const double scale = spec_.output == BinaryOutput::kInt8 ? spec_.output_scale : 1.0;
  const double zero = spec_.output == BinaryOutput::kInt8 ? spec_.output_zero_point : 0.0;
  for (int c = 0; c < spec_.channels_out; ++c) {
    const double multiplier = weights.multiplier[c] / scale;
    const double bias = weights.bias[c] / scale + zero;
    multiplier_.push_back(static_cast<float>(-multiplier));
    bias_.push_back(static_cast<float>(bias + depth * multiplier));
  }
  multiplier_ = PadRows(multiplier_, group_channels(), group_lanes());
  bias_ = PadRows(bias_, group_channels(), group_lanes());
  if (spec_.activation != Activation::kNone) {
    const Bounds bounds = ActivationBounds(spec_.activation, depth);
    clamp_low_ = depth - bounds.high;
    clamp_high_ = depth - bounds.low;
  }
}

Extent BinaryConvolution::Vertical(int input_height) const {
  return Extent::Of(input_height, spec_.kernel_height, spec_.stride_height, spec_.dilation_height,
                    spec_.padding);
}

Extent BinaryConvolution::Horizontal(int input_width) const {
  return Extent::Of(input_width, spec_.kernel_width, spec_.stride_width, spec_.dilation_width,
                    spec_.padding);
}

void BinaryConvolution::Place(const MapLayout& input) {
  const Extent vertical = Vertical(input.height);
  const Extent horizontal = Horizontal(input.width);
  if (input.elements != spec_.input_words() || input.border.top < vertical.pad_before ||
      input.border.bottom < vertical.pad_after || input.border.left < horizontal.pad_before ||
      input.border.right < horizontal.pad_after) {
    throw std::invalid_argument("the input map does not hold every window");
  }
  table_ = WindowTable::Of(input, vertical, horizontal, spec_.group_words());
  kernel_scratch_bytes_ =
      AlignedBuffer::Rounded(kernels_.binary_scratch_bytes(static_cast<size_t>(input.total())));
  scratch_bytes_ = kernel_scratch_bytes_;
  if (splits_blocks()) scratch_bytes_ += table_.windows.size() * spec_.channels_out * sizeof(float);
  correction_.clear();
  correction_offsets_.clear();
  if (!tap_sums_.empty()) PrepareCorrection(vertical, horizontal);
}

void BinaryConvolution::PrepareCorrection(const Extent& vertical, const Extent& horizontal) {
  // The border holds +1. Where 0 is meant, the taps outside have added their signs too much.
  const BorderClasses borders = BorderClasses::Of(vertical, horizontal);
  const int taps = vertical.filter * horizontal.filter;
  std::vector<int32_t> offsets;  // of the corrections of each class
  for (const BorderClasses::Class& inside : borders.classes) {
    if (inside.rows == std::make_pair(0, vertical.filter) &&
        inside.columns == std::make_pair(0, horizontal.filter)) {
      offsets.push_back(-1);
      continue;
    }
    offsets.push_back(static_cast<int32_t>(correction_.size()));
    for (int c = 0; c < spec_.channels_out; ++c) {
      int32_t outside = 0;
      for (int tap = 0; tap < taps; ++tap) {
        const int ky = tap / horizontal.filter;
        const int kx = tap % horizontal.filter;
        const bool is_inside = ky >= inside.rows.first && ky < inside.rows.second &&
                               kx >= inside.columns.first && kx < inside.columns.second;
        if (!is_inside) outside += tap_sums_[static_cast<int64_t>(c) * taps + tap];
      }
      correction_.push_back(-tap_scale_[c] * static_cast<float>(outside));
    }
  }
  for (const int32_t index : borders.of_pixel) correction_offsets_.push_back(offsets[index]);
}

std::vector<Stage> BinaryConvolution::OwnStages() const {
  if (correction_.empty()) return {};
  Stage stage{};
  stage.kind = StageKind::kAddBorder;
  stage.map = const_cast<float*>(correction_.data());
  stage.offsets = correction_offsets_.data();
  return {stage};
}

void BinaryConvolution::Run(const uint32_t* input, const Stage* stages, int stage_count,
                            const Range& range, void* scratch) const {
  if (!splits_blocks()) return RunGroups(input, stages, stage_count, range, scratch);
  const int channels = spec_.channels_out;
  char* floats = static_cast<char*>(scratch) + kernel_scratch_bytes_;
  Stage store{};
  store.kind = StageKind::kStore;
  store.map = floats;
  store.stride = channels;
  RunGroups(input, &store, 1, range, scratch);
  kernels_.apply({reinterpret_cast<const float*>(floats), nullptr, channels, channels, stages,
                  stage_count, range});
}

void BinaryConvolution::RunGroups(const uint32_t* input, const Stage* stages, int stage_count,
                                  const Range& range, void* scratch) const {
  BinaryConvolutionArguments arguments{};
  arguments.windows = {table_.windows.data(), table_.runs.data(),
                       static_cast<int>(table_.runs.size()), table_.run_length};
  arguments.channels = group_channels();
  arguments.clamp_low = clamp_low_;
  arguments.clamp_high = clamp_high_;
  arguments.scratch = scratch;
  arguments.range = range;
  arguments.stage_count = stage_count;
  if (spec_.groups > 1) {
    arguments.range.block_begin = 0;
    arguments.range.block_end = Blocks(group_channels());
  }
  Stage group_stages[kMaxStages];
  for (int group = 0; group < spec_.groups; ++group) {
    const int channel = group * group_channels();
    arguments.input = input + group * spec_.group_words();
    arguments.weights = static_cast<const char*>(packed_.data()) + group * group_bytes_;
    arguments.multiplier = multiplier_.data() + static_cast<int64_t>(group) * group_lanes();
    arguments.bias = bias_.data() + static_cast<int64_t>(group) * group_lanes();
    arguments.stages = stages;
    if (group > 0) {
      std::transform(stages, stages + stage_count, group_stages,
                     [&](const Stage& stage) { return ShiftChannels(stage, channel); });
      arguments.stages = group_stages;
    }
    kernels_.binary_convolution(arguments);
  }
}

}  // namespace bireid
