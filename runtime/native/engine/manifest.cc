#include "engine/manifest.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "engine/errors.h"
#include "engine/file.h"
#include "engine/json.h"
#include "engine/text.h"

namespace bireid {
namespace {

constexpr int64_t kSchemaVersion = 1;
constexpr int64_t kMaxSchemaVersion = int64_t{1} << 31;
constexpr int64_t kMaxInputSide = 4096;
constexpr int64_t kMaxEmbeddingDim = 65536;
constexpr size_t kMaxFiles = 256;
constexpr std::string_view kFingerprintPrefix = "sha256:";
constexpr int kAnyBatch = -1;  // null in a shape

bool IsSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void CheckSchema(const JsonSection& manifest) {
  const int64_t version = manifest.Integer("schema_version", 0, kMaxSchemaVersion);
  if (version != kSchemaVersion) {
    throw UnsupportedError(manifest.source() + ": key 'schema_version' is " +
                           std::to_string(version) + "; this engine reads " +
                           std::to_string(kSchemaVersion) +
                           ": install the version of bireid that matches the bundle");
  }
  for (const char* key : {"training", "parity", "binarisation", "toolchain", "licences"}) {
    manifest.Section(key);
  }
  manifest.Array("metrics");
}

void RequireSupported(const JsonSection& section, const char* key, const std::string& value,
                      const std::string& supported) {
  if (value == supported) return;
  throw UnsupportedError(section.source() + ": " + section.Dotted(key) + " is '" + value +
                         "'; this version supports '" + supported + "' only");
}

void RequireText(const JsonSection& section, const char* key, const char* supported) {
  RequireSupported(section, key, Printable(section.Text(key)), supported);
}

void RequireTrue(const JsonSection& section, const char* key) {
  RequireSupported(section, key, section.Boolean(key) ? "true" : "false", "true");
}

void ReadPreprocess(const JsonSection& preprocess, Manifest* manifest) {
  // An option that is not understood would silently change every embedding.
  preprocess.RefuseUnknown(
      {"height", "width", "color_order", "resize", "antialias", "mean", "std"});
  const std::array<double, 3> mean = preprocess.Triple("mean");
  const std::array<double, 3> std = preprocess.Triple("std");
  std::copy(mean.begin(), mean.end(), manifest->mean);
  std::copy(std.begin(), std.end(), manifest->std);
  // As float32, which divides the pixels: a tiny double is 0 there.
  for (const float value : manifest->std) {
    if (!(value > 0)) preprocess.Fail("std", "must be positive");
  }
  manifest->height = static_cast<int>(preprocess.Integer("height", 1, kMaxInputSide));
  manifest->width = static_cast<int>(preprocess.Integer("width", 1, kMaxInputSide));
  RequireText(preprocess, "resize", "bilinear");
  RequireTrue(preprocess, "antialias");
  RequireText(preprocess, "color_order", "RGB");
}

int ReadEmbedding(const JsonSection& embedding) {
  RequireTrue(embedding, "normalized");
  RequireText(embedding, "metric", "cosine");
  return static_cast<int>(embedding.Integer("dim", 1, kMaxEmbeddingDim));
}

// Whether a JSON array is a shape; null stands for kAnyBatch.
bool HasShape(const cJSON* array, const std::vector<int>& shape) {
  const cJSON* element = array->child;
  for (const int side : shape) {
    if (element == nullptr) return false;
    const bool equal = side == kAnyBatch ? cJSON_IsNull(element)
                                         : cJSON_IsNumber(element) && element->valuedouble == side;
    if (!equal) return false;
    element = element->next;
  }
  return element == nullptr;
}

std::string ReadTensor(const JsonSection& tensor, const std::vector<int>& shape) {
  RequireText(tensor, "dtype", "float32");
  if (!HasShape(tensor.Array("shape"), shape)) {
    std::string expected;
    for (const int side : shape) {
      expected += (expected.empty() ? "" : ", ");
      expected += side == kAnyBatch ? "null" : std::to_string(side);
    }
    tensor.Fail("shape", "must be [" + expected + "] to agree with preprocess and embedding");
  }
  return tensor.Text("name");
}

std::string ReadFingerprint(const JsonSection& manifest) {
  const std::string fingerprint = manifest.Text("fingerprint");
  const std::string_view text = fingerprint;
  if (text.substr(0, kFingerprintPrefix.size()) != kFingerprintPrefix ||
      !IsSha256(text.substr(kFingerprintPrefix.size()))) {
    manifest.Fail("fingerprint", "must be 'sha256:' and 64 hexadecimal digits");
  }
  return fingerprint;
}

std::vector<Manifest::File> ReadFiles(const JsonSection& section) {
  const std::vector<std::string> names = section.Keys();
  if (names.size() > kMaxFiles) {
    throw BundleError(section.source() + ": more than " + std::to_string(kMaxFiles) + " files");
  }
  std::vector<Manifest::File> files;
  for (const std::string& name : names) {
    if (!IsPlainFileName(name)) section.Fail(name, "is not a plain file name");
    const JsonSection entry = section.Section(name);
    Manifest::File file{name, entry.Text("format"), entry.Text("sha256"),
                        entry.Integer("bytes", 0, kMaxFileBytes)};
    if (!IsSha256(file.sha256)) {
      entry.Fail("sha256", "must be 64 lower-case hexadecimal digits");
    }
    for (const Manifest::File& other : files) {
      if (other.format == file.format) {
        entry.Fail("format", "is '" + Printable(file.format) + "', like that of " + other.name);
      }
    }
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

Manifest ParseManifest(const std::vector<uint8_t>& json, const std::string& source) {
  const JsonDocument document(json, source);
  const JsonSection root(document);
  CheckSchema(root);
  Manifest manifest;
  manifest.files = ReadFiles(root.Section("files"));
  ReadPreprocess(root.Section("preprocess"), &manifest);
  manifest.embedding_dim = ReadEmbedding(root.Section("embedding"));
  const JsonSection io = root.Section("io");
  const JsonSection input = io.Section("input");
  RequireText(input, "layout", "NHWC");
  manifest.input_name = ReadTensor(input, {kAnyBatch, manifest.height, manifest.width, 3});
  manifest.output_name = ReadTensor(io.Section("output"), {kAnyBatch, manifest.embedding_dim});
  manifest.name = root.Text("name");
  manifest.fingerprint = ReadFingerprint(root);
  return manifest;
}

}  // namespace bireid
