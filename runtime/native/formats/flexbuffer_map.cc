#include "formats/flexbuffer_map.h"

#include <cstdint>
#include <cstring>
#include <vector>

// Numbers in texts, which are not read here, would need a source file of FlatBuffers.
#define FLATBUFFERS_LOCALE_INDEPENDENT 0
#include "flatbuffers/flexbuffers.h"

namespace bireid {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 16;
constexpr size_t kMaxKeys = 64;
constexpr size_t kMaxKeyLength = 64;

int64_t ReadValue(const flexbuffers::Reference& value, const std::string& key) {
  if (value.IsInt()) return value.AsInt64();
  if (!value.IsUInt() && !value.IsBool()) {
    throw FlexbufferError("custom option '" + key + "' is no integer");
  }
  const uint64_t number = value.IsBool() ? value.AsBool() : value.AsUInt64();
  if (number > static_cast<uint64_t>(INT64_MAX)) {
    throw FlexbufferError("custom option '" + key + "' is too large");
  }
  return static_cast<int64_t>(number);
}

}  // namespace

std::map<std::string, int64_t> ReadFlexbufferMap(const void* data, size_t size) {
  if (data == nullptr || size == 0) throw FlexbufferError("custom options are missing");
  if (size > kMaxBytes) throw FlexbufferError("custom options are longer than 65536 bytes");
  // Aligned as the numbers in it are, wherever it stands in a file.
  std::vector<uint64_t> aligned((size + sizeof(uint64_t) - 1) / sizeof(uint64_t));
  std::memcpy(aligned.data(), data, size);
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(aligned.data());
  std::vector<uint8_t> seen;  // each part is looked at once, however often it is referred to
  if (!flexbuffers::VerifyBuffer(bytes, size, &seen)) {
    throw FlexbufferError("custom options are no FlexBuffer, or a damaged one");
  }
  const flexbuffers::Reference root = flexbuffers::GetRoot(bytes, size);
  if (!root.IsMap()) throw FlexbufferError("custom options are no FlexBuffer map");
  const flexbuffers::Map map = root.AsMap();
  if (map.size() > kMaxKeys) throw FlexbufferError("custom options have more than 64 keys");
  const flexbuffers::TypedVector keys = map.Keys();
  const flexbuffers::Vector values = map.Values();
  std::map<std::string, int64_t> result;
  for (size_t i = 0; i < map.size(); ++i) {
    const std::string key = keys[i].AsKey();
    if (key.size() > kMaxKeyLength) throw FlexbufferError("a key of custom options is too long");
    result[key] = ReadValue(values[i], key);
  }
  return result;
}

}  // namespace bireid
