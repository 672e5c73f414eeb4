// Strict reading of JSON that a stranger may have written.
#ifndef BIREID_ENGINE_JSON_H_
#define BIREID_ENGINE_JSON_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "third_party/cjson/cJSON.h"

namespace bireid {

// A JSON text whose root is an object.
class JsonDocument {
 public:
  // `source` is the file, for messages. Throws BundleError: no JSON, not an object, or it holds a
  // key twice in one object or a number too large for a double.
  JsonDocument(const std::vector<uint8_t>& text, const std::string& source);

  const std::string& source() const { return source_; }
  const cJSON* root() const { return root_.get(); }

  // Whether a number is written without fraction and exponent.
  bool IsWhole(const cJSON* number) const;

 private:
  void Parse(const std::string& text);
  void Check(const cJSON* value, const std::vector<bool>& whole, size_t* numbers);
  void RefuseDuplicateKeys(const cJSON* object) const;

  const std::string source_;
  std::unique_ptr<cJSON, decltype(&cJSON_Delete)> root_;
  std::unordered_set<const cJSON*> fractions_;
};

// One JSON object of a document, read key by key. Every reader throws BundleError, naming the file
// and the dotted key, when the key is missing, of another type or out of range. The document must
// outlive it.
class JsonSection {
 public:
  explicit JsonSection(const JsonDocument& document)
      : JsonSection(document, document.root(), std::string()) {}

  JsonSection Section(const std::string& key) const;

  const cJSON* Array(const std::string& key) const;

  // One line of printable characters, not empty.
  std::string Text(const std::string& key) const;

  bool Boolean(const std::string& key) const;

  // A whole number in [minimum, maximum]; both at most 2^53.
  int64_t Integer(const std::string& key, int64_t minimum, int64_t maximum) const;

  // Three numbers within a million, one per colour channel.
  std::array<double, 3> Triple(const std::string& key) const;

  // In the order of the file.
  std::vector<std::string> Keys() const;

  void RefuseUnknown(std::initializer_list<std::string_view> known) const;

  [[noreturn]] void Fail(const std::string& key, const std::string& problem) const;

  // The file, and the dotted path of a key of this object; for messages.
  const std::string& source() const { return document_.source(); }
  std::string Dotted(const std::string& key) const;

 private:
  JsonSection(const JsonDocument& document, const cJSON* object, std::string path)
      : document_(document), object_(object), path_(std::move(path)) {}

  const cJSON* Typed(const std::string& key, int type, const char* description) const;

  const JsonDocument& document_;
  const cJSON* const object_;
  const std::string path_;
};

}  // namespace bireid

#endif  // BIREID_ENGINE_JSON_H_
