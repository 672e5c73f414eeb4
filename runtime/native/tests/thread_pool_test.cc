// The pool that plans share: it must lose no work, let no worker run ahead, and never hang. Run it
// under ThreadSanitizer too when the pool changes.
#include "plan/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "tests/plan_runner.h"
#include "tests/random_graph.h"

namespace bireid {
namespace {

constexpr int kPhases = 5;

// Runs phases in which every worker writes its place and, after the barrier, reads all places.
// Returns whether each worker saw what all had written. Places are plain integers: without the
// barrier this would be a race.
bool PhasesAreInStep(int threads) {
  std::vector<int> places(std::max(1, threads));
  std::atomic<int> started{0};
  std::atomic<int> mistakes{0};
  int group = 0;
  RunOnThreads(threads, [&](int worker, int workers, Barrier& barrier) {
    ++started;
    if (worker == 0) group = workers;
    for (int phase = 1; phase <= kPhases; ++phase) {
      places[worker] = phase;
      barrier.Wait();
      const int sum = std::accumulate(places.begin(), places.end(), 0);
      if (sum != workers * phase) ++mistakes;
      barrier.Wait();
    }
  });
  return mistakes == 0 && started == group && group >= 1 && group <= std::max(1, threads);
}

TEST(ThreadPool, WorkersMeetAtEveryBarrier) {
  for (int run = 0; run < 300; ++run) {
    for (const int threads : {-1, 0, 1, 2, 3, 4}) {
      EXPECT_TRUE(PhasesAreInStep(threads)) << threads;
    }
  }
}

TEST(ThreadPool, TakesAsManyThreadsAsAskedForWhenItIsIdle) {
  for (const int threads : {4, 2, 3, 1}) {
    int group = 0;
    RunOnThreads(threads, [&](int worker, int workers, Barrier&) {
      if (worker == 0) group = workers;
    });
    EXPECT_EQ(group, threads);
  }
}

TEST(ThreadPool, CallersDoNotWaitForEachOther) {
  constexpr int kCallers = 4;
  constexpr int kRuns = 200;
  std::vector<int> right(kCallers);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&right, caller] {
      for (int run = 0; run < kRuns; ++run)
        right[caller] += PhasesAreInStep(2 + (caller + run) % 3);
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, std::vector<int>(kCallers, kRuns));
}

TEST(ThreadPool, AForkedChildHasAPoolOfItsOwn) {
  ASSERT_TRUE(PhasesAreInStep(3));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(PhasesAreInStep(3) ? 0 : 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(PhasesAreInStep(3));
}

TEST(ThreadPool, ManySmallPlansFromManyThreads) {
  constexpr int kCallers = 4;
  constexpr int kGraphs = 12;
  std::vector<int> wrong(kCallers);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&wrong, caller] {
      for (uint32_t seed = 0; seed < kGraphs; ++seed) {
        RandomGraph random(seed * kCallers + caller);
        const std::vector<Bytes> inputs = random.Inputs();
        const std::vector<Bytes> expected = GraphInterpreter::Run(random.graph(), inputs);
        const auto plan = BuildPlanAndForget(random.graph(), OptionsFor("auto", 2 + seed % 3));
        for (char run = 0; run < 10; ++run) {
          wrong[caller] += RunGuarded(*plan, random.graph(), inputs, run) != expected;
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, std::vector<int>(kCallers));
}

}  // namespace
}  // namespace bireid
