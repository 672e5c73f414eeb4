// The tokens of a JSON text (RFC 8259), checked strictly.
#ifndef BIREID_ENGINE_JSON_SCAN_H_
#define BIREID_ENGINE_JSON_SCAN_H_

#include <stdexcept>
#include <string_view>
#include <vector>

namespace bireid {

// Why a text is no JSON; one line without the file.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Refuses (JsonError) what cJSON lets pass: text that is not UTF-8 or starts with a byte order
// mark, control characters, "\u0000" (it would end a C string), numbers such as 01 and 1., NaN and
// Infinity, and deep nesting. The order of the tokens is not looked at.
//
// Returns, for each number of the text in order, whether it is written as a whole number.
std::vector<bool> ScanJson(std::string_view text);

}  // namespace bireid

#endif  // BIREID_ENGINE_JSON_SCAN_H_
