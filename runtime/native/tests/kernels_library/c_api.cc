#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "kernels/binary_convolution.h"
#include "kernels/binary_max_pool.h"
#include "kernels/dispatch.h"
#include "kernels/packing.h"
#include "tests/kernels_library/bireid_kernels.h"

struct bireid_binary_convolution {
  bireid::BinaryConvolution convolution;
  bireid::MapLayout input;  // with its border; of the size that the convolution is placed on
  bireid::AlignedBuffer bordered;
  bireid::AlignedBuffer scratch;
};

namespace bireid {
namespace {

// What a caller asks for and this CPU or build does not have.
class NotAvailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A map of one call; what a caller declares is no reason to allocate without bound.
constexpr int64_t kMaxMapElements = 1 << 28;

// An array, since a string could fail to grow while an error is being told.
thread_local char last_error[256];

void SetLastError(const char* message) {
  std::snprintf(last_error, sizeof(last_error), "%s", message);
}

template <typename Function>
bireid_kernels_status Guard(Function function) {
  try {
    function();
    return BIREID_KERNELS_OK;
  } catch (const NotAvailable& error) {
    SetLastError(error.what());
    return BIREID_KERNELS_UNSUPPORTED;
  } catch (const std::bad_alloc&) {
    SetLastError("not enough memory");
    return BIREID_KERNELS_OUT_OF_MEMORY;
  } catch (const std::exception& error) {
    SetLastError(error.what());
  } catch (...) {
    SetLastError("an unknown exception");
  }
  return BIREID_KERNELS_INVALID_ARGUMENT;
}

void Require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

const KernelTable& Kernels(const char* isa) {
  Require(isa != nullptr, "isa is NULL");
  const KernelTable* kernels = FindKernels(isa);
  if (kernels == nullptr) {
    throw NotAvailable(std::string("no kernels '") + isa + "' for this CPU in this build");
  }
  return *kernels;
}

void CheckMap(const void* input, const void* output, size_t pixels, size_t channels) {
  Require(input != nullptr && output != nullptr, "a pointer is NULL");
  Require(channels > 0 && channels <= static_cast<size_t>(kMaxMapElements) &&
              pixels <= static_cast<size_t>(kMaxMapElements) / channels,
          "the map is empty or too large");
}

template <typename Input, typename Output, typename Function>
bireid_kernels_status ForEachPixel(const Input* input, size_t pixels, size_t channels,
                                   size_t input_elements, size_t output_elements, Output* output,
                                   Function function) {
  return Guard([&] {
    CheckMap(input, output, pixels, channels);
    for (size_t pixel = 0; pixel < pixels; ++pixel) {
      function(input + pixel * input_elements, static_cast<int>(channels),
               output + pixel * output_elements);
    }
  });
}

size_t Words(size_t channels) { return (channels + 31) / 32; }

Padding PaddingOf(bireid_padding padding) {
  Require(padding == BIREID_PADDING_SAME || padding == BIREID_PADDING_VALID, "unknown padding");
  return padding == BIREID_PADDING_SAME ? Padding::kSame : Padding::kValid;
}

BinaryConvolutionSpec SpecOf(const bireid_binary_convolution_options& options) {
  BinaryConvolutionSpec spec;
  spec.channels_in = options.channels_in;
  spec.channels_out = options.channels_out;
  spec.kernel_height = options.kernel_height;
  spec.kernel_width = options.kernel_width;
  spec.stride_height = options.stride_height;
  spec.stride_width = options.stride_width;
  spec.dilation_height = options.dilation_height;
  spec.dilation_width = options.dilation_width;
  spec.groups = options.groups;
  spec.padding = PaddingOf(options.padding);
  spec.pad_value = options.pad_value;
  Require(
      options.activation >= BIREID_ACTIVATION_NONE && options.activation <= BIREID_ACTIVATION_RELU6,
      "unknown activation");
  spec.activation = static_cast<Activation>(options.activation);
  Require(options.output >= BIREID_OUTPUT_FLOAT32 && options.output <= BIREID_OUTPUT_BITS,
          "unknown output");
  spec.output = static_cast<BinaryOutput>(options.output);
  spec.output_scale = options.output_scale;
  spec.output_zero_point = options.output_zero_point;
  BinaryConvolution::Check(spec);
  return spec;
}

void CheckArrays(const bireid_binary_convolution_options& options,
                 const BinaryConvolutionSpec& spec) {
  const size_t words = static_cast<size_t>(spec.channels_out) * spec.kernel_height *
                       spec.kernel_width * spec.group_words();
  Require(options.weights != nullptr && options.weights_words == words,
          "the number of weight words does not fit the shape");
  if (spec.output == BinaryOutput::kBits) {
    Require(options.thresholds != nullptr, "thresholds is NULL");
    return;
  }
  Require(options.multiplier != nullptr && options.bias != nullptr, "multiplier or bias is NULL");
  Require(spec.output != BinaryOutput::kInt8 || spec.output_scale > 0,
          "output_scale must be positive");
}

// Places the convolution on maps of this size, unless it is there already.
void PlaceOn(int height, int width, bireid_binary_convolution* handle) {
  BinaryConvolution& convolution = handle->convolution;
  if (handle->input.height == height && handle->input.width == width) return;
  const Extent vertical = convolution.Vertical(height);
  const Extent horizontal = convolution.Horizontal(width);
  MapLayout layout{
      height, width, convolution.spec().input_words(),
      Border{vertical.pad_before, vertical.pad_after, horizontal.pad_before, horizontal.pad_after}};
  const MapLayout output{vertical.output, horizontal.output, convolution.spec().channels_out, {}};
  Require(layout.FitsIn(kMaxMapElements) && output.FitsIn(kMaxMapElements), "the map is too large");
  handle->input = {};  // until everything is in place
  AlignedBuffer bordered(static_cast<size_t>(layout.total()) * sizeof(uint32_t));
  convolution.Place(layout);
  handle->scratch = AlignedBuffer(convolution.scratch_bytes());
  handle->bordered = std::move(bordered);
  handle->input = layout;
}

void RunImage(const uint32_t* input, void* output, bireid_binary_convolution* handle) {
  const MapLayout& layout = handle->input;
  uint32_t* bordered = static_cast<uint32_t*>(handle->bordered.data());
  const int64_t row_words = static_cast<int64_t>(layout.width) * layout.elements;
  for (int y = 0; y < layout.height; ++y) {
    std::copy_n(input + y * row_words, row_words,
                bordered + layout.origin() + y * layout.row_stride());
  }
  const BinaryConvolution& convolution = handle->convolution;
  const BinaryConvolutionSpec& spec = convolution.spec();
  Stage store{};
  store.map = output;
  store.stride = spec.channels_out;
  store.kind = StageKind::kStore;
  if (spec.output == BinaryOutput::kInt8) store.kind = StageKind::kStoreInt8;
  if (spec.output == BinaryOutput::kBits) {
    store.kind = StageKind::kPackAbove;
    store.channel = convolution.thresholds();
    store.stride = Blocks(spec.channels_out);
  }
  std::vector<Stage> stages = convolution.OwnStages();
  stages.push_back(store);
  convolution.Run(bordered, stages.data(), static_cast<int>(stages.size()),
                  {0, convolution.output_pixels(), 0, Blocks(spec.channels_out)},
                  handle->scratch.data());
}

size_t ImageBytes(const BinaryConvolution& convolution) {
  const BinaryConvolutionSpec& spec = convolution.spec();
  const size_t pixels = static_cast<size_t>(convolution.output_pixels());
  switch (spec.output) {
    case BinaryOutput::kFloat32:
      return pixels * spec.channels_out * sizeof(float);
    case BinaryOutput::kInt8:
      return pixels * spec.channels_out;
    case BinaryOutput::kBits:
      return pixels * Blocks(spec.channels_out) * sizeof(uint32_t);
  }
  return 0;
}

Extent PoolExtent(const bireid_binary_max_pool_options& options, bool vertical, int input) {
  return Extent::Of(input, vertical ? options.filter_height : options.filter_width,
                    vertical ? options.stride_height : options.stride_width, 1,
                    PaddingOf(options.padding));
}

}  // namespace
}  // namespace bireid

