#include "engine/checksums.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "engine/errors.h"
#include "engine/file.h"

namespace bireid {
namespace {

constexpr char kChecksumsName[] = "SHA256SUMS";
constexpr size_t kDigits = 64;

// SHA-256 by name. A line is "SHA-256  name", as sha256sum writes it.
std::map<std::string, std::string> ParseChecksums(std::string_view text,
                                                  const std::string& source) {
  std::map<std::string, std::string> listed;
  for (int number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const std::string_view digits = line.substr(0, kDigits);
    const bool valid = line.size() > kDigits + 2 && line[kDigits] == ' ' &&
                       (line[kDigits + 1] == ' ' || line[kDigits + 1] == '*') &&
                       digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (!valid || !listed.emplace(line.substr(kDigits + 2), digits).second) {
      throw BundleError(source + ": line " + std::to_string(number) +
                        " is not 'SHA-256  name' of a new file");
    }
  }
  return listed;
}

}  // namespace

void VerifyChecksums(const std::string& directory, const Manifest& manifest,
                     const KnownHashes& known) {
  const std::string source = FileInside(directory, kChecksumsName);
  const std::vector<uint8_t> text = ReadFile(source, kMaxManifestBytes);
  const std::map<std::string, std::string> listed = ParseChecksums(
      std::string_view(reinterpret_cast<const char*>(text.data()), text.size()), source);

  const auto require = [&](const std::string& name) {
    const auto found = listed.find(name);
    if (found != listed.end()) return found->second;
    throw BundleError(source + ": " + name + " is not listed; write the bundle again");
  };
  const auto require_same = [&](const std::string& name, const std::string& sha256) {
    if (require(name) == sha256) return;
    throw BundleError(source + ": the SHA-256 of " + name + " is not that of the manifest");
  };
  require(kManifestName);
  require_same(manifest.golden.name, manifest.golden.sha256);
  if (const auto& decoded = manifest.golden.decoded) require_same(decoded->name, decoded->sha256);
  if (manifest.adaptation) require_same(manifest.adaptation->name, manifest.adaptation->sha256);
  for (const Manifest::File& file : manifest.files) require_same(file.name, file.sha256);
  for (const auto& [name, expected] : listed) {
    const std::string path = FileInside(directory, name);
    const auto found = known.find(name);
    const std::string actual =
        found != known.end() ? found->second : FileSha256(path, static_cast<size_t>(kMaxFileBytes));
    if (actual != expected) throw BundleError(path + ": SHA-256 mismatch; copy the bundle again");
  }
}

}  // namespace bireid
