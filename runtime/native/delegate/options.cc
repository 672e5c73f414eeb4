#include "delegate/options.h"

#include <charconv>
#include <stdexcept>
#include <string_view>

#include "kernels/dispatch.h"
#include "plan/profile_log.h"
#include "plan/thread_pool.h"

namespace bireid {
namespace {

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
           "it must be auto, scalar, avx2, avx512f, avx512, amx or neon, and one that this CPU and "
           "this build have");
  }
  return kernels;
}

bool ParseStem(std::string_view value) {
  if (value == "uint8") return true;
  if (value == "float32") return false;
  Refuse("stem", value, "it must be float32 or uint8");
}

// Numbers with commas between them.
std::vector<float> ParseNumbers(std::string_view key, std::string_view value) {
  std::vector<float> numbers;
  const char* begin = value.data();
  const char* end = begin + value.size();
  for (;;) {
    float number = 0;
    const auto [rest, error] = std::from_chars(begin, end, number);
    if (error != std::errc() || (rest != end && *rest != ',')) {
      Refuse(key, value, "it must be numbers with commas between them, one per channel");
    }
    numbers.push_back(number);
    if (rest == end) return numbers;
    begin = rest + 1;
  }
}

void CheckPixels(bool uint8_stem, const PixelNormalization& pixels) {
  if (uint8_stem && (pixels.mean.empty() || pixels.mean.size() != pixels.std.size())) {
    throw std::invalid_argument(
        "stem=uint8 needs pixel_mean and pixel_std, with one number per channel each");
  }
  if (!uint8_stem && !(pixels.mean.empty() && pixels.std.empty())) {
    throw std::invalid_argument("pixel_mean and pixel_std are for stem=uint8 alone");
  }
}

std::string ParseProfile(std::string_view value) {
  const std::string path(value);
  if (!CanKeepProfile(path)) {
    Refuse("profile", value, "it must be a file in a folder that can be written");
  }
  return path;
}

}  // namespace

DelegateOptions ParseDelegateOptions(const char* const* keys, const char* const* values,
                                     size_t count) {
  DelegateOptions options;
  std::string_view isa = "auto";
  bool uint8_stem = false;
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
    } else if (key == "stem") {
      uint8_stem = ParseStem(value);
    } else if (key == "pixel_mean") {
      options.pixels.mean = ParseNumbers(key, value);
    } else if (key == "pixel_std") {
      options.pixels.std = ParseNumbers(key, value);
    } else {
      throw std::invalid_argument(
          "no option '" + std::string(key) +
          "'; known: fuse, isa, pixel_mean, pixel_std, profile, stem, threads");
    }
  }
  CheckPixels(uint8_stem, options.pixels);
  if (uint8_stem && options.fuse == Fuse::kNone) {
    throw std::invalid_argument("stem=uint8 needs fuse=backbone");
  }
  options.kernels = ParseIsa(isa);
  return options;
}

}  // namespace bireid
