#include "programs/bireid_embed/errors.h"

#include <cstring>

namespace bireid_embed {

SystemError::SystemError(const std::string& what, int error_number)
    : std::runtime_error(what + ": " + std::strerror(error_number)) {}

OutputError::OutputError(int error_number) : SystemError("writing standard output", error_number) {}

ExitCode EngineError::exit_code() const {
  switch (status_) {
    case BIREID_INVALID_ARGUMENT:
    case BIREID_BAD_BUNDLE:
      return kUsage;
    case BIREID_UNSUPPORTED:
      return kUnsupported;
    case BIREID_SELF_TEST_FAILED:
      return kCheckFailed;
    default:
      return kBug;
  }
}

}  // namespace bireid_embed
