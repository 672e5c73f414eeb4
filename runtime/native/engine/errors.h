// What can be wrong with what the engine reads. Messages are one line: what, where, what to do.
#ifndef BIREID_ENGINE_ERRORS_H_
#define BIREID_ENGINE_ERRORS_H_

#include <stdexcept>

namespace bireid {

// A bundle is missing, malformed, or not what its checksums say.
class BundleError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A schema, an operator or a network that this version does not have.
class UnsupportedError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace bireid

#endif  // BIREID_ENGINE_ERRORS_H_
