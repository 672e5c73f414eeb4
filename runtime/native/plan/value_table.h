// The maps of a graph as values: which tensor lives where, with which border.
#ifndef BIREID_PLAN_VALUE_TABLE_H_
#define BIREID_PLAN_VALUE_TABLE_H_

#include <vector>

#include "plan/graph.h"
#include "plan/planned_graph.h"
#include "plan/step.h"

namespace bireid {

// Readers that look through windows need a border around a map; inputs and outputs of the graph
// have none, so beside those there is a second value with a border where one is needed.
class ValueTable {
 public:
  ValueTable(const Graph& graph, PlannedGraph* plan);

  bool IsOutput(int tensor) const { return OutputSlot(tensor) >= 0; }
  bool IsComputed(int tensor) const { return main_[tensor] >= 0; }
  bool NeedsBorder(int tensor) const { return !borders_[tensor].empty(); }

  // Without a second value; AddBordered makes that.
  int DeclareInput(int tensor, int slot);
  int DeclareWhole(int tensor);
  int AddBordered(int tensor);
  // For the 8-bit pixels of an input, as int16.
  int AddPixels(int tensor);
  // All values that a computed tensor is written to.
  std::vector<int> Declare(int tensor);

  int main(int tensor) const { return main_[tensor]; }
  int window_input(int tensor) const {
    return bordered_[tensor] >= 0 ? bordered_[tensor] : main_[tensor];
  }
  MapReference Reference(int value) const;
  // A stage that reads or writes a value.
  BoundStage MapStage(StageKind kind, int value) const;

  // A constant operand times `factor`, one value per channel, readable to the end of the last
  // block.
  const float* ChannelParameter(const Tensor& tensor, int channels, float factor = 1.0f);
  // One value for every channel, likewise.
  const float* ChannelParameter(float value, int channels);

 private:
  void FindBorders();
  int OutputSlot(int tensor) const;
  int NewValue(int tensor, const Border& border, Value::Place place, int slot);

  const Graph& graph_;
  PlannedGraph& plan_;
  std::vector<Border> borders_;  // that the readers of every tensor need
  std::vector<int> main_;        // value of every tensor, -1 until it is computed
  std::vector<int> bordered_;    // its second value, -1 if there is none
};

}  // namespace bireid

#endif  // BIREID_PLAN_VALUE_TABLE_H_
