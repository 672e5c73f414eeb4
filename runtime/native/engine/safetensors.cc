#include "engine/safetensors.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/errors.h"
#include "engine/json.h"
#include "engine/text.h"

namespace bireid {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxHeaderBytes = size_t{1} << 20;
constexpr size_t kMaxRank = 8;
constexpr char kMetadata[] = "__metadata__";
constexpr char kNotTiled[] = "its tensors do not cover the data without gap and overlap";

[[noreturn]] void Damaged(const std::string& source, const std::string& problem) {
  throw BundleError(source + ": " + problem + "; copy the bundle again");
}

// The JSON header; what is behind it is the data.
std::string_view HeaderOf(const std::vector<uint8_t>& file, const std::string& source) {
  if (file.size() < kLengthBytes) Damaged(source, "too short to be a safetensors file");
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= uint64_t{file[i]} << (8 * i);
  if (length > kMaxHeaderBytes || length > file.size() - kLengthBytes) {
    Damaged(source, "its header is longer than the file or than 1 MiB");
  }
  return {reinterpret_cast<const char*>(file.data()) + kLengthBytes, static_cast<size_t>(length)};
}

// Bytes of a tensor of at most `limit` bytes; more is one more than that.
size_t BytesOf(const StoredTensor& tensor, size_t limit) {
  size_t bytes = tensor.type == "F32" ? sizeof(float) : 1;
  for (const int64_t size : tensor.shape) {
    if (size == 0) return 0;
    if (static_cast<uint64_t>(size) > limit / bytes) return limit + 1;
    bytes *= static_cast<size_t>(size);
  }
  return bytes;
}

struct Placed {
  size_t begin;
  size_t end;
};

Placed ReadPlace(const JsonSection& entry, size_t data_bytes) {
  const auto offsets = entry.Integers("data_offsets", 2);
  if (offsets.size() != 2 || !offsets[0] || !offsets[1] || *offsets[0] > *offsets[1] ||
      static_cast<uint64_t>(*offsets[1]) > data_bytes) {
    entry.Fail("data_offsets", "must be the begin and the end of a part of the data");
  }
  return {static_cast<size_t>(*offsets[0]), static_cast<size_t>(*offsets[1])};
}

StoredTensor ReadTensor(const JsonSection& entry, const uint8_t* data, const Placed& place) {
  StoredTensor tensor{entry.Text("dtype"), {}, data + place.begin, place.end - place.begin};
  if (tensor.type != "U8" && tensor.type != "F32") {
    throw UnsupportedError(entry.source() + ": " + Printable(entry.Dotted("dtype")) + " is '" +
                           Printable(tensor.type) + "'; this engine reads U8 and F32");
  }
  for (const auto& size : entry.Integers("shape", kMaxRank)) {
    if (!size) entry.Fail("shape", "must hold whole numbers");
    tensor.shape.push_back(*size);
  }
  if (BytesOf(tensor, tensor.bytes) != tensor.bytes) {
    entry.Fail("data_offsets", "is not as long as dtype and shape say");
  }
  return tensor;
}

}  // namespace

std::string StoredTensor::Describe() const {
  std::string text;
  for (const int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return type + " [" + text + "]";
}

std::map<std::string, StoredTensor> ParseSafetensors(const std::vector<uint8_t>& file,
                                                     const std::string& source) {
  const std::string_view header = HeaderOf(file, source);
  if (header.empty() || header.front() != '{') Damaged(source, "its header does not begin with {");
  const uint8_t* data = file.data() + kLengthBytes + header.size();
  const size_t data_bytes = file.size() - kLengthBytes - header.size();
  const JsonDocument document(header, source);
  const JsonSection root(document);
  std::map<std::string, StoredTensor> tensors;
  std::vector<Placed> places;
  for (const std::string& name : root.Keys()) {
    const JsonSection entry = root.Section(name);
    if (name == kMetadata) continue;
    places.push_back(ReadPlace(entry, data_bytes));
    tensors.emplace(name, ReadTensor(entry, data, places.back()));
  }
  std::sort(places.begin(), places.end(), [](const Placed& a, const Placed& b) {
    return std::make_pair(a.begin, a.end) < std::make_pair(b.begin, b.end);
  });
  size_t covered = 0;
  for (const Placed& place : places) {
    if (place.begin != covered) Damaged(source, kNotTiled);
    covered = place.end;
  }
  if (covered != data_bytes) Damaged(source, kNotTiled);
  return tensors;
}

}  // namespace bireid
