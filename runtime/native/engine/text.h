// Text from untrusted files: UTF-8, and what may be shown of it.
#ifndef BIREID_ENGINE_TEXT_H_
#define BIREID_ENGINE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bireid {

struct Character {
  uint32_t value;
  size_t bytes;  // 0: not UTF-8
};

// The first character of a text that is not empty.
Character FirstCharacter(std::string_view text);

// UTF-8 without control, format, separator (but the space) and private characters.
bool IsPrintable(std::string_view text);

// For messages: printable, on one line, and cut when long.
std::string Printable(std::string_view text);

}  // namespace bireid

#endif  // BIREID_ENGINE_TEXT_H_
