// A row of the table of operators: what an operator is called in a model, and how its options are
// read there. The same rows serve the engine and the delegate.
#ifndef BIREID_OPERATORS_OPERATOR_ROW_H_
#define BIREID_OPERATORS_OPERATOR_ROW_H_

#include <cstddef>
#include <string>

#include "formats/schema/tflite.h"
#include "plan/operator.h"

namespace bireid {

// Both throw PlanError with the reason if the options are missing, malformed or of an unknown kind.
struct BuiltinOptionReaders {
  Options (*model)(const tflite::Operator& source) = nullptr;  // of a model file
  Options (*litert)(const void* parameters) = nullptr;         // the structure of LiteRT's, or null
};
using CustomOptionReader = Options (*)(const void* data, size_t bytes);

class OperatorRow {
 public:
  // One of TensorFlow Lite's own. Without readers it has no options.
  constexpr OperatorRow(const Operator& op, tflite::BuiltinOperator builtin,
                        BuiltinOptionReaders readers = {})
      : op_(&op), builtin_(builtin), readers_(readers) {}
  // One by a name, which LiteRT has no kernel for.
  constexpr OperatorRow(const Operator& op, const char* custom_name,
                        CustomOptionReader reader = nullptr)
      : op_(&op),
        builtin_(tflite::BuiltinOperator::CUSTOM),
        custom_name_(custom_name),
        custom_reader_(reader) {}

  const Operator* op() const { return op_; }
  tflite::BuiltinOperator builtin() const { return builtin_; }
  bool is_custom() const { return custom_name_ != nullptr; }
  // "CONV_2D", "LceQuantize"
  std::string name() const {
    return is_custom() ? custom_name_ : tflite::EnumNameBuiltinOperator(builtin_);
  }

  Options ReadOptions(const tflite::Operator& source) const {
    if (is_custom()) {
      const auto* custom = source.custom_options();
      return custom == nullptr ? ReadCustom(nullptr, 0)
                               : ReadCustom(custom->data(), custom->size());
    }
    return readers_.model == nullptr ? Options() : readers_.model(source);
  }
  Options ReadParameters(const void* parameters) const {
    return readers_.litert == nullptr ? Options() : readers_.litert(parameters);
  }
  Options ReadCustom(const void* data, size_t bytes) const {
    return custom_reader_ == nullptr ? Options() : custom_reader_(data, bytes);
  }

 private:
  const Operator* op_;
  tflite::BuiltinOperator builtin_;
  const char* custom_name_ = nullptr;
  BuiltinOptionReaders readers_ = {};
  CustomOptionReader custom_reader_ = nullptr;
};

}  // namespace bireid

#endif  // BIREID_OPERATORS_OPERATOR_ROW_H_
