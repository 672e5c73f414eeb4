#include "formats/flexbuffer_map.h"

#include <cstring>

namespace bireid {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 16;
constexpr size_t kMaxKeys = 64;
constexpr size_t kMaxKeyLength = 64;

// A packed type: bits 0 and 1 are the logarithm of a width in bytes, the others the type.
constexpr int kInt = 1;
constexpr int kUint = 2;
constexpr int kMap = 9;
constexpr int kBool = 26;

int TypeOf(uint8_t packed) { return packed >> 2; }
size_t WidthOf(uint8_t packed) { return size_t{1} << (packed & 3); }

// Bytes with positions from their beginning. Every access is checked.
class Bytes {
 public:
  Bytes(const void* data, size_t size) : data_(static_cast<const uint8_t*>(data)), size_(size) {}

  size_t size() const { return size_; }

  uint8_t At(size_t position) const {
    Require(position, 1);
    return data_[position];
  }

  // A little-endian number of 1, 2, 4 or 8 bytes.
  uint64_t Unsigned(size_t position, size_t width) const {
    Require(position, width);
    uint64_t value = 0;
    for (size_t i = width; i-- > 0;) value = (value << 8) | data_[position + i];
    return value;
  }

  int64_t Signed(size_t position, size_t width) const {
    const size_t unused_bits = 64 - 8 * width;
    return static_cast<int64_t>(Unsigned(position, width) << unused_bits) >> unused_bits;
  }

  // An offset counts backwards from where it stands.
  size_t Follow(size_t position, size_t width) const {
    const uint64_t offset = Unsigned(position, width);
    if (offset > position) throw FlexbufferError("an offset points out of the custom options");
    return position - static_cast<size_t>(offset);
  }

  // A zero-terminated string.
  std::string Key(size_t position) const {
    std::string key;
    while (const uint8_t character = At(position + key.size())) {
      key += static_cast<char>(character);
      if (key.size() > kMaxKeyLength) throw FlexbufferError("a key of custom options is too long");
    }
    return key;
  }

 private:
  void Require(size_t position, size_t count) const {
    if (position > size_ || count > size_ - position) {
      throw FlexbufferError("custom options are cut off");
    }
  }

  const uint8_t* data_;
  size_t size_;
};

// Position of the values of the map; before them stand its size, the width of its keys and the
// offset of its keys, of `width` bytes each.
struct Map {
  size_t values;
  size_t width;
};

Map FindRoot(const Bytes& bytes) {
  if (bytes.size() < 3) throw FlexbufferError("custom options are cut off");
  const size_t root_width = bytes.At(bytes.size() - 1);
  const uint8_t packed = bytes.At(bytes.size() - 2);
  if (root_width != 1 && root_width != 2 && root_width != 4 && root_width != 8) {
    throw FlexbufferError("custom options are no FlexBuffer");
  }
  if (TypeOf(packed) != kMap) throw FlexbufferError("custom options are no FlexBuffer map");
  if (bytes.size() - 2 < root_width) throw FlexbufferError("custom options are cut off");
  const Map map{bytes.Follow(bytes.size() - 2 - root_width, root_width), WidthOf(packed)};
  if (map.values < 3 * map.width) throw FlexbufferError("custom options are cut off");
  return map;
}

int64_t ReadValue(const Bytes& bytes, const Map& map, size_t index, uint8_t packed,
                  const std::string& key) {
  const size_t position = map.values + index * map.width;
  switch (TypeOf(packed)) {
    case kInt:
      return bytes.Signed(position, map.width);
    case kUint:
    case kBool: {
      const uint64_t value = bytes.Unsigned(position, map.width);
      if (value > static_cast<uint64_t>(INT64_MAX)) {
        throw FlexbufferError("custom option '" + key + "' is too large");
      }
      return static_cast<int64_t>(value);
    }
    default:
      throw FlexbufferError("custom option '" + key + "' is no integer");
  }
}

}  // namespace

std::map<std::string, int64_t> ReadFlexbufferMap(const void* data, size_t size) {
  if (data == nullptr || size == 0) throw FlexbufferError("custom options are missing");
  if (size > kMaxBytes) throw FlexbufferError("custom options are longer than 65536 bytes");
  const Bytes bytes(data, size);
  const Map map = FindRoot(bytes);
  const uint64_t count = bytes.Unsigned(map.values - map.width, map.width);
  if (count > kMaxKeys) throw FlexbufferError("custom options have more than 64 keys");
  const uint64_t key_width = bytes.Unsigned(map.values - 2 * map.width, map.width);
  if (key_width != 1 && key_width != 2 && key_width != 4 && key_width != 8) {
    throw FlexbufferError("custom options have keys of an unknown width");
  }
  const size_t keys = bytes.Follow(map.values - 3 * map.width, map.width);
  const size_t types = map.values + count * map.width;

  std::map<std::string, int64_t> result;
  for (size_t i = 0; i < count; ++i) {
    const std::string key = bytes.Key(bytes.Follow(keys + i * key_width, key_width));
    result[key] = ReadValue(bytes, map, i, bytes.At(types + i), key);
  }
  return result;
}

}  // namespace bireid
