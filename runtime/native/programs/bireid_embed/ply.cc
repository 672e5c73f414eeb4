// The points of PLY files, as in bireid_deploy/data/clouds/ply.py.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "programs/bireid_embed/cloud.h"
#include "programs/bireid_embed/errors.h"
#include "programs/bireid_embed/options.h"

namespace bireid_embed {
namespace {

constexpr size_t kMaxHeaderBytes = size_t{1} << 16;

using Decode = double (*)(const uint8_t* bytes);

template <typename Number>
double DecodeAs(const uint8_t* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof(number));
  return static_cast<double>(number);
}

struct Type {
  const char* names[2];
  size_t size;
  Decode decode;
};

constexpr Type kTypes[] = {
    {{"char", "int8"}, 1, DecodeAs<int8_t>},    {{"uchar", "uint8"}, 1, DecodeAs<uint8_t>},
    {{"short", "int16"}, 2, DecodeAs<int16_t>}, {{"ushort", "uint16"}, 2, DecodeAs<uint16_t>},
    {{"int", "int32"}, 4, DecodeAs<int32_t>},   {{"uint", "uint32"}, 4, DecodeAs<uint32_t>},
    {{"float", "float32"}, 4, DecodeAs<float>}, {{"double", "float64"}, 8, DecodeAs<double>},
};

const Type* FindType(const std::string& name) {
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type& type) {
    return name == type.names[0] || name == type.names[1];
  });
  return found == std::end(kTypes) ? nullptr : found;
}

struct Property {
  std::string name;
  const Type* type;
  size_t offset;  // in a binary vertex
};

class Reader {
 public:
  Reader(const std::vector<uint8_t>& file, const std::string& source)
      : file_(file), source_(source) {}

  std::vector<float> Read() {
    ReadHeader();
    std::array<size_t, kAxes> columns;
    for (int axis = 0; axis < kAxes; ++axis) columns[axis] = ColumnOf(std::string(1, "xyz"[axis]));
    return is_text_ ? ReadText(columns) : ReadBinary(columns);
  }

 private:
  [[noreturn]] void Fail(const std::string& problem) const {
    throw ImageError(source_ + ": " + problem);
  }

  // The next line of the header without its end; false behind kMaxHeaderBytes or the file.
  bool NextLine(std::string* line) {
    const size_t limit = std::min(file_.size(), kMaxHeaderBytes);
    const auto begin = file_.begin() + static_cast<std::ptrdiff_t>(place_);
    const auto stop = file_.begin() + static_cast<std::ptrdiff_t>(limit);
    const auto end = std::find(begin, stop, '\n');
    if (end == stop) return false;
    line->assign(begin, end);
    if (!line->empty() && line->back() == '\r') line->pop_back();
    place_ = static_cast<size_t>(end - file_.begin()) + 1;
    return true;
  }

  std::vector<std::string> NextWords() {
    for (std::string line; NextLine(&line);) {
      std::istringstream stream(line);
      std::vector<std::string> words;
      for (std::string word; stream >> word;) words.push_back(word);
      if (words.empty() || words[0] == "comment" || words[0] == "obj_info") continue;
      return words;
    }
    Fail("not a PLY file, or its header is cut off");
  }

  void ReadHeader() {
    std::string line;
    if (!NextLine(&line) || line != "ply") Fail("not a PLY file, or its header is cut off");
    std::vector<std::string> words = NextWords();
    is_text_ = words.size() == 3 && words[1] == "ascii";
    if (words.size() != 3 || words[0] != "format" ||
        (!is_text_ && words[1] != "binary_little_endian")) {
      Fail("a PLY file of another format than ascii or binary_little_endian");
    }
    words = NextWords();
    if (words.size() != 3 || words[0] != "element" || words[1] != "vertex") {
      Fail("its first element must be 'vertex'");
    }
    try {
      count_ = static_cast<size_t>(ParseInteger(words[2], 0, kMaxPoints, "the vertices"));
    } catch (const UsageError& error) {
      Fail(error.what());
    }
    for (words = NextWords(); words[0] == "property"; words = NextWords()) AddProperty(words);
    while (words[0] != "end_header") words = NextWords();
  }

  void AddProperty(const std::vector<std::string>& words) {
    const Type* type = words.size() == 3 ? FindType(words[1]) : nullptr;
    if (type == nullptr) Fail("a property of a vertex is not understood");
    for (const Property& each : properties_) {
      if (each.name == words[2]) Fail("a vertex has a property twice");
    }
    properties_.push_back({words[2], type, vertex_bytes_});
    vertex_bytes_ += type->size;
  }

  size_t ColumnOf(const std::string& name) const {
    for (size_t i = 0; i < properties_.size(); ++i) {
      if (properties_[i].name == name) return i;
    }
    Fail("a vertex must have x, y and z");
  }

  std::vector<float> ReadBinary(const std::array<size_t, kAxes>& columns) const {
    if ((file_.size() - place_) / vertex_bytes_ < count_) {
      Fail("cut off: " + std::to_string(count_) + " vertices are not there");
    }
    std::vector<float> points;
    for (size_t i = 0; i < count_; ++i) {
      const uint8_t* vertex = file_.data() + place_ + i * vertex_bytes_;
      for (const size_t column : columns) {
        const Property& property = properties_[column];
        points.push_back(ToFloat(property.type->decode(vertex + property.offset)));
      }
    }
    return points;
  }

  std::vector<float> ReadText(const std::array<size_t, kAxes>& columns) const {
    std::istringstream stream(
        std::string(file_.begin() + static_cast<std::ptrdiff_t>(place_), file_.end()));
    std::vector<float> points;
    std::vector<double> numbers;
    for (size_t i = 0; i < count_; ++i) {
      std::string line;
      std::getline(stream, line);
      std::istringstream words(line);
      numbers.clear();
      for (std::string word; words >> word;) {
        char* end = nullptr;
        numbers.push_back(std::strtod(word.c_str(), &end));
        if (*end != '\0') Fail("a vertex holds something else than numbers");
      }
      if (numbers.size() != properties_.size()) {
        Fail("each of " + std::to_string(count_) + " vertices must be a line of " +
             std::to_string(properties_.size()) + " numbers");
      }
      for (const size_t column : columns) points.push_back(ToFloat(numbers[column]));
    }
    return points;
  }

  const std::vector<uint8_t>& file_;
  const std::string& source_;
  size_t place_ = 0;
  bool is_text_ = false;
  size_t count_ = 0;
  size_t vertex_bytes_ = 0;
  std::vector<Property> properties_;
};

}  // namespace

std::vector<float> ParsePly(const std::vector<uint8_t>& file, const std::string& source) {
  return Reader(file, source).Read();
}

}  // namespace bireid_embed
