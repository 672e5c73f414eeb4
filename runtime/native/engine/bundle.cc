#include "engine/bundle.h"

#include <unistd.h>

#include "engine/checksums.h"
#include "engine/errors.h"
#include "engine/file.h"
#include "engine/text.h"

namespace bireid {
namespace {

constexpr char kModelFormat[] = "lce";

void RequireSize(const std::string& path, int64_t actual, int64_t expected) {
  if (actual == expected) return;
  throw BundleError(path + ": " + std::to_string(actual) + " bytes, the manifest says " +
                    std::to_string(expected) + "; copy the bundle again");
}

}  // namespace

Bundle Bundle::Open(const std::string& directory, bool verify) {
  if (!IsDirectory(directory)) {
    throw BundleError(directory + ": not a directory; a bundle is a directory with " +
                      kManifestName);
  }
  const std::string source = JoinPath(directory, kManifestName);
  if (access(source.c_str(), F_OK) != 0) {
    throw BundleError(directory + ": not a bundle, there is no " + kManifestName + " in it");
  }
  const std::vector<uint8_t> json =
      ReadFile(FileInside(directory, kManifestName), kMaxManifestBytes);
  Manifest manifest = ParseManifest(json, source);
  for (const Manifest::File& file : manifest.files) {
    const std::string path = FileInside(directory, file.name);
    RequireSize(path, FileSize(path), file.bytes);
  }
  if (verify) VerifyChecksums(directory, manifest.files);
  return Bundle(directory, std::move(manifest));
}

const Manifest::File& Bundle::FindModel() const {
  std::string present;
  for (const Manifest::File& file : manifest_.files) {
    if (file.format == kModelFormat) return file;
    present += (present.empty() ? "" : ", ") + Printable(file.format);
  }
  throw BundleError(directory_ + ": no file of format '" + kModelFormat +
                    "'; present: " + (present.empty() ? "none" : present));
}

std::string Bundle::model_path() const { return FileInside(directory_, FindModel().name); }

std::vector<uint8_t> Bundle::ReadModel() const {
  const std::string path = model_path();
  std::vector<uint8_t> model = ReadFile(path, static_cast<size_t>(kMaxFileBytes));
  RequireSize(path, static_cast<int64_t>(model.size()), FindModel().bytes);
  return model;
}

Golden Bundle::ReadGolden() const {
  const std::string path = FileInside(directory_, kGoldenName);
  Golden golden = ParseGolden(ReadFile(path, kMaxGoldenBytes), path);
  if (golden.dim != manifest_.embedding_dim) {
    throw BundleError(path + ": embeddings have " + std::to_string(golden.dim) +
                      " components, the manifest says " + std::to_string(manifest_.embedding_dim));
  }
  return golden;
}

}  // namespace bireid
