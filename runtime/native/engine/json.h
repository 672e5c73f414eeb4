// Strict reading of JSON that a stranger may have written.
#ifndef BIREID_ENGINE_JSON_H_
#define BIREID_ENGINE_JSON_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "third_party/yyjson/yyjson.h"

namespace bireid {

// A JSON text (RFC 8259, UTF-8) whose root is an object.
class JsonDocument {
 public:
  // `source` is the file, for messages. Throws BundleError: no JSON, not an object, nested too
  // deeply, or it holds a key twice in one object or a number too large for a double.
  JsonDocument(std::string_view text, const std::string& source);

  const std::string& source() const { return source_; }
  yyjson_val* root() const { return yyjson_doc_get_root(document_.get()); }

 private:
  [[noreturn]] void Refuse(const std::string& problem) const;
  void Check(yyjson_val* value, int depth) const;

  const std::string source_;
  std::unique_ptr<yyjson_doc, decltype(&yyjson_doc_free)> document_;
};

// One JSON object of a document, read key by key. Every reader throws BundleError, naming the file
// and the dotted key, when the key is missing, of another type or out of range. The document must
// outlive it.
class JsonSection {
 public:
  explicit JsonSection(const JsonDocument& document)
      : JsonSection(document, document.root(), std::string()) {}

  JsonSection Section(const std::string& key) const;

  // The objects of an array.
  std::vector<JsonSection> Sections(const std::string& key, size_t least, size_t most) const;

  void RequireArray(const std::string& key) const;

  bool Has(const std::string& key) const;

  // One line of printable characters, not empty.
  std::string Text(const std::string& key) const;

  // An array of those.
  std::vector<std::string> Texts(const std::string& key) const;

  bool Boolean(const std::string& key) const;

  // A whole number in [minimum, maximum]; both at most 2^53.
  int64_t Integer(const std::string& key, int64_t minimum, int64_t maximum) const;

  // An array of at most `most` whole numbers from 0 to 2^53; null is one that is left open.
  std::vector<std::optional<int64_t>> Integers(const std::string& key, size_t most) const;

  // A number in [minimum, maximum].
  double Number(const std::string& key, double minimum, double maximum) const;

  // An array of 1 to `most` numbers, within a million.
  std::vector<double> Numbers(const std::string& key, size_t most) const;

  // Throws UnsupportedError unless the value is the one that this version has.
  void RequireText(const std::string& key, const std::string& supported) const;
  void RequireTrue(const std::string& key) const;

  // In the order of the file.
  std::vector<std::string> Keys() const;

  void RefuseUnknown(std::initializer_list<std::string_view> known) const;

  [[noreturn]] void Fail(const std::string& key, const std::string& problem) const;

  // The file, and the dotted path of a key of this object; for messages.
  const std::string& source() const { return document_->source(); }
  std::string Dotted(const std::string& key) const;

 private:
  JsonSection(const JsonDocument& document, yyjson_val* object, std::string path)
      : document_(&document), object_(object), path_(std::move(path)) {}

  void RequireSupported(const std::string& key, const std::string& value,
                        const std::string& supported) const;

  // `is_type` is one of yyjson's, such as yyjson_is_str.
  yyjson_val* Typed(const std::string& key, bool (*is_type)(yyjson_val*),
                    const char* description) const;

  const JsonDocument* document_;
  yyjson_val* object_;
  std::string path_;
};

}  // namespace bireid

#endif  // BIREID_ENGINE_JSON_H_
