#include "engine/json_scan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/text.h"

namespace bireid {
namespace {

constexpr int kMaxDepth = 256;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<bool> Scan() {
    const size_t invalid = FindInvalidUtf8(text_);
    if (invalid != std::string_view::npos) {
      position_ = invalid;
      Fail("bytes that are not UTF-8");
    }
    while (position_ < text_.size()) ScanToken();
    return std::move(whole_);
  }

 private:
  [[noreturn]] void Fail(const std::string& problem) const {
    const auto end = text_.begin() + std::min(position_, text_.size());
    const auto line = 1 + std::count(text_.begin(), end, '\n');
    throw JsonError(problem + " (line " + std::to_string(line) + ")");
  }

  // The next character, or 0 behind the last one, which is no character of any token.
  char Next() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  bool Take(std::string_view expected) {
    if (text_.substr(position_, expected.size()) != expected) return false;
    position_ += expected.size();
    return true;
  }

  void ScanToken() {
    const char c = Next();
    if (c == '"') {
      ScanString();
    } else if (c == '-' || IsDigit(c)) {
      ScanNumber();
    } else if (c == '{' || c == '[') {
      if (++depth_ > kMaxDepth) Fail("nested too deeply for a manifest");
      ++position_;
    } else if (c == '}' || c == ']') {
      --depth_;
      ++position_;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == ':') {
      ++position_;
    } else if (!Take("true") && !Take("false") && !Take("null")) {
      RefuseNotFinite();
      Fail("a character that has no place in JSON");
    }
  }

  // What other writers of JSON may put where a number should be.
  void RefuseNotFinite() {
    for (const char* word : {"NaN", "Infinity"}) {
      if (Take(word)) Fail(std::string(word) + " is not a finite number");
    }
  }

  void ScanString() {
    for (++position_; Next() != '"';) {
      if (position_ == text_.size()) Fail("a string without an end");
      if (static_cast<unsigned char>(Next()) < 0x20) Fail("a control character in a string");
      if (Take("\\")) {
        ScanEscape();
      } else {
        ++position_;
      }
    }
    ++position_;
  }

  // Behind the backslash.
  void ScanEscape() {
    if (Take("u")) {
      const std::string_view digits = text_.substr(position_, 4);
      if (digits.size() < 4 || !std::all_of(digits.begin(), digits.end(), IsHexDigit)) {
        Fail("an escape that is not \\uXXXX");
      }
      if (digits == "0000") Fail("the character \\u0000");
      position_ += 4;
    } else if (position_ < text_.size() &&
               std::string_view("\"\\/bfnrt").find(Next()) != std::string_view::npos) {
      ++position_;
    } else {
      Fail("an escape that JSON does not have");
    }
  }

  void ScanNumber() {
    Take("-");
    RefuseNotFinite();
    if (Take("0")) {
      if (IsDigit(Next())) Fail("a number with a leading zero");
    } else {
      ScanDigits();
    }
    bool whole = true;
    if (Take(".")) {
      whole = false;
      ScanDigits();
    }
    if (Take("e") || Take("E")) {
      whole = false;
      if (!Take("+")) Take("-");
      ScanDigits();
    }
    whole_.push_back(whole);
  }

  void ScanDigits() {
    if (!IsDigit(Next())) Fail("a number without digits where they belong");
    while (IsDigit(Next())) ++position_;
  }

  const std::string_view text_;
  size_t position_ = 0;
  int depth_ = 0;
  std::vector<bool> whole_;
};

}  // namespace

std::vector<bool> ScanJson(std::string_view text) { return Scanner(text).Scan(); }

}  // namespace bireid
