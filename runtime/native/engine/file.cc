#include "engine/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "engine/errors.h"
#include "engine/sha256.h"
#include "engine/text.h"

namespace bireid {
namespace {

constexpr size_t kMaxNameLength = 128;
constexpr size_t kHashedAtOnce = size_t{1} << 16;

[[noreturn]] void FailToRead(const std::string& path) {
  throw BundleError(path + ": cannot be read: " + std::system_category().message(errno));
}

class OpenFile {
 public:
  // Not blocking: a pipe in place of the file would wait for a writer for ever.
  explicit OpenFile(const std::string& path)
      : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0) FailToRead(path_);
  }
  ~OpenFile() { close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  // In bytes; -1: not a regular file.
  int64_t Size() const {
    struct stat status;
    if (fstat(descriptor_, &status) != 0) FailToRead(path_);
    return S_ISREG(status.st_mode) ? static_cast<int64_t>(status.st_size) : -1;
  }

  size_t SizeWithin(size_t limit) const {
    const int64_t size = Size();
    if (size < 0) throw BundleError(path_ + ": not a regular file");
    if (static_cast<uint64_t>(size) > limit) {
      throw BundleError(path_ + ": larger than the limit of " + std::to_string(limit) + " bytes");
    }
    return static_cast<size_t>(size);
  }

  // Up to `bytes` bytes, fewer at the end of the file only.
  size_t Read(uint8_t* buffer, size_t bytes) const {
    size_t done = 0;
    while (done < bytes) {
      const ssize_t count = read(descriptor_, buffer + done, bytes - done);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) FailToRead(path_);
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

 private:
  const std::string path_;
  const int descriptor_;
};

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (real == nullptr) FailToRead(path);
  return real.get();
}

// Where the files of a snapshot lie, `snapshots/REVISION/...` beside `blobs/`: that is how the
// cache of Hugging Face keeps what it has downloaded. Empty for another directory.
std::string BlobsOf(const std::string& root) {
  const size_t at = root.rfind("/snapshots/");
  return at == std::string::npos ? "" : root.substr(0, at) + "/blobs";
}

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

std::vector<uint8_t> ReadFile(const std::string& path, size_t limit) {
  const OpenFile file(path);
  std::vector<uint8_t> data(file.SizeWithin(limit));
  data.resize(file.Read(data.data(), data.size()));
  return data;
}

int64_t FileSize(const std::string& path) {
  const int64_t size = OpenFile(path).Size();
  if (size < 0) throw BundleError(path + ": not a regular file");
  return size;
}

std::string FileSha256(const std::string& path, size_t limit) {
  const OpenFile file(path);
  size_t left = file.SizeWithin(limit);
  std::vector<uint8_t> buffer(kHashedAtOnce);
  Sha256 sha256;
  while (left > 0) {
    const size_t count = file.Read(buffer.data(), std::min(left, buffer.size()));
    if (count == 0) break;
    sha256.Update(buffer.data(), count);
    left -= count;
  }
  return sha256.Hex();
}

bool IsDirectory(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  if (descriptor >= 0) {
    close(descriptor);
    return true;
  }
  if (errno == ENOENT || errno == ENOTDIR) return false;
  FailToRead(path);
}

std::string JoinPath(const std::string& directory, std::string_view name) {
  const bool ends = !directory.empty() && directory.back() == '/';
  return directory + (ends ? "" : "/") + std::string(name);
}

bool IsPlainFileName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength && IsAlphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

std::string FileInside(const std::string& directory, std::string_view name) {
  if (!IsPlainFileName(name)) {
    throw BundleError(directory + ": '" + Printable(name) + "' is not a plain file name");
  }
  const std::string path = JoinPath(directory, name);
  if (access(path.c_str(), F_OK) != 0) {
    if (errno != ENOENT) FailToRead(path);
    throw BundleError(directory + ": the bundle has no file " + std::string(name));
  }
  // Before it is opened: a link could lead to a device.
  const std::string real = RealPath(path);
  const std::string parent = real.substr(0, real.rfind('/'));
  const std::string root = RealPath(directory);
  if (parent != (root == "/" ? "" : root) && parent != BlobsOf(root)) {
    throw BundleError(path + ": a link that leads out of the bundle");
  }
  if (OpenFile(path).Size() < 0) {
    throw BundleError(directory + ": the bundle has no file " + std::string(name) +
                      ", but something else of that name");
  }
  return path;
}

}  // namespace bireid
