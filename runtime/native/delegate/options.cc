#include "delegate/options.h"

#include <unistd.h>

#include <charconv>
#include <stdexcept>
#include <string_view>

#include "kernels/dispatch.h"

namespace bireid {
namespace {

constexpr int kMaxThreads = 256;

[[noreturn]] void Refuse(std::string_view key, std::string_view value, const std::string& reason) {
  throw std::invalid_argument("option " + std::string(key) + " is '" + std::string(value) + "'; " +
                              reason);
}

Fuse ParseFuse(std::string_view value) {
  if (value == "backbone") return Fuse::kBackbone;
  if (value == "none") return Fuse::kNone;
  Refuse("fuse", value, "it must be backbone or none");
}

int ParseThreads(std::string_view value) {
  int threads = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, threads);
  if (error != std::errc() || rest != end || threads < 1 || threads > kMaxThreads) {
    Refuse("threads", value, "it must be a whole number from 1 to " + std::to_string(kMaxThreads));
  }
  return threads;
}

const KernelTable* ParseIsa(std::string_view value) {
  const KernelTable* kernels = FindKernels(value);
  if (kernels == nullptr) {
    Refuse("isa", value,
           "it must be auto, scalar, avx2, avx512 or neon, and one that this CPU and this build "
           "have");
  }
  return kernels;
}

// The file is written when the delegate is destroyed, which cannot report an error.
std::string ParseProfile(std::string_view value) {
  const std::string path(value);
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (path.empty() || path.back() == '/' || access(folder.c_str(), W_OK | X_OK) != 0) {
    Refuse("profile", value, "it must be a file in a folder that can be written");
  }
  return path;
}

}  // namespace

DelegateOptions ParseDelegateOptions(const char* const* keys, const char* const* values,
                                     size_t count) {
  DelegateOptions options;
  std::string_view isa = "auto";
  for (size_t i = 0; i < count; ++i) {
    if (keys[i] == nullptr || values[i] == nullptr) {
      throw std::invalid_argument("option " + std::to_string(i) + " has no key or no value");
    }
    const std::string_view key = keys[i];
    const std::string_view value = values[i];
    if (key == "fuse") {
      options.fuse = ParseFuse(value);
    } else if (key == "threads") {
      options.threads = ParseThreads(value);
    } else if (key == "isa") {
      isa = value;
    } else if (key == "profile") {
      options.profile = ParseProfile(value);
    } else {
      throw std::invalid_argument("no option '" + std::string(key) +
                                  "'; known: fuse, isa, profile, threads");
    }
  }
  options.kernels = ParseIsa(isa);
  return options;
}

}  // namespace bireid
