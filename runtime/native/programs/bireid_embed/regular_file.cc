#include "programs/bireid_embed/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "programs/bireid_embed/errors.h"

namespace bireid_embed {

FileDescriptor OpenRegular(const std::string& path) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (file.get() < 0 || fstat(file.get(), &status) != 0) throw SystemError(path, errno);
  if (!S_ISREG(status.st_mode)) throw UsageError(path + ": not a file");
  return file;
}

std::vector<uint8_t> ReadRegularFile(const std::string& path, size_t limit,
                                     const MemoryCheck& check) {
  const FileDescriptor file = OpenRegular(path);
  struct stat status;
  if (fstat(file.get(), &status) != 0) throw SystemError(path, errno);
  if (status.st_size > static_cast<off_t>(limit)) {
    throw ImageError(path + ": more than " + std::to_string(limit) + " bytes");
  }
  if (check) check(static_cast<size_t>(status.st_size));
  std::vector<uint8_t> bytes(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = read(file.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError(path, errno);
    if (count == 0) throw ImageError(path + ": became shorter while it was read");
    done += static_cast<size_t>(count);
  }
  return bytes;
}

}  // namespace bireid_embed
