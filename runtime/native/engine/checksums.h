// SHA256SUMS, the list of all files of a bundle.
#ifndef BIREID_ENGINE_CHECKSUMS_H_
#define BIREID_ENGINE_CHECKSUMS_H_

#include <map>
#include <string>

#include "engine/manifest.h"

namespace bireid {

// SHA-256 of files by name, of those whose bytes have been read already.
using KnownHashes = std::map<std::string, std::string>;

// Compares SHA256SUMS of a bundle with its manifest, and every file with both. Throws BundleError.
void VerifyChecksums(const std::string& directory, const Manifest& manifest,
                     const KnownHashes& known);

}  // namespace bireid

#endif  // BIREID_ENGINE_CHECKSUMS_H_
