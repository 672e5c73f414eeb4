// Collects the time that steps took and writes it when the last holder lets go.
#ifndef BIREID_PLAN_PROFILE_LOG_H_
#define BIREID_PLAN_PROFILE_LOG_H_

#include <string>
#include <utility>
#include <vector>

#include "plan/plan.h"

namespace bireid {

// Whether a file may be made there; its folder must exist. The file itself comes at the end, when
// nobody can be told any more.
bool CanKeepProfile(const std::string& path);

// Shared by the delegate and its kernels, because LiteRT lets go of kernels one by one: when an
// input is resized, and when the interpreter is destroyed.
class ProfileLog {
 public:
  explicit ProfileLog(std::string path) : path_(std::move(path)) {}
  ProfileLog(const ProfileLog&) = delete;
  ProfileLog& operator=(const ProfileLog&) = delete;
  // Writes the file atomically: a JSON array of the steps, with the fields of StepProfile.
  ~ProfileLog();

  // Steps of the same name are added up.
  void Add(const std::vector<StepProfile>& steps);

 private:
  std::string path_;
  std::vector<StepProfile> steps_;
};

}  // namespace bireid

#endif  // BIREID_PLAN_PROFILE_LOG_H_
