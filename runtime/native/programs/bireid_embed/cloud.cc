#include "programs/bireid_embed/cloud.h"

#include <cstring>
#include <limits>

#include "programs/bireid_embed/errors.h"
#include "programs/bireid_embed/options.h"
#include "programs/bireid_embed/regular_file.h"

namespace bireid_embed {
namespace {

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

[[noreturn]] void FailNpy(const std::string& source) {
  throw ImageError(source + ": not a .npy file of little-endian floats (M, 3), row by row");
}

// The text behind a key of the header of a .npy file, up to `end`.
std::string ValueOf(const std::string& header, const std::string& key, char end,
                    const std::string& source) {
  const size_t begin = header.find("'" + key + "': ");
  if (begin == std::string::npos) FailNpy(source);
  const size_t value = begin + key.size() + 4;
  const size_t stop = header.find(end, value);
  if (stop == std::string::npos) FailNpy(source);
  return header.substr(value, stop - value);
}

// M of "(M, 3".
size_t RowsOf(const std::string& shape, const std::string& source) {
  const std::string columns = ", 3";
  if (shape.size() <= columns.size() + 1 || shape[0] != '(' || !EndsWith(shape, columns)) {
    FailNpy(source);
  }
  const std::string rows = shape.substr(1, shape.size() - columns.size() - 1);
  if (rows.find_first_not_of("0123456789") != std::string::npos) FailNpy(source);
  try {
    return static_cast<size_t>(ParseInteger(rows, 0, kMaxPoints, source + ": the points"));
  } catch (const UsageError& error) {
    throw ImageError(error.what());
  }
}

}  // namespace

float ToFloat(double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  if (value > kLargest) return std::numeric_limits<float>::infinity();
  if (value < -kLargest) return -std::numeric_limits<float>::infinity();
  return static_cast<float>(value);
}

std::vector<float> ParseNpy(const std::vector<uint8_t>& file, const std::string& source) {
  constexpr char kMagic[] = "\x93NUMPY";
  constexpr size_t kMagicSize = sizeof(kMagic) - 1;
  constexpr size_t kLongest = 12;  // magic, version, and the header's length in 4 bytes
  if (file.size() < kLongest || std::memcmp(file.data(), kMagic, kMagicSize) != 0) FailNpy(source);
  const uint8_t version = file[kMagicSize];
  if (version < 1 || version > 3) FailNpy(source);
  size_t begin = version == 1 ? kLongest - 2 : kLongest;
  size_t length = file[8] | static_cast<size_t>(file[9]) << 8;
  if (version > 1) {
    length |= static_cast<size_t>(file[10]) << 16 | static_cast<size_t>(file[11]) << 24;
  }
  if (length > file.size() - begin) FailNpy(source);
  const std::string header(file.begin() + static_cast<std::ptrdiff_t>(begin),
                           file.begin() + static_cast<std::ptrdiff_t>(begin + length));
  begin += length;
  const std::string type = ValueOf(header, "descr", ',', source);
  const bool is_double = type == "'<f8'";
  if ((type != "'<f4'" && !is_double) || ValueOf(header, "fortran_order", ',', source) != "False") {
    FailNpy(source);
  }
  const size_t count = RowsOf(ValueOf(header, "shape", ')', source), source) * kAxes;
  const size_t size = is_double ? sizeof(double) : sizeof(float);
  if (file.size() - begin != count * size) {
    throw ImageError(source + ": " + std::to_string(file.size() - begin) + " bytes of numbers, " +
                     std::to_string(count * size) + " are promised");
  }
  std::vector<float> points(count);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* number = file.data() + begin + i * size;
    if (is_double) {
      double value;
      std::memcpy(&value, number, sizeof(value));
      points[i] = ToFloat(value);
    } else {
      std::memcpy(&points[i], number, sizeof(float));
    }
  }
  return points;
}

std::vector<float> ReadCloudFile(const std::string& path) {
  const bool is_npy = EndsWith(path, ".npy");
  if (!is_npy && !EndsWith(path, ".ply")) {
    throw ImageError(path + ": a point cloud is a .npy or a .ply file");
  }
  const std::vector<uint8_t> file = ReadRegularFile(path, kMaxCloudBytes);
  return is_npy ? ParseNpy(file, path) : ParsePly(file, path);
}

}  // namespace bireid_embed
