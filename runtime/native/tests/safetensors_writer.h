// Writes files of the safetensors layout, right or wrong.
#ifndef BIREID_TESTS_SAFETENSORS_WRITER_H_
#define BIREID_TESTS_SAFETENSORS_WRITER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bireid {

template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

// `shape` as in "[2, 3]".
struct WrittenTensor {
  std::string name;
  std::string type;
  std::string shape;
  std::string data;
};

using WrittenTensors = std::vector<WrittenTensor>;

inline std::vector<uint8_t> SafetensorsOf(const std::string& header, const std::string& data) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(uint64_t{header.size()} >> (8 * i));
  file += header + data;
  return {file.begin(), file.end()};
}

inline std::vector<uint8_t> Safetensors(const WrittenTensors& tensors) {
  std::string header;
  std::string data;
  for (const WrittenTensor& tensor : tensors) {
    const std::string begin = std::to_string(data.size());
    data += tensor.data;
    header += (header.empty() ? "" : ", ") + ("\"" + tensor.name) + "\": {\"dtype\": \"" +
              tensor.type + "\", \"shape\": " + tensor.shape + ", \"data_offsets\": [" + begin +
              ", " + std::to_string(data.size()) + "]}";
  }
  return SafetensorsOf("{" + header + "}", data);
}

}  // namespace bireid

#endif  // BIREID_TESTS_SAFETENSORS_WRITER_H_
