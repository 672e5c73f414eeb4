#include "engine/json.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <unordered_set>

#include "engine/errors.h"
#include "engine/text.h"

namespace bireid {
namespace {

constexpr int kMaxDepth = 256;
constexpr double kMaxListedNumber = 1e6;
constexpr uint64_t kMaxWhole = uint64_t{1} << 53;

std::string_view TextOf(yyjson_val* value) {
  return {yyjson_get_str(value), yyjson_get_len(value)};
}

const char* TypeName(yyjson_val* value) {
  if (yyjson_is_obj(value)) return "an object";
  if (yyjson_is_arr(value)) return "an array";
  if (yyjson_is_str(value)) return "a string";
  if (yyjson_is_num(value)) return "a number";
  return yyjson_is_bool(value) ? "true or false" : "null";
}

bool IsLine(std::string_view text) { return !text.empty() && IsPrintable(text); }

// The elements of an array, or the values of an object.
std::vector<yyjson_val*> ElementsOf(yyjson_val* array) {
  std::vector<yyjson_val*> elements;
  size_t index, count;
  yyjson_val* element;
  yyjson_arr_foreach(array, index, count, element) elements.push_back(element);
  return elements;
}

}  // namespace

JsonDocument::JsonDocument(std::string_view text, const std::string& source)
    : source_(source), document_(nullptr, &yyjson_doc_free) {
  yyjson_read_err error;
  // Without YYJSON_READ_INSITU the text is copied, and not written to.
  document_.reset(
      yyjson_read_opts(const_cast<char*>(text.data()), text.size(), 0, nullptr, &error));
  if (document_ == nullptr) {
    if (error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) throw std::bad_alloc();
    if (text.empty()) Refuse("it is empty");
    const auto line = 1 + std::count(text.begin(), text.begin() + error.pos, '\n');
    Refuse(std::string(error.msg) + " (line " + std::to_string(line) + ")");
  }
  if (!yyjson_is_obj(root())) throw BundleError(source_ + ": the document must be a JSON object");
  Check(root(), 1);
}

void JsonDocument::Refuse(const std::string& problem) const {
  throw BundleError(source_ + ": not valid JSON: " + problem);
}

void JsonDocument::Check(yyjson_val* value, int depth) const {
  if (depth > kMaxDepth) Refuse("nested too deeply");
  size_t index, count;
  yyjson_val *key, *child;
  if (yyjson_is_arr(value)) {
    yyjson_arr_foreach(value, index, count, child) {
      if (yyjson_is_ctn(child)) Check(child, depth + 1);
    }
    return;
  }
  std::unordered_set<std::string_view> keys;
  yyjson_obj_foreach(value, index, count, key, child) {
    if (!keys.insert(TextOf(key)).second) {
      Refuse("key '" + Printable(TextOf(key)) + "' occurs twice");
    }
    if (yyjson_is_ctn(child)) Check(child, depth + 1);
  }
}

JsonSection JsonSection::Section(const std::string& key) const {
  return JsonSection(*document_, Typed(key, yyjson_is_obj, "a JSON object"), Dotted(key));
}

std::vector<JsonSection> JsonSection::Sections(const std::string& key, size_t least,
                                               size_t most) const {
  yyjson_val* array = Typed(key, yyjson_is_arr, "a JSON array");
  const size_t count = yyjson_arr_size(array);
  if (count < least || count > most) {
    Fail(key, "must have " + std::to_string(least) + " to " + std::to_string(most) + " elements");
  }
  std::vector<JsonSection> sections;
  for (yyjson_val* element : ElementsOf(array)) {
    const std::string name = key + "[" + std::to_string(sections.size()) + "]";
    if (!yyjson_is_obj(element)) {
      Fail(name, std::string("must be a JSON object, not ") + TypeName(element));
    }
    sections.push_back(JsonSection(*document_, element, Dotted(name)));
  }
  return sections;
}

void JsonSection::RequireArray(const std::string& key) const {
  Typed(key, yyjson_is_arr, "a JSON array");
}

bool JsonSection::Has(const std::string& key) const {
  return yyjson_obj_getn(object_, key.data(), key.size()) != nullptr;
}

std::string JsonSection::Text(const std::string& key) const {
  const std::string_view text = TextOf(Typed(key, yyjson_is_str, "a string"));
  if (!IsLine(text)) Fail(key, "must be one line of printable text");
  return std::string(text);
}

std::vector<std::string> JsonSection::Texts(const std::string& key) const {
  std::vector<std::string> texts;
  for (yyjson_val* element : ElementsOf(Typed(key, yyjson_is_arr, "a JSON array"))) {
    if (!yyjson_is_str(element) || !IsLine(TextOf(element))) {
      Fail(key + "[" + std::to_string(texts.size()) + "]", "must be one line of printable text");
    }
    texts.emplace_back(TextOf(element));
  }
  return texts;
}

bool JsonSection::Boolean(const std::string& key) const {
  return yyjson_get_bool(Typed(key, yyjson_is_bool, "true or false"));
}

int64_t JsonSection::Integer(const std::string& key, int64_t minimum, int64_t maximum) const {
  yyjson_val* number = Typed(key, yyjson_is_num, "a whole number");
  if (yyjson_is_real(number) && std::abs(yyjson_get_real(number)) < kMaxWhole) {
    Fail(key, "must be a whole number, without fraction or exponent");
  }
  const double value = yyjson_get_num(number);
  if (value < static_cast<double>(minimum) || value > static_cast<double>(maximum)) {
    Fail(key, "must lie in " + std::to_string(minimum) + ".." + std::to_string(maximum));
  }
  return static_cast<int64_t>(value);
}

std::vector<std::optional<int64_t>> JsonSection::Integers(const std::string& key,
                                                          size_t most) const {
  yyjson_val* array = Typed(key, yyjson_is_arr, "a JSON array");
  if (yyjson_arr_size(array) > most) {
    Fail(key, "must have at most " + std::to_string(most) + " elements");
  }
  std::vector<std::optional<int64_t>> integers;
  for (yyjson_val* element : ElementsOf(array)) {
    if (yyjson_is_null(element)) {
      integers.emplace_back(std::nullopt);
    } else if (yyjson_is_uint(element) && yyjson_get_uint(element) <= kMaxWhole) {
      integers.emplace_back(static_cast<int64_t>(yyjson_get_uint(element)));
    } else {
      Fail(key, "must hold whole numbers");
    }
  }
  return integers;
}

double JsonSection::Number(const std::string& key, double minimum, double maximum) const {
  const double value = yyjson_get_num(Typed(key, yyjson_is_num, "a number"));
  if (!(value >= minimum && value <= maximum)) {
    Fail(key, "must lie in " + std::to_string(minimum) + ".." + std::to_string(maximum));
  }
  return value;
}

std::vector<double> JsonSection::Numbers(const std::string& key, size_t most) const {
  std::vector<double> numbers;
  for (yyjson_val* element : ElementsOf(Typed(key, yyjson_is_arr, "a JSON array"))) {
    const double value = yyjson_get_num(element);
    if (!yyjson_is_num(element) || std::abs(value) > kMaxListedNumber) {
      Fail(key, "must hold finite numbers, none beyond a million");
    }
    numbers.push_back(value);
  }
  if (numbers.empty() || numbers.size() > most) {
    Fail(key, "must hold 1 to " + std::to_string(most) + " numbers");
  }
  return numbers;
}

void JsonSection::RequireText(const std::string& key, const std::string& supported) const {
  RequireSupported(key, Printable(Text(key)), supported);
}

void JsonSection::RequireTrue(const std::string& key) const {
  RequireSupported(key, Boolean(key) ? "true" : "false", "true");
}

void JsonSection::RequireSupported(const std::string& key, const std::string& value,
                                   const std::string& supported) const {
  if (value == supported) return;
  throw UnsupportedError(source() + ": " + Dotted(key) + " is '" + value +
                         "'; this version supports '" + supported + "' only");
}

std::vector<std::string> JsonSection::Keys() const {
  std::vector<std::string> keys;
  size_t index, count;
  yyjson_val *key, *value;
  yyjson_obj_foreach(object_, index, count, key, value) keys.emplace_back(TextOf(key));
  return keys;
}

void JsonSection::RefuseUnknown(std::initializer_list<std::string_view> known) const {
  for (const std::string& key : Keys()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      Fail(key, "is unknown to this version");
    }
  }
}

void JsonSection::Fail(const std::string& key, const std::string& problem) const {
  throw BundleError(source() + ": key '" + Printable(Dotted(key)) + "' " + problem);
}

std::string JsonSection::Dotted(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

yyjson_val* JsonSection::Typed(const std::string& key, bool (*is_type)(yyjson_val*),
                               const char* description) const {
  yyjson_val* value = yyjson_obj_getn(object_, key.data(), key.size());
  if (value == nullptr) Fail(key, "is missing");
  if (!is_type(value)) {
    Fail(key, std::string("must be ") + description + ", not " + TypeName(value));
  }
  return value;
}

}  // namespace bireid
