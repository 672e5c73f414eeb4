// Files of the safetensors layout: 8 bytes with the length of a JSON header, the header, the data.
#ifndef BIREID_ENGINE_SAFETENSORS_H_
#define BIREID_ENGINE_SAFETENSORS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bireid {

struct StoredTensor {
  std::string type;  // "U8" or "F32"
  std::vector<int64_t> shape;
  const uint8_t* data;  // not aligned
  size_t bytes;         // as type and shape say

  // "F32 [2, 3]"; for messages.
  std::string Describe() const;
};

// The tensors by name; they point into `file`, whose name for messages is `source`. Throws
// BundleError: damaged, or the data is not covered by the tensors without gap and overlap;
// UnsupportedError: another type.
std::map<std::string, StoredTensor> ParseSafetensors(const std::vector<uint8_t>& file,
                                                     const std::string& source);

}  // namespace bireid

#endif  // BIREID_ENGINE_SAFETENSORS_H_
