#include "engine/json_text.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "engine/text.h"

namespace bireid {
namespace {

void AppendUnit(uint32_t unit, std::string* json) {
  char escape[8];
  std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(unit & 0xFFFF));
  *json += escape;
}

void AppendCharacter(uint32_t character, std::string* json) {
  if (character == '"' || character == '\\') {
    *json += '\\';
    *json += static_cast<char>(character);
  } else if (character >= 0x20 && character < 0x7F) {
    *json += static_cast<char>(character);
  } else if (character < 0x10000) {
    AppendUnit(character, json);
  } else {
    AppendUnit(0xD800 + ((character - 0x10000) >> 10), json);
    AppendUnit(0xDC00 + ((character - 0x10000) & 0x3FF), json);
  }
}

}  // namespace

std::string JsonString(const std::string& text) {
  std::string json = "\"";
  for (std::string_view left = text; !left.empty();) {
    const Character character = FirstCharacter(left);
    AppendCharacter(character.bytes > 0 ? character.value : 0xDC00 + static_cast<uint8_t>(left[0]),
                    &json);
    left.remove_prefix(std::max<size_t>(character.bytes, 1));
  }
  return json + "\"";
}

std::string JsonNumber(float number) {
  char decimal[32];
  std::snprintf(decimal, sizeof(decimal), "%.9g", static_cast<double>(number));
  return decimal;
}

std::string JsonNumbers(const std::vector<float>& numbers) {
  std::string json = "[";
  for (const float number : numbers) {
    if (json.size() > 1) json += ", ";
    json += JsonNumber(number);
  }
  return json + "]";
}

}  // namespace bireid
