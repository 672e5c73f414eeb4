#include "engine/json.h"

#include <locale.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <new>

#include "engine/errors.h"
#include "engine/json_scan.h"
#include "engine/text.h"

namespace bireid {
namespace {

constexpr double kMaxTripleNumber = 1e6;

// cJSON keeps the place of the last error in a global variable.
std::mutex cjson_mutex;

// The calling thread in the "C" locale: cJSON reads numbers with strtod, which expects a decimal
// comma where the program has set a locale that has one.
class DecimalPoint {
 public:
  DecimalPoint() : locale_(newlocale(LC_ALL_MASK, "C", nullptr)) {
    if (locale_ == nullptr) throw std::bad_alloc();
    before_ = uselocale(locale_);
  }
  ~DecimalPoint() {
    uselocale(before_);
    freelocale(locale_);
  }
  DecimalPoint(const DecimalPoint&) = delete;
  DecimalPoint& operator=(const DecimalPoint&) = delete;

 private:
  const locale_t locale_;
  locale_t before_;
};

const char* TypeName(const cJSON* value) {
  if (cJSON_IsObject(value)) return "an object";
  if (cJSON_IsArray(value)) return "an array";
  if (cJSON_IsString(value)) return "a string";
  if (cJSON_IsNumber(value)) return "a number";
  return cJSON_IsBool(value) ? "true or false" : "null";
}

}  // namespace

JsonDocument::JsonDocument(const std::vector<uint8_t>& text, const std::string& source)
    : source_(source), root_(nullptr, &cJSON_Delete) {
  try {
    const std::string characters(text.begin(), text.end());
    const std::vector<bool> whole = ScanJson(characters);
    Parse(characters);
    size_t numbers = 0;
    Check(root(), whole, &numbers);
  } catch (const JsonError& error) {
    throw BundleError(source_ + ": not a valid manifest: " + error.what());
  }
  if (!cJSON_IsObject(root())) throw BundleError(source_ + ": the document must be a JSON object");
}

bool JsonDocument::IsWhole(const cJSON* number) const { return fractions_.count(number) == 0; }

void JsonDocument::Parse(const std::string& text) {
  const char* end = nullptr;
  const DecimalPoint decimal_point;
  const std::lock_guard<std::mutex> lock(cjson_mutex);
  root_.reset(cJSON_ParseWithLengthOpts(text.c_str(), text.size() + 1, &end, true));
  if (root_ == nullptr) {
    const auto line = 1 + std::count(text.c_str(), end, '\n');
    throw JsonError("something is missing or too much (line " + std::to_string(line) + ")");
  }
}

// The tree has the numbers in the order of the text. Its depth is limited: ScanJson counted.
void JsonDocument::Check(const cJSON* value, const std::vector<bool>& whole, size_t* numbers) {
  if (cJSON_IsNumber(value)) {
    if (!std::isfinite(value->valuedouble)) throw JsonError("a number is too large");
    if (!whole.at((*numbers)++)) fractions_.insert(value);
  }
  if (cJSON_IsObject(value)) RefuseDuplicateKeys(value);
  for (const cJSON* child = value->child; child != nullptr; child = child->next) {
    Check(child, whole, numbers);
  }
}

void JsonDocument::RefuseDuplicateKeys(const cJSON* object) const {
  std::unordered_set<std::string_view> keys;
  for (const cJSON* child = object->child; child != nullptr; child = child->next) {
    if (!keys.insert(child->string).second) {
      throw JsonError("key '" + Printable(child->string) + "' occurs twice");
    }
  }
}

JsonSection JsonSection::Section(const std::string& key) const {
  return JsonSection(document_, Typed(key, cJSON_Object, "a JSON object"), Dotted(key));
}

const cJSON* JsonSection::Array(const std::string& key) const {
  return Typed(key, cJSON_Array, "a JSON array");
}

std::string JsonSection::Text(const std::string& key) const {
  const std::string text = Typed(key, cJSON_String, "a string")->valuestring;
  if (text.empty() || !IsPrintable(text)) Fail(key, "must be one line of printable text");
  return text;
}

bool JsonSection::Boolean(const std::string& key) const {
  return cJSON_IsTrue(Typed(key, cJSON_True | cJSON_False, "true or false"));
}

int64_t JsonSection::Integer(const std::string& key, int64_t minimum, int64_t maximum) const {
  const cJSON* number = Typed(key, cJSON_Number, "a whole number");
  if (!document_.IsWhole(number)) Fail(key, "must be a whole number, without fraction or exponent");
  const double value = number->valuedouble;
  if (value < static_cast<double>(minimum) || value > static_cast<double>(maximum)) {
    Fail(key, "must lie in " + std::to_string(minimum) + ".." + std::to_string(maximum));
  }
  return static_cast<int64_t>(value);
}

std::array<double, 3> JsonSection::Triple(const std::string& key) const {
  const cJSON* array = Array(key);
  std::array<double, 3> numbers{};
  bool valid = cJSON_GetArraySize(array) == 3;
  for (int i = 0; valid && i < 3; ++i) {
    const cJSON* number = cJSON_GetArrayItem(array, i);
    valid = cJSON_IsNumber(number) && std::abs(number->valuedouble) <= kMaxTripleNumber;
    if (valid) numbers[i] = number->valuedouble;
  }
  if (!valid) Fail(key, "must be 3 finite numbers");
  return numbers;
}

std::vector<std::string> JsonSection::Keys() const {
  std::vector<std::string> keys;
  for (const cJSON* child = object_->child; child != nullptr; child = child->next) {
    keys.emplace_back(child->string);
  }
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

const cJSON* JsonSection::Typed(const std::string& key, int type, const char* description) const {
  const cJSON* value = cJSON_GetObjectItemCaseSensitive(object_, key.c_str());
  if (value == nullptr) Fail(key, "is missing");
  if ((value->type & type) == 0) {
    Fail(key, std::string("must be ") + description + ", not " + TypeName(value));
  }
  return value;
}

}  // namespace bireid
