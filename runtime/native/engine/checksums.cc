#include "engine/checksums.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "engine/errors.h"
#include "engine/file.h"
#include "engine/golden.h"

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

void VerifyChecksums(const std::string& directory, const std::vector<Manifest::File>& files) {
  const std::string source = FileInside(directory, kChecksumsName);
  const std::vector<uint8_t> text = ReadFile(source, kMaxManifestBytes);
  const std::map<std::string, std::string> listed = ParseChecksums(
      std::string_view(reinterpret_cast<const char*>(text.data()), text.size()), source);

  const auto require = [&](const std::string& name) {
    if (listed.count(name) == 0) {
      throw BundleError(source + ": " + name + " is not listed; write the bundle again");
    }
  };
  require(kManifestName);
  if (access(JoinPath(directory, kGoldenName).c_str(), F_OK) == 0) require(kGoldenName);
  for (const Manifest::File& file : files) {
    require(file.name);
    if (listed.at(file.name) != file.sha256) {
      throw BundleError(source + ": the SHA-256 of " + file.name + " is not that of the manifest");
    }
  }
  for (const auto& [name, expected] : listed) {
    const std::string path = FileInside(directory, name);
    if (FileSha256(path, static_cast<size_t>(kMaxFileBytes)) != expected) {
      throw BundleError(path + ": SHA-256 mismatch; copy the bundle again");
    }
  }
}

}  // namespace bireid
