#include "plan/usable_cpus.h"

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

namespace bireid {
namespace {

constexpr size_t kMaxFileBytes = 1 << 16;

// The first bytes of a file; empty if there is none.
std::string ReadStart(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr) return "";
  std::string text(kMaxFileBytes, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  return text;
}

// Of a share `quota` of `period` microseconds; 0: no limit.
int CpusOf(long long quota, long long period) {
  if (quota <= 0 || period <= 0) return 0;
  const long long cpus = quota / period + (quota % period != 0);
  return static_cast<int>(std::min(cpus, 1LL << 20));
}

// The limit of one group in its folder, of version 2 or 1. What is no number counts as 0: no limit.
int CpusOfGroup(const std::string& folder) {
  // "150000 100000", or "max 100000" where there is no limit.
  const std::string both = ReadStart(folder + "/cpu.max");
  if (!both.empty()) {
    char* rest = nullptr;
    const long long quota = std::strtoll(both.c_str(), &rest, 10);
    return CpusOf(quota, std::strtoll(rest, nullptr, 10));
  }
  const std::string quota = ReadStart(folder + "/cpu.cfs_quota_us");
  const std::string period = ReadStart(folder + "/cpu.cfs_period_us");
  return CpusOf(std::strtoll(quota.c_str(), nullptr, 10),
                std::strtoll(period.c_str(), nullptr, 10));
}

int Least(int one, int other) {
  if (one == 0 || other == 0) return std::max(one, other);
  return std::min(one, other);
}

// The least limit of a group and of those above it; `group` begins with a slash.
int CpusOfHierarchy(const std::string& mount, std::string group) {
  int least = 0;
  while (!group.empty()) {
    least = Least(least, CpusOfGroup(mount + group));
    group.resize(group.rfind('/'));
  }
  return Least(least, CpusOfGroup(mount));
}

// Of a line like "0::/user.slice" or "4:cpu,cpuacct:/docker/id".
int CpusOfLine(const std::string& line, const std::string& root) {
  const size_t first = line.find(':');
  const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
  if (second == std::string::npos || second + 1 >= line.size() || line[second + 1] != '/') return 0;
  const std::string controllers = line.substr(first + 1, second - first - 1);
  const std::string group = line.substr(second + 1);
  if (controllers.empty()) return CpusOfHierarchy(root, group);
  if (("," + controllers + ",").find(",cpu,") == std::string::npos) return 0;
  return Least(CpusOfHierarchy(root + "/" + controllers, group),
               CpusOfHierarchy(root + "/cpu", group));
}

int CpusOfAffinity() {
#if defined(__EMSCRIPTEN__)
  return 1;  // without workers of the page there are no threads
#else
  cpu_set_t set;
  // More CPUs than the set has room for: no limit that would matter here.
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  return CPU_COUNT(&set);
#endif
}

}  // namespace

int CpusOfCgroups(const std::string& membership, const std::string& root) {
  try {
    const std::string text = ReadStart(membership);
    int least = 0;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      least = Least(least, CpusOfLine(text.substr(begin, end - begin), root));
      begin = end + 1;
    }
    return least;
  } catch (const std::exception&) {
    return 0;  // no memory to look: as if there were no limit
  }
}

int UsableCpus() {
  static const int of_cgroups = CpusOfCgroups("/proc/self/cgroup", "/sys/fs/cgroup");
  return std::max(1, Least(CpusOfAffinity(), of_cgroups));
}

}  // namespace bireid
