#include "engine/bundle.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "engine/checksums.h"
#include "engine/errors.h"
#include "engine/file.h"
#include "engine/kinds.h"
#include "engine/sha256.h"
#include "engine/text.h"

namespace bireid {
namespace {

// Of a 1-bit network the 1-bit file, though its real-valued counterpart lies beside.
constexpr const char* kModelFormats[] = {"lce", "float"};
constexpr size_t kAlignment = 8;

void RequireSize(const std::string& path, int64_t actual, int64_t expected) {
  if (actual == expected) return;
  throw BundleError(path + ": " + std::to_string(actual) + " bytes, the manifest says " +
                    std::to_string(expected) + "; copy the bundle again");
}

std::vector<uint8_t> ReadManifestFile(const std::string& directory) {
  if (!IsDirectory(directory)) {
    throw BundleError(directory + ": not a directory; a bundle is a directory with " +
                      kManifestName);
  }
  if (access(JoinPath(directory, kManifestName).c_str(), F_OK) != 0) {
    throw BundleError(directory + ": not a bundle, there is no " + kManifestName + " in it");
  }
  return ReadFile(FileInside(directory, kManifestName), kMaxManifestBytes);
}

Manifest ParseManifestOf(const std::string& directory, const std::vector<uint8_t>& json) {
  return ParseManifest(json, JoinPath(directory, kManifestName));
}

}  // namespace

Bundle Bundle::Open(const std::string& directory, bool verify) {
  const std::vector<uint8_t> json = ReadManifestFile(directory);
  Bundle bundle(directory, ParseManifestOf(directory, json), verify);
  const Manifest& manifest = bundle.manifest_;
  for (const Manifest::File& file : manifest.files) {
    const std::string path = FileInside(directory, file.name);
    RequireSize(path, FileSize(path), file.bytes);
  }
  KnownHashes known;
  if (const Manifest::File* file = bundle.FindModel()) {
    ModelFile& model = bundle.model_;
    model.path = FileInside(directory, file->name);
    model.owned = ReadFile(model.path, static_cast<size_t>(kMaxFileBytes));
    model.data = model.owned.data();
    model.bytes = model.owned.size();
    RequireSize(model.path, static_cast<int64_t>(model.bytes), file->bytes);
    if (verify) known[file->name] = Sha256Hex(model.data, model.bytes);
  }
  if (verify) {
    known[kManifestName] = Sha256Hex(json.data(), json.size());
    VerifyChecksums(directory, manifest, known);
  }
  return bundle;
}

Bundle Bundle::OpenAround(const std::string& directory, const void* model, size_t bytes) {
  Bundle bundle(directory, ParseManifestOf(directory, ReadManifestFile(directory)), true);
  if (const Manifest::File* file = bundle.FindModel()) bundle.TakeGiven(*file, model, bytes);
  return bundle;
}

Bundle Bundle::OpenInMemory(const std::string& name, const std::vector<MemoryFile>& files,
                            bool verify, const void* model, size_t model_bytes) {
  const auto given = [&](std::string_view wanted) -> const MemoryFile* {
    const auto found = std::find_if(files.begin(), files.end(),
                                    [&](const MemoryFile& each) { return each.name == wanted; });
    return found == files.end() ? nullptr : &*found;
  };
  const MemoryFile* json = given(kManifestName);
  if (json == nullptr) throw BundleError(name + ": no file " + kManifestName + " is given");
  if (json->bytes > kMaxManifestBytes) {
    throw BundleError(name + ": " + kManifestName + " is larger than a manifest may be");
  }
  Memory memory;
  const auto keep = [&](const MemoryFile& file) {
    memory[file.name].assign(file.data, file.data + file.bytes);
  };
  keep(*json);
  Bundle bundle(name, ParseManifestOf(name, memory[kManifestName]), verify);
  const Manifest& manifest = bundle.manifest_;
  const auto keep_given = [&](const std::string& wanted) {
    if (const MemoryFile* found = given(wanted)) keep(*found);
  };
  keep_given(manifest.golden.name);
  if (manifest.golden.decoded) keep_given(manifest.golden.decoded->name);
  if (manifest.adaptation) keep_given(manifest.adaptation->name);
  const Manifest::File* file = bundle.FindModel();
  const MemoryFile* among = file == nullptr ? nullptr : given(file->name);
  // Other cameras open it once more.
  if (among != nullptr && manifest.adaptation) keep(*among);
  if (file != nullptr && model != nullptr) {
    bundle.TakeGiven(*file, model, model_bytes);
  } else if (file != nullptr) {
    if (among == nullptr) throw BundleError(name + ": no file " + file->name + " is given");
    bundle.TakeGiven(*file, among->data, among->bytes);
    if (verify && Sha256Hex(among->data, among->bytes) != file->sha256) {
      throw BundleError(bundle.model_.path + ": SHA-256 mismatch; copy the bundle again");
    }
  }
  bundle.memory_ = std::make_shared<const Memory>(std::move(memory));
  return bundle;
}

Bundle Bundle::Reopen() const {
  std::vector<MemoryFile> files;
  for (const auto& [name, bytes] : *memory_) files.push_back({name, bytes.data(), bytes.size()});
  return OpenInMemory(directory_, files, verify_);
}

// The model in the memory of the caller, or a copy if it is not aligned there.
void Bundle::TakeGiven(const Manifest::File& file, const void* model, size_t bytes) {
  model_.path = JoinPath(directory_, file.name);
  RequireSize(model_.path, static_cast<int64_t>(bytes), file.bytes);
  model_.data = static_cast<const uint8_t*>(model);
  model_.bytes = bytes;
  if (reinterpret_cast<uintptr_t>(model) % kAlignment != 0) {
    model_.owned.assign(model_.data, model_.data + bytes);
    model_.data = model_.owned.data();
  }
}

const Manifest::File* Bundle::FindModel() const {
  for (const char* format : kModelFormats) {
    const auto found =
        std::find_if(manifest_.files.begin(), manifest_.files.end(),
                     [&](const Manifest::File& file) { return file.format == format; });
    if (found != manifest_.files.end()) return &*found;
  }
  return nullptr;
}

ModelFile Bundle::TakeModel() {
  if (FindModel() != nullptr) return std::move(model_);
  std::string present;
  for (const Manifest::File& file : manifest_.files) {
    present += (present.empty() ? "" : ", ") + Printable(file.format);
  }
  throw BundleError(directory_ + ": no file of format '" + kModelFormats[0] + "' or '" +
                    kModelFormats[1] + "'; present: " + (present.empty() ? "none" : present));
}

ModelFile Bundle::TakeModel(const CameraNumbers& numbers) {
  ModelFile model = TakeModel();
  const auto patched = numbers.patches.find(FindModel()->name);
  if (patched == numbers.patches.end()) return model;
  // What belongs to the caller stays as it is.
  if (model.owned.empty()) model.owned.assign(model.data, model.data + model.bytes);
  model.data = model.owned.data();
  ApplyPatches(manifest_.adaptation->patches.at(patched->first), patched->second, model.path,
               model.owned.data());
  return model;
}

std::string Bundle::PathOf(const std::string& name) const {
  return in_memory() ? JoinPath(directory_, name) : FileInside(directory_, name);
}

int64_t Bundle::SizeOf(const std::string& name) const {
  if (!in_memory()) return FileSize(PathOf(name));
  const auto found = memory_->find(name);
  if (found != memory_->end()) return static_cast<int64_t>(found->second.size());
  throw BundleError(directory_ + ": no file " + name + " was given when it was opened");
}

// A file that the manifest names, whose limit ParseManifest has checked.
std::vector<uint8_t> Bundle::ReadChecked(const std::string& name, int64_t bytes,
                                         const std::string& sha256) const {
  const std::string path = PathOf(name);
  RequireSize(path, SizeOf(name), bytes);
  std::vector<uint8_t> file =
      in_memory() ? memory_->at(name) : ReadFile(path, static_cast<size_t>(bytes));
  RequireSize(path, static_cast<int64_t>(file.size()), bytes);
  if (verify_ && Sha256Hex(file.data(), file.size()) != sha256) {
    throw BundleError(path + ": SHA-256 mismatch; copy the bundle again");
  }
  return file;
}

Golden Bundle::ReadGolden() const {
  const Manifest::Golden& golden = manifest_.golden;
  return ParseGolden(ReadChecked(golden.name, golden.bytes, golden.sha256), manifest_,
                     JoinPath(directory_, golden.name));
}

DecodedGolden Bundle::ReadDecodedGolden() const {
  const Manifest::Decoded& decoded = *manifest_.golden.decoded;
  return ParseDecodedGolden(ReadChecked(decoded.name, decoded.bytes, decoded.sha256), manifest_,
                            JoinPath(directory_, decoded.name));
}

CameraNumbers Bundle::ReadCamera(int camera) const {
  const AdaptationSpec& spec = *manifest_.adaptation;
  int64_t dim = 0;
  for (const OutputSpec& output : manifest_.outputs) {
    if (output.kind->name == std::string_view(kEmbeddingKind)) dim = output.elements;
  }
  return ParseAdaptation(ReadChecked(spec.name, spec.bytes, spec.sha256), spec, dim, camera,
                         JoinPath(directory_, spec.name));
}

}  // namespace bireid
