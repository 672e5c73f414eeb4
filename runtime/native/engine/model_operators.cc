#include "engine/model_operators.h"

#include <algorithm>
#include <string_view>

namespace bireid {
namespace {

using tflite::BuiltinOperator;

constexpr size_t kMaxNameLength = 64;

// Old files have it in a field of one byte, and newer ones repeat it there if it fits.
BuiltinOperator BuiltinOf(const tflite::OperatorCode& code) {
  return std::max(code.builtin_code(),
                  static_cast<BuiltinOperator>(code.deprecated_builtin_code()));
}

std::string_view CustomCode(const tflite::OperatorCode& code) {
  return code.custom_code() == nullptr ? "" : code.custom_code()->string_view();
}

// One line of readable ASCII.
std::string Readable(std::string_view text) {
  std::string result(text.substr(0, kMaxNameLength));
  for (char& character : result) {
    if (character < ' ' || character > '~') character = '?';
  }
  return result;
}

}  // namespace

const OperatorRow* FindOperator(const OperatorTable& table, const tflite::OperatorCode& code) {
  return FindOperator(table, static_cast<int32_t>(BuiltinOf(code)), CustomCode(code));
}

DataType DataTypeOf(tflite::TensorType type) {
  switch (type) {
    case tflite::TensorType::FLOAT32:
      return DataType::kFloat32;
    case tflite::TensorType::INT32:
      return DataType::kInt32;
    case tflite::TensorType::INT8:
      return DataType::kInt8;
    case tflite::TensorType::BOOL:
      return DataType::kBool;
    default:
      return DataType::kOther;
  }
}

std::string NameOf(const tflite::OperatorCode& code) {
  const BuiltinOperator builtin = BuiltinOf(code);
  const std::string custom = Readable(CustomCode(code));
  if (builtin == BuiltinOperator::CUSTOM && !custom.empty()) return custom;
  const std::string name = tflite::EnumNameBuiltinOperator(builtin);
  return name.empty() ? "number " + std::to_string(static_cast<int>(builtin)) : name;
}

}  // namespace bireid
