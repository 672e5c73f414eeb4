// What golden maps decode to, by which a device checks its decoding.
#ifndef BIREID_ENGINE_GOLDEN_DECODED_H_
#define BIREID_ENGINE_GOLDEN_DECODED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/golden.h"

namespace bireid {

// [output][item]: rows of the output's decoder behind one another, finite; of all items together
// one list; none of an output that has no decoder.
using DecodedGolden = std::vector<std::vector<std::vector<float>>>;

// Reads a file of tensors "decoded/NAME/I". `source` is the file, for messages. Throws BundleError:
// damaged, or it holds other tensors than the manifest says; UnsupportedError: other types.
DecodedGolden ParseDecodedGolden(const std::vector<uint8_t>& file, const Manifest& manifest,
                                 const std::string& source);

// Decodes the golden maps. Returns the first output and item whose rows differ in a single number,
// as "output 'NAME', item I"; empty if there is none.
std::string FindOtherDecoding(const Manifest& manifest, const Golden& golden,
                              const DecodedGolden& expected);

}  // namespace bireid

#endif  // BIREID_ENGINE_GOLDEN_DECODED_H_
