#include "programs/bireid_embed/json_text.h"

#include <cstdint>
#include <cstdio>

namespace bireid_embed {
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

// Reads the character at `start` of UTF-8 text; returns its bytes, 0 if it is malformed, overlong,
// a surrogate, or beyond Unicode.
size_t ReadCharacter(const std::string& text, size_t start, uint32_t* character) {
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const auto byte_at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte_at(start);
  const size_t size = first < 0x80             ? 1
                      : (first & 0xE0) == 0xC0 ? 2
                      : (first & 0xF0) == 0xE0 ? 3
                      : (first & 0xF8) == 0xF0 ? 4
                                               : 0;
  if (size == 0 || size > text.size() - start) return 0;
  *character = size == 1 ? first : first & (0x7F >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte_at(start + i) & 0xC0) != 0x80) return 0;
    *character = *character << 6 | (byte_at(start + i) & 0x3F);
  }
  const bool is_surrogate = *character >= 0xD800 && *character < 0xE000;
  return *character < kSmallest[size] || is_surrogate || *character > 0x10FFFF ? 0 : size;
}

}  // namespace

std::string JsonString(const std::string& text) {
  std::string json = "\"";
  for (size_t start = 0; start < text.size();) {
    uint32_t character = 0;
    size_t size = ReadCharacter(text, start, &character);
    if (size == 0) {
      character = 0xDC00 + static_cast<uint8_t>(text[start]);
      size = 1;
    }
    AppendCharacter(character, &json);
    start += size;
  }
  return json + "\"";
}

std::string JsonNumbers(const std::vector<float>& numbers) {
  std::string json = "[";
  for (const float number : numbers) {
    char decimal[32];
    std::snprintf(decimal, sizeof(decimal), "%.9g", static_cast<double>(number));
    if (json.size() > 1) json += ", ";
    json += decimal;
  }
  return json + "]";
}

}  // namespace bireid_embed
