// A bundle: the directory that carries one network from the workstation to the device.
#ifndef BIREID_ENGINE_BUNDLE_H_
#define BIREID_ENGINE_BUNDLE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/golden.h"
#include "engine/manifest.h"

namespace bireid {

class Bundle {
 public:
  // Reads the manifest and checks names and sizes of its files; with `verify` also the SHA-256 of
  // every file. Throws BundleError or UnsupportedError.
  static Bundle Open(const std::string& directory, bool verify);

  const Manifest& manifest() const { return manifest_; }

  // Of the file of format "lce". Throws BundleError, listing the formats there are.
  std::string model_path() const;

  // The file of format "lce", of the size that the manifest states.
  std::vector<uint8_t> ReadModel() const;

  // Throws BundleError as well when the embeddings are not as long as the manifest says.
  Golden ReadGolden() const;

 private:
  Bundle(std::string directory, Manifest manifest)
      : directory_(std::move(directory)), manifest_(std::move(manifest)) {}

  const Manifest::File& FindModel() const;

  std::string directory_;
  Manifest manifest_;
};

}  // namespace bireid

#endif  // BIREID_ENGINE_BUNDLE_H_
