// Reads the options of custom operators: a FlexBuffer whose root is a map of integers.
#ifndef BIREID_FORMATS_FLEXBUFFER_MAP_H_
#define BIREID_FORMATS_FLEXBUFFER_MAP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

namespace bireid {

class FlexbufferError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The map of a FlexBuffer of `size` bytes, which are untrusted. Throws FlexbufferError if they are
// not a map of integers or booleans, or exceed what any operator has: 64 KiB, 64 keys of 64
// characters.
std::map<std::string, int64_t> ReadFlexbufferMap(const void* data, size_t size);

}  // namespace bireid

#endif  // BIREID_FORMATS_FLEXBUFFER_MAP_H_
