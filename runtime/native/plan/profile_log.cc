#include "plan/profile_log.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>

namespace bireid {
namespace {

// Names are our own (operators and numbers), so nothing in them needs escaping.
std::string ToJson(const std::vector<StepProfile>& steps) {
  std::string json = "[";
  for (const StepProfile& step : steps) {
    json += json.size() == 1 ? "\n" : ",\n";
    json += R"( {"name": ")" + step.name + R"(", "runs": )" + std::to_string(step.runs) +
            R"(, "nanoseconds": )" + std::to_string(step.nanoseconds) +
            R"(, "fastest_nanoseconds": )" + std::to_string(step.fastest_nanoseconds) + "}";
  }
  return json + "\n]\n";
}

bool WriteAtomically(const std::string& path, const std::string& text) {
  const std::string temporary = path + "." + std::to_string(getpid()) + ".tmp";
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  if (file == nullptr) return false;
  bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  written = std::fflush(file) == 0 && written;
  written = fsync(fileno(file)) == 0 && written;
  written = std::fclose(file) == 0 && written;
  written = written && std::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) std::remove(temporary.c_str());
  return written;
}

}  // namespace

bool CanKeepProfile(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return !path.empty() && path.back() != '/' && access(folder.c_str(), W_OK | X_OK) == 0;
}

ProfileLog::~ProfileLog() {
  // There is nobody to tell by now.
  try {
    if (!WriteAtomically(path_, ToJson(steps_))) {
      std::fprintf(stderr, "bireid: the profile %s cannot be written\n", path_.c_str());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bireid: the profile cannot be written: %s\n", error.what());
  }
}

void ProfileLog::Add(const std::vector<StepProfile>& steps) {
  for (const StepProfile& step : steps) {
    bool known = false;
    for (StepProfile& sum : steps_) {
      if (sum.name != step.name) continue;
      known = true;
      if (step.runs == 0) break;
      sum.fastest_nanoseconds = sum.runs == 0
                                    ? step.fastest_nanoseconds
                                    : std::min(sum.fastest_nanoseconds, step.fastest_nanoseconds);
      sum.runs += step.runs;
      sum.nanoseconds += step.nanoseconds;
      break;
    }
    if (!known) steps_.push_back(step);
  }
}

}  // namespace bireid
