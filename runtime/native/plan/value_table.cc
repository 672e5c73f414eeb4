#include "plan/value_table.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "plan/node_shapes.h"
#include "plan/operator.h"
#include "plan/plan.h"

namespace bireid {
namespace {

int ElementBytes(DataType type) {
  return type == DataType::kInt8 || type == DataType::kBool ? 1 : 4;
}

}  // namespace

ValueTable::ValueTable(const Graph& graph, PlannedGraph* plan)
    : graph_(graph),
      plan_(*plan),
      borders_(graph.tensors.size()),
      main_(graph.tensors.size(), -1),
      bordered_(graph.tensors.size(), -1) {
  FindBorders();
}

void ValueTable::FindBorders() {
  for (const Node& node : graph_.nodes) {
    const Border needed = node.op->InputBorder(graph_, node);
    if (!needed.empty()) borders_[node.inputs[0]].Extend(needed);
  }
}

int ValueTable::OutputSlot(int tensor) const {
  const auto found = std::find(graph_.outputs.begin(), graph_.outputs.end(), tensor);
  return found == graph_.outputs.end() ? -1 : static_cast<int>(found - graph_.outputs.begin());
}

int ValueTable::NewValue(int tensor, const Border& border, Value::Place place, int slot) {
  const Tensor& t = graph_.tensors[tensor];
  Value value;
  value.layout = {t.shape[1], t.shape[2], t.shape[3], border};
  if (!value.layout.FitsIn(kMaxMapElements)) {
    throw PlanError("a map with its border is too large");
  }
  value.element_bytes = ElementBytes(t.type);
  value.place = place;
  value.slot = slot;
  plan_.values.push_back(value);
  plan_.offsets.push_back(border.empty()
                              ? nullptr
                              : std::make_unique<std::vector<int32_t>>(PixelOffsets(value.layout)));
  return static_cast<int>(plan_.values.size()) - 1;
}

int ValueTable::DeclareInput(int tensor, int slot) {
  return main_[tensor] = NewValue(tensor, {}, Value::Place::kInput, slot);
}

int ValueTable::DeclareWhole(int tensor) {
  const bool is_output = IsOutput(tensor);
  return main_[tensor] = is_output ? NewValue(tensor, {}, Value::Place::kOutput, OutputSlot(tensor))
                                   : NewValue(tensor, borders_[tensor], Value::Place::kBuffer, -1);
}

int ValueTable::AddBordered(int tensor) {
  return bordered_[tensor] = NewValue(tensor, borders_[tensor], Value::Place::kBuffer, -1);
}

int ValueTable::AddPixels(int tensor) {
  const int pixels = AddBordered(tensor);
  plan_.values[pixels].element_bytes = sizeof(int16_t);
  return pixels;
}

std::vector<int> ValueTable::Declare(int tensor) {
  const int whole = DeclareWhole(tensor);
  if (!IsOutput(tensor) || !NeedsBorder(tensor)) return {whole};
  return {whole, AddBordered(tensor)};
}

MapReference ValueTable::Reference(int value) const {
  const auto& offsets = plan_.offsets[value];
  return MapReference::Of(value, plan_.values[value].layout,
                          offsets == nullptr ? nullptr : offsets->data());
}

BoundStage ValueTable::MapStage(StageKind kind, int value) const {
  const MapReference map = Reference(value);
  BoundStage bound{};
  bound.stage.kind = kind;
  bound.stage.offsets = map.offsets;
  bound.stage.stride = map.layout.elements;
  bound.value = value;
  return bound;
}

const float* ValueTable::ChannelParameter(const Tensor& tensor, int channels, float factor) {
  const float* values = static_cast<const float*>(tensor.constant);
  const bool is_single = ElementCount(tensor.shape) == 1;
  auto padded =
      std::make_unique<std::vector<float>>(static_cast<size_t>(Blocks(channels)) * kBlockChannels);
  for (int c = 0; c < channels; ++c) (*padded)[c] = factor * values[is_single ? 0 : c];
  plan_.parameters.push_back(std::move(padded));
  return plan_.parameters.back()->data();
}

const float* ValueTable::ChannelParameter(float value, int channels) {
  plan_.parameters.push_back(std::make_unique<std::vector<float>>(
      static_cast<size_t>(Blocks(channels)) * kBlockChannels, value));
  return plan_.parameters.back()->data();
}

}  // namespace bireid
