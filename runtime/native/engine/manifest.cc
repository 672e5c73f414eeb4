#include "engine/manifest.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "engine/errors.h"
#include "engine/file.h"
#include "engine/json.h"
#include "engine/kinds.h"
#include "engine/text.h"

namespace bireid {
namespace {

constexpr int64_t kSchemaVersion = 2;
constexpr int64_t kMaxSchemaVersion = int64_t{1} << 31;
constexpr size_t kMaxFiles = 256;
constexpr size_t kMaxNameLength = 64;
constexpr std::string_view kFingerprintPrefix = "sha256:";

bool IsSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void CheckSchema(const JsonSection& manifest) {
  const int64_t version = manifest.Integer("schema_version", 0, kMaxSchemaVersion);
  if (version != kSchemaVersion) {
    throw UnsupportedError(manifest.source() + ": schema_version is " + std::to_string(version) +
                           "; this runtime reads " + std::to_string(kSchemaVersion) + ": " +
                           (version < kSchemaVersion
                                ? "convert the run again"
                                : "install the version of bireid that matches the bundle"));
  }
  for (const char* key : {"training", "parity", "binarisation", "toolchain", "licences"}) {
    manifest.Section(key);
  }
  manifest.RequireArray("metrics");
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

std::string ReadSha256(const JsonSection& entry) {
  std::string sha256 = entry.Text("sha256");
  if (!IsSha256(sha256)) entry.Fail("sha256", "must be 64 lower-case hexadecimal digits");
  return sha256;
}

void ReadShape(const JsonSection& section, TensorSpec* tensor) {
  const auto sizes = section.Integers("shape", 1 + kMaxItemRank);
  if (sizes.size() < 2 || sizes[0].has_value()) {
    section.Fail("shape", "must be null, for the batch, and 1 to 7 numbers");
  }
  tensor->elements = 1;
  for (size_t i = 1; i < sizes.size(); ++i) {
    if (!sizes[i].has_value() || *sizes[i] < 1) section.Fail("shape", "must be positive");
    if (*sizes[i] > kMaxItemElements / tensor->elements) {
      section.Fail("shape", "gives an item more than 2^28 elements");
    }
    tensor->elements *= *sizes[i];
    tensor->shape.push_back(static_cast<int>(*sizes[i]));
  }
}

// Name, type and shape of inputs or outputs, and what their kind needs.
template <typename Spec, typename FindKind>
std::vector<Spec> ReadEnds(const JsonSection& manifest, const char* key, FindKind find_kind) {
  std::vector<Spec> specs;
  std::set<std::string> names;
  for (const JsonSection& section : manifest.Sections(key, 1, kMaxEnds)) {
    Spec spec;
    spec.name = section.Text("name");
    if (!IsPlainFileName(spec.name) || spec.name.size() > kMaxNameLength) {
      section.Fail("name", "must be a letter or digit, then up to 63 of those and '_.-'");
    }
    if (!names.insert(spec.name).second) section.Fail("name", "is '" + spec.name + "' once more");
    section.RequireText("dtype", "float32");
    ReadShape(section, &spec);
    spec.kind = &find_kind(section);
    spec.kind->read(section, &spec);
    specs.push_back(std::move(spec));
  }
  return specs;
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
    Manifest::File file{name, entry.Text("format"), ReadSha256(entry),
                        entry.Integer("bytes", 0, kMaxFileBytes)};
    for (const Manifest::File& other : files) {
      if (other.format == file.format) {
        entry.Fail("format", "is '" + Printable(file.format) + "', like that of " + other.name);
      }
    }
    files.push_back(std::move(file));
  }
  return files;
}

Tolerance ReadTolerance(const JsonSection& section, const OutputSpec& output) {
  Tolerance tolerance{section.Number("max_abs", 0, std::numeric_limits<double>::max()), -1};
  if (tolerance.max_abs == 0) section.Fail("max_abs", "must be positive");
  if (output.kind->has_cosine) tolerance.min_cosine = section.Number("min_cosine", -1, 1);
  return tolerance;
}

Manifest::Golden ReadGoldenSection(const JsonSection& section,
                                   const std::vector<OutputSpec>& outputs) {
  Manifest::Golden golden;
  golden.name = section.Text("file");
  if (!IsPlainFileName(golden.name)) section.Fail("file", "is not a plain file name");
  golden.sha256 = ReadSha256(section);
  golden.bytes = section.Integer("bytes", 0, kMaxGoldenBytes);
  golden.items = static_cast<int>(section.Integer("items", 1, kMaxGoldenItems));
  const JsonSection tolerances = section.Section("tolerances");
  for (const OutputSpec& output : outputs) {
    golden.tolerances.push_back(ReadTolerance(tolerances.Section(output.name), output));
  }
  return golden;
}

// The name of a file beside models and golden items.
std::string ReadOtherName(const JsonSection& section, const Manifest& manifest) {
  const std::string name = section.Text("file");
  if (!IsPlainFileName(name)) section.Fail("file", "is not a plain file name");
  const Manifest::Golden& golden = manifest.golden;
  const bool is_model = std::any_of(manifest.files.begin(), manifest.files.end(),
                                    [&](const Manifest::File& file) { return file.name == name; });
  if (is_model || name == golden.name || (golden.decoded && name == golden.decoded->name)) {
    section.Fail("file", "is a file of another purpose");
  }
  return name;
}

AdaptationSpec ReadAdaptation(const JsonSection& section, const Manifest& manifest) {
  std::map<std::string, int64_t> sizes;
  for (const Manifest::File& file : manifest.files) sizes[file.name] = file.bytes;
  const auto embeddings =
      std::count_if(manifest.outputs.begin(), manifest.outputs.end(), [](const OutputSpec& output) {
        return output.kind->name == std::string_view(kEmbeddingKind);
      });
  AdaptationSpec adaptation = ReadAdaptationSpec(section, sizes, static_cast<size_t>(embeddings));
  adaptation.name = ReadOtherName(section, manifest);
  adaptation.sha256 = ReadSha256(section);
  adaptation.bytes = section.Integer("bytes", 0, kMaxAdaptationBytes);
  return adaptation;
}

}  // namespace

Manifest ParseManifest(const std::vector<uint8_t>& json, const std::string& source) {
  const JsonDocument document(
      std::string_view(reinterpret_cast<const char*>(json.data()), json.size()), source);
  const JsonSection root(document);
  CheckSchema(root);
  Manifest manifest;
  manifest.name = root.Text("name");
  manifest.task = root.Text("task");
  manifest.fingerprint = ReadFingerprint(root);
  manifest.inputs = ReadEnds<InputSpec>(root, "inputs", FindInputKind);
  manifest.outputs = ReadEnds<OutputSpec>(root, "outputs", FindOutputKind);
  manifest.files = ReadFiles(root.Section("files"));
  const JsonSection golden = root.Section("golden");
  manifest.golden = ReadGoldenSection(golden, manifest.outputs);
  if (golden.Has("decoded")) {
    const JsonSection decoded = golden.Section("decoded");
    manifest.golden.decoded = {ReadOtherName(decoded, manifest), ReadSha256(decoded),
                               decoded.Integer("bytes", 0, kMaxGoldenBytes)};
  }
  if (root.Has("adaptation")) {
    manifest.adaptation = ReadAdaptation(root.Section("adaptation"), manifest);
    manifest.golden.cameras =
        ReadGoldenCameras(golden, *manifest.adaptation, manifest.golden.items, kMaxGoldenItems);
  } else if (golden.Has("cameras")) {
    golden.Fail("cameras", "goes with the key 'adaptation' alone");
  }
  return manifest;
}

}  // namespace bireid
