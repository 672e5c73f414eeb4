// How many CPUs this process may use at a time.
#ifndef BIREID_PLAN_USABLE_CPUS_H_
#define BIREID_PLAN_USABLE_CPUS_H_

#include <string>

namespace bireid {

// The CPUs of the calling thread's affinity mask, or fewer where a cgroup limits the process to
// less time than theirs; at least 1. More threads than that only wait for each other. Never throws.
int UsableCpus();

// The time that cgroups leave a process, in CPUs, rounded up; 0: no limit, or none that can be
// read. `membership` is a file like /proc/self/cgroup, `root` where the file systems of cgroups are
// mounted. Both versions count, and every group above the process's own. Never throws.
int CpusOfCgroups(const std::string& membership, const std::string& root);

}  // namespace bireid

#endif  // BIREID_PLAN_USABLE_CPUS_H_
