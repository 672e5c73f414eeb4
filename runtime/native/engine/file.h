// Untrusted files. Every function throws BundleError when one cannot be read.
#ifndef BIREID_ENGINE_FILE_H_
#define BIREID_ENGINE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bireid {

// The whole of a regular file of at most `limit` bytes.
std::vector<uint8_t> ReadFile(const std::string& path, size_t limit);

// Size in bytes of a regular file.
int64_t FileSize(const std::string& path);

// SHA-256 of a regular file of at most `limit` bytes, as 64 lower-case hexadecimal digits.
std::string FileSha256(const std::string& path, size_t limit);

bool IsDirectory(const std::string& path);

std::string JoinPath(const std::string& directory, std::string_view name);

// A letter or digit, then up to 127 letters, digits, dots, underscores and hyphens.
bool IsPlainFileName(std::string_view name);

// Path of a regular file of a directory. Refuses every name that could lead elsewhere, through
// links as well.
std::string FileInside(const std::string& directory, std::string_view name);

}  // namespace bireid

#endif  // BIREID_ENGINE_FILE_H_