using bireid::Guard;
using bireid::Require;

const char* bireid_kernels_version(void) { return BIREID_VERSION; }

const char* bireid_kernels_isa(const char* isa) {
  const bireid::KernelTable* kernels = isa == nullptr ? nullptr : bireid::FindKernels(isa);
  return kernels == nullptr ? nullptr : kernels->name;
}

const char* bireid_kernels_last_error(void) { return bireid::last_error; }

bireid_kernels_status bireid_pack_float32(const char* isa, const float* input, size_t pixels,
                                          size_t channels, uint32_t* output) {
  return Guard([&] {
    bireid::CheckMap(input, output, pixels, channels);
    const bireid::KernelTable& kernels = bireid::Kernels(isa);
    if (pixels == 0) return;
    const int count = static_cast<int>(channels);
    bireid::Stage pack{};
    pack.kind = bireid::StageKind::kPackSigns;
    pack.map = output;
    pack.stride = bireid::Blocks(count);
    kernels.apply({input,
                   nullptr,
                   count,
                   count,
                   &pack,
                   1,
                   {0, static_cast<int>(pixels), 0, bireid::Blocks(count)}});
  });
}

bireid_kernels_status bireid_pack_int8(const int8_t* input, size_t pixels, size_t channels,
                                       int32_t zero_point, uint32_t* output) {
  return bireid::ForEachPixel(input, pixels, channels, channels, bireid::Words(channels), output,
                              [=](const int8_t* from, int count, uint32_t* to) {
                                bireid::PackInt8Pixel(from, count, zero_point, to);
                              });
}

bireid_kernels_status bireid_pack_bool(const uint8_t* input, size_t pixels, size_t channels,
                                       uint32_t* output) {
  return bireid::ForEachPixel(input, pixels, channels, channels, bireid::Words(channels), output,
                              bireid::PackBoolPixel);
}

