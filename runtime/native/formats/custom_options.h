// Reads the options of custom operators: a FlexBuffer, whoever hands it over.
#ifndef BIREID_FORMATS_CUSTOM_OPTIONS_H_
#define BIREID_FORMATS_CUSTOM_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "plan/graph.h"

namespace bireid {

// The bytes are untrusted. All throw PlanError with the reason if they are missing, malformed or of
// an unknown kind; numbers are not judged here.
class CustomOptions {
 public:
  CustomOptions(const void* data, size_t bytes);

  int Integer(const char* key) const;
  // As LCE writes them.
  Padding PaddingAt(const char* key) const;
  Activation ActivationAt(const char* key) const;

 private:
  std::map<std::string, int64_t> values_;
};

}  // namespace bireid

#endif  // BIREID_FORMATS_CUSTOM_OPTIONS_H_
