// What the program tells its caller, and by which exit code.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_ERRORS_H_
#define BIREID_PROGRAMS_BIREID_EMBED_ERRORS_H_

#include <stdexcept>
#include <string>

#include "engine/bireid.h"

namespace bireid_embed {

// The exit codes of `bireid-deploy`.
enum ExitCode { kOk = 0, kBug = 1, kUsage = 2, kCheckFailed = 3, kUnsupported = 6 };

// The command line makes no sense.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An image, or a point cloud, cannot be read.
class ImageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The system refuses something; `errno` says why.
class SystemError : public std::runtime_error {
 public:
  SystemError(const std::string& what, int error_number);
};

// Standard output cannot be written; what it has got may end within a line.
class OutputError : public SystemError {
 public:
  explicit OutputError(int error_number);
};

// A call of the engine failed.
class EngineError : public std::runtime_error {
 public:
  EngineError(bireid_status status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  ExitCode exit_code() const;

 private:
  bireid_status status_;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_ERRORS_H_
