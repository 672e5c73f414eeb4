// Any bytes as the options of a custom operator: they are read or refused, whatever they are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "formats/flexbuffer_map.h"
#include "tests/lce_options.h"

namespace {

// Memory of its own, so that a sanitizer sees a read past either end.
void Read(const std::vector<char>& bytes) {
  try {
    const std::map<std::string, int64_t> options =
        bireid::ReadFlexbufferMap(bytes.data(), bytes.size());
    if (options.size() > 64) std::abort();
    for (const auto& [key, value] : options) {
      if (key.size() > 64) std::abort();
    }
  } catch (const bireid::FlexbufferError&) {
  }
}

// Real options with pairs of input bytes as (position, new value).
void ReadChanged(const std::string& options, const uint8_t* data, size_t size) {
  std::vector<char> bytes(options.begin(), options.end());
  for (size_t i = 0; i + 1 < size; i += 2) {
    bytes[data[i] % bytes.size()] = static_cast<char>(data[i + 1]);
  }
  Read(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Read(std::vector<char>(data, data + size));
  ReadChanged(bireid::kNarrowOptions, data, size);
  ReadChanged(bireid::kWideOptions, data, size);
  return 0;
}
