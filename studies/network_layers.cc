#include "network_layers.h"

#include <algorithm>
#include <random>
#include <type_traits>
#include <utility>

namespace bireid {
namespace {

Extent ExtentOf(const Layer& layer, int size) {
  return Extent::Of(size, layer.filter, layer.stride, 1, Padding::kSame);
}

// Words of random bits, floats in [-1, 1), or 8-bit pixels.
template <typename Element>
void Randomize(size_t count, Element* values) {
  std::mt19937 random(0);
  std::generate_n(values, count, [&]() -> Element {
    const uint32_t bits = static_cast<uint32_t>(random());
    if constexpr (std::is_same_v<Element, float>) {
      return static_cast<float>(bits >> 8) * 0x1p-23f - 1.0f;
    } else if constexpr (std::is_same_v<Element, int16_t>) {
      return static_cast<int16_t>(bits >> 24);
    } else {
      return bits;
    }
  });
}

template <typename Element>
AlignedBuffer RandomBuffer(size_t count) {
  AlignedBuffer buffer(count * sizeof(Element));
  Randomize(count, static_cast<Element*>(buffer.data()));
  return buffer;
}

template <typename Element>
std::vector<Element> RandomVector(size_t count) {
  std::vector<Element> values(count);
  Randomize(count, values.data());
  return values;
}

}  // namespace

int64_t Layer::products() const {
  return int64_t{height / stride} * (width / stride) * filter * filter * channels_in * channels_out;
}

LayerRun::LayerRun(const Layer& layer, const KernelTable& kernels)
    : layer_(layer), kernels_(kernels) {
  PlaceInput();
  MakeWeights();
  MakeStages();
}

void LayerRun::PlaceInput() {
  const Extent vertical = ExtentOf(layer_, layer_.height);
  const Extent horizontal = ExtentOf(layer_, layer_.width);
  const bool binary = layer_.kind == LayerKind::kBinary;
  const int elements = binary ? Blocks(layer_.channels_in) : layer_.channels_in;
  const MapLayout map{
      layer_.height,
      layer_.width,
      elements,
      {vertical.pad_before, vertical.pad_after, horizontal.pad_before, horizontal.pad_after}};
  table_ = WindowTable::Of(map, vertical, horizontal, elements);
  // Kernels for pixels may read one past the last run: see Run.
  input_elements_ = static_cast<size_t>(map.total()) + 1;
  switch (layer_.kind) {
    case LayerKind::kBinary:
      input_ = RandomBuffer<uint32_t>(input_elements_);
      break;
    case LayerKind::kFloat:
      input_ = RandomBuffer<float>(input_elements_);
      break;
    case LayerKind::kPixel:
      input_ = RandomBuffer<int16_t>(input_elements_);
      break;
  }
}

void LayerRun::MakeWeights() {
  const WeightShape shape{layer_.channels_out, static_cast<int>(table_.runs.size()),
                          table_.run_length};
  const size_t depth = table_.runs.size() * static_cast<size_t>(table_.run_length);
  const size_t count = depth * static_cast<size_t>(layer_.channels_out);
  switch (layer_.kind) {
    case LayerKind::kBinary:
      weights_ = AlignedBuffer(kernels_.binary_weights_bytes(shape));
      kernels_.pack_binary_weights(shape, RandomVector<uint32_t>(count).data(), weights_.data());
      scratch_ = AlignedBuffer(kernels_.binary_scratch_bytes(input_elements_));
      break;
    case LayerKind::kFloat:
      weights_ = AlignedBuffer(kernels_.float_weights_bytes(shape));
      kernels_.pack_float_weights(shape, RandomVector<float>(count).data(), weights_.data());
      break;
    case LayerKind::kPixel:
      weights_ = AlignedBuffer(kernels_.pixel_weights_bytes(shape));
      kernels_.pack_pixel_weights(shape, RandomVector<int16_t>(count).data(), weights_.data());
      break;
  }
}

void LayerRun::MakeCorrections() {
  const BorderClasses borders =
      BorderClasses::Of(ExtentOf(layer_, layer_.height), ExtentOf(layer_, layer_.width));
  const std::pair<int, int> all{0, layer_.filter};
  std::vector<int32_t> offsets;  // of each class
  int32_t end = 0;
  for (const BorderClasses::Class& inside : borders.classes) {
    const bool is_whole = inside.rows == all && inside.columns == all;
    offsets.push_back(is_whole ? -1 : end);
    if (!is_whole) end += static_cast<int32_t>(Lanes());
  }
  corrections_ = RandomVector<float>(static_cast<size_t>(end));
  for (const int32_t index : borders.of_pixel) correction_offsets_.push_back(offsets[index]);
}

void LayerRun::MakeStages() {
  const int64_t lanes = Lanes();
  const int words = Blocks(layer_.channels_out);
  const size_t pixels = table_.windows.size();
  channel_.assign(static_cast<size_t>(lanes), 0.5f);
  output_.resize(pixels * static_cast<size_t>(lanes));
  if (layer_.zero_padded) {
    MakeCorrections();
    stages_.push_back(
        {StageKind::kAddBorder, 0, 0, nullptr, corrections_.data(), correction_offsets_.data(), 0});
  }
  if (layer_.fused) {
    shortcut_ = RandomVector<float>(output_.size());
    packed_.resize(pixels * static_cast<size_t>(words));
    stages_.push_back({StageKind::kAddMap, 0, 0, nullptr, shortcut_.data(), nullptr, lanes});
    stages_.push_back({StageKind::kPrelu, 0, 0, channel_.data(), nullptr, nullptr, 0});
  }
  stages_.push_back({StageKind::kStore, 0, 0, nullptr, output_.data(), nullptr, lanes});
  if (layer_.fused) {
    stages_.push_back({StageKind::kPackSigns, 0, 0, nullptr, packed_.data(), nullptr, words});
  }
}

void LayerRun::Run() {
  const bool in_pairs = layer_.kind == LayerKind::kPixel;
  const Windows windows{table_.windows.data(), table_.runs.data(),
                        static_cast<int>(table_.runs.size()),
                        table_.run_length + (in_pairs ? table_.run_length % 2 : 0)};
  const Range range{0, static_cast<int>(table_.windows.size()), 0, Blocks(layer_.channels_out)};
  const int stage_count = static_cast<int>(stages_.size());
  switch (layer_.kind) {
    case LayerKind::kBinary:
      kernels_.binary_convolution({static_cast<const uint32_t*>(input_.data()), windows,
                                   weights_.data(), layer_.channels_out, INT32_MIN, INT32_MAX,
                                   channel_.data(), channel_.data(), stages_.data(), stage_count,
                                   range, scratch_.data()});
      break;
    case LayerKind::kFloat:
      kernels_.float_convolution({static_cast<const float*>(input_.data()), windows,
                                  weights_.data(), layer_.channels_out, channel_.data(),
                                  stages_.data(), stage_count, range});
      break;
    case LayerKind::kPixel:
      kernels_.pixel_convolution({static_cast<const int16_t*>(input_.data()), windows,
                                  weights_.data(), layer_.channels_out, channel_.data(),
                                  stages_.data(), stage_count, range});
      break;
  }
}

}  // namespace bireid
