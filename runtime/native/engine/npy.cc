#include "engine/npy.h"

#include <charconv>
#include <cstdint>
#include <string_view>

#include "engine/errors.h"

namespace bireid {
namespace {

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
constexpr size_t kMaxRank = 8;

// The dictionary that numpy.save writes, character by character.
class Header {
 public:
  Header(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  std::string Type() {
    Expect("{'descr': '");
    const size_t end = text_.find('\'');
    const std::string type(text_.substr(0, end));
    if (type != "|u1" && type != "<f4" && type != "<f8") {
      throw BundleError(where_ + ": neither uint8 nor float32 nor float64");
    }
    text_.remove_prefix(type.size());
    Expect("'");
    return type;
  }

  void RefuseFortranOrder() {
    Expect(", 'fortran_order': ");
    if (Take("True")) {
      throw UnsupportedError(where_ + ": in Fortran order; write the bundle again");
    }
    Expect("False");
  }

  // "()", "(3,)", "(3, 256)"
  std::vector<size_t> Shape() {
    Expect(", 'shape': (");
    std::vector<size_t> shape;
    if (Take(")")) return shape;
    do {
      shape.push_back(Side());
    } while (shape.size() < kMaxRank && Take(", "));
    if (shape.size() == 1) Expect(",");
    Expect(")");
    return shape;
  }

  void End() {
    Expect(", }");
    if (text_.empty() || text_.back() != '\n') Malformed();
    text_.remove_suffix(1);
    if (text_.find_first_not_of(' ') != std::string_view::npos) Malformed();
  }

 private:
  [[noreturn]] void Malformed() const {
    throw BundleError(where_ + ": its header is not one that numpy.save writes");
  }

  bool Take(std::string_view expected) {
    if (text_.substr(0, expected.size()) != expected) return false;
    text_.remove_prefix(expected.size());
    return true;
  }

  void Expect(std::string_view expected) {
    if (!Take(expected)) Malformed();
  }

  size_t Side() {
    uint32_t side = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), side);
    if (error != std::errc()) Malformed();
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    return side;
  }

  std::string_view text_;
  const std::string& where_;
};

// Whether the data has the size that the type and the shape claim; the product may be too large to
// compute.
bool HasClaimedSize(const NpyArray& array) {
  size_t claimed = array.type[2] - '0';
  for (const size_t side : array.shape) {
    if (side != 0 && claimed > SIZE_MAX / side) return false;
    claimed *= side;
  }
  return claimed == array.bytes;
}

}  // namespace

std::string NpyArray::Describe() const {
  std::string text = type + " (";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + ")";
}

NpyArray ParseNpy(const uint8_t* data, size_t bytes, const std::string& where) {
  const std::string_view file(reinterpret_cast<const char*>(data), bytes);
  if (file.size() < kMagic.size() + 2 || file.substr(0, kMagic.size()) != kMagic) {
    throw BundleError(where + ": not an .npy file of version 1.0");
  }
  const size_t header_bytes = size_t{data[8]} | size_t{data[9]} << 8;
  const size_t begin = kMagic.size() + 2;
  if (header_bytes > file.size() - begin) throw BundleError(where + ": its header is cut off");

  Header header(file.substr(begin, header_bytes), where);
  NpyArray array;
  array.type = header.Type();
  header.RefuseFortranOrder();
  array.shape = header.Shape();
  header.End();
  array.data = data + begin + header_bytes;
  array.bytes = bytes - begin - header_bytes;
  if (!HasClaimedSize(array)) {
    throw BundleError(where + ": does not have the size that its header claims");
  }
  return array;
}

}  // namespace bireid
