// A file descriptor that closes itself.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_FILE_DESCRIPTOR_H_
#define BIREID_PROGRAMS_BIREID_EMBED_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace bireid_embed {

class FileDescriptor {
 public:
  // Below 0: none.
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_FILE_DESCRIPTOR_H_
