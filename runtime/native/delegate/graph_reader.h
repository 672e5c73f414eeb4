// Reads the nodes and tensors of a LiteRT graph. All of them come from a model file: nothing about
// them is trusted.
#ifndef BIREID_DELEGATE_GRAPH_READER_H_
#define BIREID_DELEGATE_GRAPH_READER_H_

#include <vector>

#include "delegate/litert_abi.h"
#include "operators/table.h"
#include "plan/graph.h"
#include "plan/plan.h"

namespace bireid {

// The row of a node's operator, null if the table has none.
const OperatorRow* FindOperator(const litert::TfLiteRegistration& registration);

// All tensors of the context, so that its indices hold for the graph too.
std::vector<Tensor> ReadTensors(const litert::TfLiteContext& context);

// The shape that a tensor has at the moment, in LiteRT's dimensions.
std::vector<int> ReadShape(const litert::TfLiteTensor& tensor);

// The same as that of the plan's tensor: a matrix [N, C] becomes a map [N, 1, 1, C]. Constants keep
// theirs.
void TakeShape(const litert::TfLiteTensor& source, Tensor* tensor);

// Throws PlanError with the reason if the node's tensors or options are malformed.
Node ReadNode(const OperatorRow& row, int index, const litert::TfLiteNode& node,
              const std::vector<Tensor>& tensors);

// The nodes that LiteRT gives a delegate kernel, in the order in which they run. Throws PlanError
// if they are malformed or one reads what no earlier one has written.
Graph ReadGraph(litert::TfLiteContext* context, const litert::TfLiteDelegateParams& partition);

}  // namespace bireid

#endif  // BIREID_DELEGATE_GRAPH_READER_H_