bireid_kernels_status bireid_unpack_float32(const uint32_t* input, size_t pixels, size_t channels,
                                            float* output) {
  return bireid::ForEachPixel(input, pixels, channels, bireid::Words(channels), channels, output,
                              bireid::UnpackFloatPixel);
}

bireid_kernels_status bireid_unpack_int8(const uint32_t* input, size_t pixels, size_t channels,
                                         float scale, int32_t zero_point, int8_t* output) {
  if (!(scale > 0)) {
    return Guard([] { throw std::invalid_argument("scale must be positive"); });
  }
  const bireid::Int8Signs signs = bireid::Int8Signs::Of(scale, zero_point);
  return bireid::ForEachPixel(input, pixels, channels, bireid::Words(channels), channels, output,
                              [=](const uint32_t* from, int count, int8_t* to) {
                                bireid::UnpackInt8Pixel(from, count, signs, to);
                              });
}

bireid_kernels_status bireid_unpack_bool(const uint32_t* input, size_t pixels, size_t channels,
                                         uint8_t* output) {
  return bireid::ForEachPixel(input, pixels, channels, bireid::Words(channels), channels, output,
                              bireid::UnpackBoolPixel);
}

bireid_kernels_status bireid_binary_convolution_create(
    const char* isa, const bireid_binary_convolution_options* options,
    bireid_binary_convolution** convolution) {
  return Guard([&] {
    Require(options != nullptr && convolution != nullptr, "a pointer is NULL");
    const bireid::KernelTable& kernels = bireid::Kernels(isa);
    const bireid::BinaryConvolutionSpec spec = bireid::SpecOf(*options);
    bireid::CheckArrays(*options, spec);
    *convolution = new bireid_binary_convolution{
        bireid::BinaryConvolution(
            kernels, spec,
            {options->weights, options->multiplier, options->bias, options->thresholds}),
        {},
        {},
        {}};
  });
}

bireid_kernels_status bireid_binary_convolution_output_size(
    const bireid_binary_convolution* convolution, int32_t input_height, int32_t input_width,
    int32_t* output_height, int32_t* output_width) {
  return Guard([&] {
    Require(convolution != nullptr && output_height != nullptr && output_width != nullptr,
            "a pointer is NULL");
    *output_height = convolution->convolution.Vertical(input_height).output;
    *output_width = convolution->convolution.Horizontal(input_width).output;
  });
}

bireid_kernels_status bireid_binary_convolution_run(bireid_binary_convolution* convolution,
                                                    const uint32_t* input, int32_t batch,
                                                    int32_t input_height, int32_t input_width,
                                                    void* output) {
  return Guard([&] {
    Require(convolution != nullptr && input != nullptr && output != nullptr, "a pointer is NULL");
    Require(batch >= 0, "batch is negative");
    bireid::PlaceOn(input_height, input_width, convolution);
    const bireid::MapLayout& layout = convolution->input;
    const int64_t input_words =
        static_cast<int64_t>(layout.height) * layout.width * layout.elements;
    const size_t output_bytes = bireid::ImageBytes(convolution->convolution);
    for (int32_t image = 0; image < batch; ++image) {
      bireid::RunImage(input + image * input_words,
                       static_cast<char*>(output) + image * output_bytes, convolution);
    }
  });
}

void bireid_binary_convolution_destroy(bireid_binary_convolution* convolution) {
  delete convolution;
}

bireid_kernels_status bireid_binary_max_pool_output_size(
    const bireid_binary_max_pool_options* options, int32_t input_height, int32_t input_width,
    int32_t* output_height, int32_t* output_width) {
  return Guard([&] {
    Require(options != nullptr && output_height != nullptr && output_width != nullptr,
            "a pointer is NULL");
    *output_height = bireid::PoolExtent(*options, true, input_height).output;
    *output_width = bireid::PoolExtent(*options, false, input_width).output;
  });
}

bireid_kernels_status bireid_binary_max_pool(const bireid_binary_max_pool_options* options,
                                             const uint32_t* input, int32_t batch,
                                             int32_t input_height, int32_t input_width,
                                             int32_t words, uint32_t* output) {
  return Guard([&] {
    Require(options != nullptr && input != nullptr && output != nullptr, "a pointer is NULL");
    Require(batch >= 0 && words > 0, "batch is negative or words is not positive");
    const bireid::Extent vertical = bireid::PoolExtent(*options, true, input_height);
    const bireid::Extent horizontal = bireid::PoolExtent(*options, false, input_width);
    const bireid::MapLayout from{input_height, input_width, words, {}};
    const bireid::MapLayout to{vertical.output, horizontal.output, words, {}};
    Require(from.FitsIn(bireid::kMaxMapElements), "the map is too large");
    for (int32_t image = 0; image < batch; ++image) {
      bireid::BinaryMaxPool(input + image * from.total(), from, vertical, horizontal,
                            output + image * to.total(), to, 0, vertical.output);
    }
  });
}
