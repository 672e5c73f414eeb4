// Writes .npz files as numpy.savez does.
#ifndef BIREID_TESTS_NPZ_WRITER_H_
#define BIREID_TESTS_NPZ_WRITER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/crc32.h"

namespace bireid {

inline std::string LittleEndian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// `type` as in "<f4", `shape` as in "(3, 2)".
inline std::string Npy(const std::string& type, const std::string& shape, const std::string& data,
                       const std::string& fortran_order = "False") {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': " + fortran_order + ", 'shape': " + shape + ", }";
  header.resize(117, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + LittleEndian(header.size(), 2) + header + data;
}

template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

// Name and content of the members of an archive.
using Members = std::vector<std::pair<std::string, std::string>>;

struct ZipFields {
  uint16_t flags = 0;
  uint16_t method = 0;
  std::string comment;
  std::string gap;  // in front of each member
};

inline std::vector<uint8_t> Zip(const Members& members, const ZipFields& fields = {}) {
  std::string archive;
  std::string directory;
  for (const auto& [name, data] : members) {
    archive += fields.gap;
    const std::string flags_to_crc = LittleEndian(fields.flags, 2) +
                                     LittleEndian(fields.method, 2) + LittleEndian(0x00210000, 4) +
                                     LittleEndian(Crc32(data.data(), data.size()), 4);
    const std::string size = LittleEndian(data.size(), 4);
    directory += std::string("PK\x01\x02-\x03-\x00", 8) + flags_to_crc + size + size +
                 LittleEndian(name.size(), 2) + std::string(12, '\0') +
                 LittleEndian(archive.size(), 4) + name;
    // numpy.savez leaves the sizes to the extra field of ZIP64.
    archive += std::string("PK\x03\x04-\x00", 6) + flags_to_crc + std::string(8, '\xff') +
               LittleEndian(name.size(), 2) + LittleEndian(20, 2) + name + LittleEndian(1, 2) +
               LittleEndian(16, 2) + LittleEndian(data.size(), 8) + LittleEndian(data.size(), 8) +
               data;
  }
  const std::string count = LittleEndian(members.size(), 2);
  const std::string end = std::string("PK\x05\x06\0\0\0\0", 8) + count + count +
                          LittleEndian(directory.size(), 4) + LittleEndian(archive.size(), 4) +
                          LittleEndian(fields.comment.size(), 2) + fields.comment;
  archive += directory + end;
  return {archive.begin(), archive.end()};
}

// Two crops and their embeddings of two components.
inline Members GoldenMembers() {
  std::string pixels;
  for (int i = 0; i < 2 * 5 * 3; ++i) pixels += static_cast<char>(200 + i);
  return {{"crop_0.npy", Npy("|u1", "(2, 5, 3)", pixels)},
          {"crop_1.npy", Npy("|u1", "(1, 1, 3)", "abc")},
          {"embeddings.npy", Npy("<f4", "(2, 2)", BytesOf<float>({0.6f, 0.8f, -1.0f, 0.0f}))},
          {"max_abs.npy", Npy("<f8", "()", BytesOf<double>({1e-3}))},
          {"min_cosine.npy", Npy("<f8", "()", BytesOf<double>({0.98}))}};
}

}  // namespace bireid

#endif  // BIREID_TESTS_NPZ_WRITER_H_
