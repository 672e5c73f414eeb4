// Threads are no use beyond the CPUs that a process may use: its affinity mask and its cgroups say.
#include "plan/usable_cpus.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace bireid {
namespace {

namespace fs = std::filesystem;

class Cgroups : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ =
        fs::path(::testing::TempDir()) /
        ("cgroups-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  int Cpus() { return CpusOfCgroups((root_ / "membership").string(), root_.string()); }

  fs::path root_;
};

TEST_F(Cgroups, NothingIsNoLimit) {
  EXPECT_EQ(Cpus(), 0);
  Write("membership", "0::/\n");
  EXPECT_EQ(Cpus(), 0);
  Write("cpu.max", "max 100000\n");
  EXPECT_EQ(Cpus(), 0);
}

TEST_F(Cgroups, VersionTwoRoundsUp) {
  Write("membership", "0::/a/b\n");
  Write("a/b/cpu.max", "150000 100000\n");
  EXPECT_EQ(Cpus(), 2);
  Write("a/b/cpu.max", "20000 100000\n");
  EXPECT_EQ(Cpus(), 1);
}

TEST_F(Cgroups, AGroupAboveMayLeaveLess) {
  Write("membership", "0::/a/b\n");
  Write("a/b/cpu.max", "800000 100000\n");
  Write("a/cpu.max", "300000 100000\n");
  EXPECT_EQ(Cpus(), 3);
  Write("cpu.max", "200000 100000\n");
  EXPECT_EQ(Cpus(), 2);
}

TEST_F(Cgroups, VersionOneIsFoundByItsController) {
  Write("membership", "3:memory:/m\n2:cpu,cpuacct:/docker/x\n");
  Write("memory/m/cpu.max", "100000 100000\n");
  Write("cpu,cpuacct/docker/x/cpu.cfs_quota_us", "-1\n");
  Write("cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Cpus(), 0);
  Write("cpu,cpuacct/docker/x/cpu.cfs_quota_us", "400000\n");
  EXPECT_EQ(Cpus(), 4);
}

TEST_F(Cgroups, StrangeContentIsNoLimit) {
  for (const char* text : {"", ":", "::", "0::", "0::x\n", "0::/a\n\n:::\n"}) {
    Write("membership", text);
    Write("a/cpu.max", "99999999999999999999999 x\n");
    EXPECT_GE(Cpus(), 0) << text;
  }
  Write("membership", "0::/a\n");
  Write("a/cpu.max", "100 0\n");
  EXPECT_EQ(Cpus(), 0);
}

TEST(UsableCpus, AreThoseOfTheAffinityMask) {
  // In a thread of its own, whose mask ends with it.
  std::thread([] {
    cpu_set_t all, one;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    EXPECT_GE(UsableCpus(), 1);
    EXPECT_LE(UsableCpus(), CPU_COUNT(&all));
    int first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(UsableCpus(), 1);
  }).join();
}

}  // namespace
}  // namespace bireid
