#include "engine/decoders.h"

#include <cstddef>

#include "engine/exact_functions.h"
#include "engine/responses.h"

namespace bireid {
namespace {

int MostBoxes(const OutputSpec& spec) { return spec.decoding.max_boxes; }

// Left, top, right, bottom, score and class of every box.
std::vector<float> DecodeBoxMap(const OutputSpec& spec, const std::vector<float>& maps, int item,
                                const ShownImage* shown) {
  const int rows = spec.shape[0], columns = spec.shape[1];
  const ImageSize size = {columns * spec.decoding.stride, rows * spec.decoding.stride};
  const ShownImage whole = {size, size};
  if (shown == nullptr) shown = &whole;
  std::vector<float> numbers;
  for (const Box& box :
       DecodeBoxes(maps.data() + item * spec.elements, rows, columns, spec.shape[2] - kBoxSides,
                   spec.decoding, shown->content, shown->image)) {
    numbers.insert(numbers.end(), {box.left, box.top, box.right, box.bottom, box.score,
                                   static_cast<float>(box.label)});
  }
  return numbers;
}

int OneRow(const OutputSpec&) { return 1; }

// Size, row and column of the enlarged response, and score. The exemplar is that of the first map;
// the maps, from the first on and over again, stand for the sizes in which it is sought.
std::vector<float> DecodeFeatureMaps(const OutputSpec& spec, const std::vector<float>& maps, int,
                                     const ShownImage*) {
  const Responses responses(spec.matching, spec.shape[0], spec.shape[2]);
  const size_t items = maps.size() / static_cast<size_t>(spec.elements);
  std::vector<float> searched;
  for (int scale = 0; scale < spec.matching.scales; ++scale) {
    const float* map = maps.data() + scale % items * spec.elements;
    searched.insert(searched.end(), map, map + spec.elements);
  }
  const Place place = responses.Locate(responses.ExemplarOf(maps.data()), searched.data());
  return {static_cast<float>(place.scale), static_cast<float>(place.row),
          static_cast<float>(place.column),
          static_cast<float>(ExactSigmoid(place.peak + spec.matching.response_bias))};
}

}  // namespace

const Decoder kBoxesDecoder = {6, MostBoxes, true, DecodeBoxMap};
const Decoder kCorrelationDecoder = {4, OneRow, false, DecodeFeatureMaps};

}  // namespace bireid
