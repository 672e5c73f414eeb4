// SHA256SUMS, the list of all files of a bundle.
#ifndef BIREID_ENGINE_CHECKSUMS_H_
#define BIREID_ENGINE_CHECKSUMS_H_

#include <string>
#include <vector>

#include "engine/manifest.h"

namespace bireid {

// Compares SHA256SUMS of a bundle with its manifest, and every file with both. Throws BundleError.
void VerifyChecksums(const std::string& directory, const std::vector<Manifest::File>& files);

}  // namespace bireid

#endif  // BIREID_ENGINE_CHECKSUMS_H_
