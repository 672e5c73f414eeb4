#include "engine/text.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace bireid {
namespace {

constexpr size_t kMaxShownBytes = 128;

struct Range {
  uint32_t first;
  uint32_t last;
};

// The assigned characters for which Python's str.isprintable() is false, in order.
constexpr Range kUnprintable[] = {
    {0x0, 0x1f},        {0x7f, 0xa0},        {0xad, 0xad},       {0x600, 0x605},
    {0x61c, 0x61c},     {0x6dd, 0x6dd},      {0x70f, 0x70f},     {0x890, 0x891},
    {0x8e2, 0x8e2},     {0x1680, 0x1680},    {0x180e, 0x180e},   {0x2000, 0x200f},
    {0x2028, 0x202f},   {0x205f, 0x206f},    {0x3000, 0x3000},   {0xe000, 0xf8ff},
    {0xfeff, 0xfeff},   {0xfff9, 0xfffb},    {0xfffe, 0xffff},   {0x110bd, 0x110bd},
    {0x110cd, 0x110cd}, {0x13430, 0x1343f},  {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0001, 0xe007f}, {0xf0000, 0x10ffff},
};

bool IsPrintable(uint32_t character) {
  const Range* range =
      std::lower_bound(std::begin(kUnprintable), std::end(kUnprintable), character,
                       [](const Range& range, uint32_t value) { return range.last < value; });
  return range == std::end(kUnprintable) || character < range->first;
}

}  // namespace

Character FirstCharacter(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const size_t bytes = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc0 || byte(0) > 0xf7 || bytes > text.size()) return {0, 0};
  uint32_t value = byte(0) & (0x7fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  constexpr uint32_t kSmallest[] = {0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallest[bytes - 2] || value > 0x10ffff || surrogate) return {0, 0};
  return {value, bytes};
}

bool IsPrintable(std::string_view text) {
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    if (character.bytes == 0 || !IsPrintable(character.value)) return false;
    text.remove_prefix(character.bytes);
  }
  return true;
}

std::string Printable(std::string_view text) {
  std::string shown;
  while (!text.empty() && shown.size() < kMaxShownBytes) {
    const Character character = FirstCharacter(text);
    const size_t bytes = std::max<size_t>(character.bytes, 1);
    if (character.bytes > 0 && IsPrintable(character.value)) {
      shown += text.substr(0, bytes);
    } else {
      shown += '?';
    }
    text.remove_prefix(bytes);
  }
  return text.empty() ? shown : shown + "...";
}

}  // namespace bireid
