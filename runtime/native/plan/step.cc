#include "plan/step.h"

#include <algorithm>
#include <cstring>

#include "plan/worker_share.h"

namespace bireid {
namespace {

// A part has some of the pixels, so that what a worker wrote stays in its cache for the next step;
// of maps too small for that, some of the channels.
Range RangeOf(const StepContext& context, int pixels, int channels) {
  const int blocks = Blocks(channels);
  const int tiles = (pixels + kTilePixels - 1) / kTilePixels;
  if (tiles >= 2 * context.parts || blocks < context.parts) {
    const Share share = ShareOf(context, pixels, kTilePixels);
    return {share.begin, share.end, 0, blocks};
  }
  const Share share = ShareOf(context, blocks, 1);
  return {0, pixels, share.begin, share.end};
}

}  // namespace

int Step::Bind(const StepContext& context, Stage* stages) const {
  int count = 0;
  for (const BoundStage& bound : stages_) {
    stages[count] = bound.stage;
    if (bound.value >= 0) stages[count].map = context.values[bound.value];
    ++count;
  }
  return count;
}

void BinaryConvolutionStep::Run(const StepContext& context) const {
  const BinaryConvolutionSpec& spec = convolution_->spec();
  Range range = RangeOf(context, convolution_->output_pixels(), spec.channels_out);
  if (spec.groups > 1) {  // which cannot be shared by blocks
    const Share share = ShareOf(context, convolution_->output_pixels(), kTilePixels);
    range = {share.begin, share.end, 0, Blocks(spec.channels_out)};
  }
  if (range.pixel_begin == range.pixel_end) return;
  Stage stages[kMaxStages];
  const int count = Bind(context, stages);
  convolution_->Run(ValueOf<const uint32_t>(context, input_), stages, count, range,
                    context.scratch);
}

void FloatConvolutionStep::Run(const StepContext& context) const {
  const Range range =
      RangeOf(context, convolution_->output_pixels(), convolution_->spec().channels_out);
  if (range.pixel_begin == range.pixel_end) return;
  Stage stages[kMaxStages];
  const int count = Bind(context, stages);
  convolution_->Run(context.values[input_], stages, count, range);
}

size_t PoolStep::scratch_bytes() const { return sizeof(const float*) * spec_.vertical.filter; }

void PoolStep::Run(const StepContext& context) const {
  Stage stages[kMaxStages];
  const int count = Bind(context, stages);
  const float** rows = static_cast<const float**>(context.scratch);
  const float* input = ValueOf<const float>(context, input_.value) + input_.layout.origin();
  const Share share = ShareOf(context, spec_.vertical.output, 1);
  for (int row = share.begin; row < share.end; ++row) {
    for (int ky = 0; ky < spec_.vertical.filter; ++ky) {
      const int y = row * spec_.vertical.stride - spec_.vertical.pad_before + ky;
      const bool inside = y >= 0 && y < spec_.vertical.input;
      rows[ky] = inside ? input + y * input_.layout.row_stride() : nullptr;
    }
    kernels_.pool_row({spec_.kind, rows, spec_.vertical.filter, spec_.horizontal.filter,
                       spec_.horizontal.stride, spec_.horizontal.pad_before, spec_.horizontal.input,
                       spec_.channels, row, spec_.horizontal.output, spec_.channels, stages,
                       count});
  }
}

void MapStep::Run(const StepContext& context) const {
  Stage stages[kMaxStages];
  const int count = Bind(context, stages);
  const MapLayout& layout = input_.layout;
  const Range range = RangeOf(context, layout.height * layout.width, layout.elements);
  if (range.pixel_begin == range.pixel_end) return;
  kernels_.apply({ValueOf<const float>(context, input_.value), input_.offsets, layout.elements,
                  layout.elements, stages, count, range});
}

void CopyStep::Run(const StepContext& context) const {
  const MapLayout& from = input_.layout;
  const MapLayout& to = output_.layout;
  const char* input = ValueOf<const char>(context, input_.value);
  char* output = ValueOf<char>(context, output_.value);
  const size_t row_bytes = static_cast<size_t>(from.width) * from.elements * element_bytes_;
  const Share share = ShareOf(context, from.height, 1);
  for (int y = share.begin; y < share.end; ++y) {
    const int64_t source = from.origin() + y * from.row_stride();
    const int64_t target = to.origin() + y * to.row_stride();
    std::memcpy(output + target * element_bytes_, input + source * element_bytes_, row_bytes);
  }
}

PixelStep::PixelStep(const KernelTable& kernels, const PixelNormalization& normalization,
                     const MapReference& input, const MapReference& output)
    : kernels_(kernels), input_(input), output_(output) {
  const size_t channels = normalization.mean.size();
  for (int i = 0; i < input.layout.width * input.layout.elements; ++i) {
    slope_.push_back(255.0f * normalization.std[i % channels]);
    offset_.push_back(255.0f * normalization.mean[i % channels]);
  }
}

void PixelStep::Run(const StepContext& context) const {
  // Float rounding of a normalised pixel stays far below this, and what is no pixel far above.
  constexpr float kTolerance = 0.01f;
  const float* input = ValueOf<const float>(context, input_.value);
  int16_t* output = ValueOf<int16_t>(context, output_.value);
  const int row_values = static_cast<int>(slope_.size());
  const Share share = ShareOf(context, input_.layout.height, 1);
  for (int y = share.begin; y < share.end; ++y) {
    const int64_t target = output_.layout.origin() + y * output_.layout.row_stride();
    if (!kernels_.find_pixels({input + static_cast<int64_t>(y) * row_values, slope_.data(),
                               offset_.data(), row_values, kTolerance, output + target})) {
      context.failure->store("the input is not a normalised 8-bit image, which stem=uint8 needs",
                             std::memory_order_relaxed);
    }
  }
}

}  // namespace bireid
