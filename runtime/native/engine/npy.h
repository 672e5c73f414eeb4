// NumPy's .npy format, version 1.0, as numpy.save writes it.
#ifndef BIREID_ENGINE_NPY_H_
#define BIREID_ENGINE_NPY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bireid {

struct NpyArray {
  std::string type;  // "|u1", "<f4" or "<f8"
  std::vector<size_t> shape;
  const uint8_t* data;  // in the file; row by row, not aligned
  size_t bytes;

  // For messages: "<f4 (3, 256)".
  std::string Describe() const;
};

// `where` is the file and the array, for messages. Throws BundleError: no .npy 1.0, another type,
// or the data has not the size that the header claims; UnsupportedError: in Fortran order.
NpyArray ParseNpy(const uint8_t* data, size_t bytes, const std::string& where);

}  // namespace bireid

#endif  // BIREID_ENGINE_NPY_H_
