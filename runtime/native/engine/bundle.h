// A bundle: the directory that carries one network from the workstation to the device.
#ifndef BIREID_ENGINE_BUNDLE_H_
#define BIREID_ENGINE_BUNDLE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/adaptation.h"
#include "engine/golden.h"
#include "engine/golden_decoded.h"
#include "engine/manifest.h"

namespace bireid {

// The bytes of a model file, aligned to 8; its name is for messages.
struct ModelFile {
  ModelFile() = default;
  ModelFile(ModelFile&&) = default;
  ModelFile& operator=(ModelFile&&) = default;

  std::string path;
  const uint8_t* data = nullptr;
  size_t bytes = 0;
  std::vector<uint8_t> owned;  // where `data` lies, unless that is the caller's
};

// A file of a bundle that the caller has in memory.
struct MemoryFile {
  std::string name;
  const uint8_t* data = nullptr;
  size_t bytes = 0;
};

class Bundle {
 public:
  // Reads the manifest and the file of format "lce" or "float", once, and checks names and sizes of
  // all files; with `verify` also the SHA-256 of each. What is used are the bytes that were
  // checked. Throws BundleError or UnsupportedError.
  static Bundle Open(const std::string& directory, bool verify);

  // Reads the manifest alone: the caller has read and checked the model.
  static Bundle OpenAround(const std::string& directory, const void* model, size_t bytes);

  // The same from memory: of `files` it takes the manifest, the file of format "lce" or "float",
  // and if they are there golden items and numbers of cameras; the sizes of them, with `verify`
  // their SHA-256 as well, must be those of the manifest. `name` is for messages. What the bundle
  // needs later it copies; the model is the caller's until TakeModel's file is gone. Throws
  // BundleError or UnsupportedError.
  //
  // A model that is given apart, as of OpenAround, is taken instead of the one among the files.
  static Bundle OpenInMemory(const std::string& name, const std::vector<MemoryFile>& files,
                             bool verify, const void* model = nullptr, size_t model_bytes = 0);

  // Whether it was, and then once more the same, from what it copied.
  bool in_memory() const { return memory_ != nullptr; }
  Bundle Reopen() const;

  const Manifest& manifest() const { return manifest_; }
  const std::string& directory() const { return directory_; }

  // The file of format "lce" or "float", once. Throws BundleError listing the formats there are.
  ModelFile TakeModel();

  // The same with the numbers of a camera in it.
  ModelFile TakeModel(const CameraNumbers& numbers);

  // The numbers of a camera, by its position, of a bundle that is adapted. With `verify` of Open
  // their SHA-256 is that of the manifest. Throws as ParseAdaptation.
  CameraNumbers ReadCamera(int camera) const;

  // With `verify` of Open its SHA-256 is that of the manifest. Throws BundleError as well when the
  // items are not what the manifest says.
  Golden ReadGolden() const;

  // The same of what the golden maps decode to, where the manifest names such a file.
  DecodedGolden ReadDecodedGolden() const;

 private:
  Bundle(std::string directory, Manifest manifest, bool verify)
      : directory_(std::move(directory)), manifest_(std::move(manifest)), verify_(verify) {}

  const Manifest::File* FindModel() const;
  void TakeGiven(const Manifest::File& file, const void* model, size_t bytes);
  std::string PathOf(const std::string& name) const;
  int64_t SizeOf(const std::string& name) const;
  std::vector<uint8_t> ReadChecked(const std::string& name, int64_t bytes,
                                   const std::string& sha256) const;

  std::string directory_;
  Manifest manifest_;
  bool verify_;
  ModelFile model_;
  using Memory = std::map<std::string, std::vector<uint8_t>>;
  std::shared_ptr<const Memory> memory_;  // null: files are in the directory
};

}  // namespace bireid

#endif  // BIREID_ENGINE_BUNDLE_H_
