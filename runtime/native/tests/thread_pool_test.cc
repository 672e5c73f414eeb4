// The pool that plans share: it must lose no work, let no phase begin early, not wait for a worker
// that has begun nothing, and never hang. Run it under ThreadSanitizer too when the pool changes.
#include "plan/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "tests/plan_runner.h"
#include "tests/random_graph.h"

namespace bireid {
namespace {

constexpr int kPhases = 5;

// Every part looks at what all parts of the phase before have written, and writes its own place.
// Places are plain integers: a part that began too early, or two at a time with one worker's
// number, would be a race.
class Phases : public PhasedWork {
 public:
  explicit Phases(int threads)
      : places_(2, std::vector<int>(std::max(1, threads))), done_(std::max(1, threads)) {}

  void Do(const Part& part) override {
    if (part.worker >= part.count || part.number >= part.count) {
      ++mistakes_;
      return;
    }
    if (part.number == 0) count_ = part.count;
    const std::vector<int>& before = places_[(part.phase + 1) % 2];
    const int sum = std::accumulate(before.begin(), before.end(), 0);
    if (sum != (part.phase == 0 ? 0 : part.count * part.phase)) ++mistakes_;
    if (part.phase != ended_) ++mistakes_;
    places_[part.phase % 2][part.number] = part.phase + 1;
    ++done_[part.worker];
  }

  void End(int phase) override {
    if (phase != ended_++) ++mistakes_;
  }

  // Whether each part was done once, and in its phase.
  bool AreRight(int phases) const {
    const int done = std::accumulate(done_.begin(), done_.end(), 0);
    return mistakes_ == 0 && ended_ == phases && count_ >= 1 && done == count_ * phases;
  }
  int count() const { return count_; }
  int DoneBy(int worker) const { return done_[worker]; }

 private:
  std::vector<std::vector<int>> places_;  // of this phase and the one before
  std::vector<int> done_;                 // of each worker
  std::atomic<int> mistakes_{0};
  int ended_ = 0;
  int count_ = 0;
};

bool PhasesAreInStep(int threads) {
  Phases work(threads);
  RunPhases(threads, kPhases, &work);
  return work.AreRight(kPhases);
}

TEST(ThreadPool, NoPhaseBeginsBeforeTheOneBeforeIsDone) {
  for (int run = 0; run < 300; ++run) {
    for (const int threads : {-1, 0, 1, 2, 3, 4}) {
      EXPECT_TRUE(PhasesAreInStep(threads)) << threads;
    }
  }
}

TEST(ThreadPool, TakesAsManyThreadsAsAskedForWhenItIsIdle) {
  for (const int threads : {4, 2, 3, 1}) {
    Phases work(threads);
    RunPhases(threads, 1, &work);
    EXPECT_EQ(work.count(), threads);
  }
}

TEST(ThreadPool, NoPhasesAreNoWork) {
  for (const int threads : {1, 2}) {
    Phases work(threads);
    RunPhases(threads, 0, &work);
    EXPECT_EQ(work.count(), 0);
  }
}

// All parts are begun before one is done: so each has a thread, and a number, of its own.
TEST(ThreadPool, WorkersWorkAtTheSameTime) {
  for (const int threads : {2, 4, 3}) {
    std::atomic<int> begun{0};
    std::vector<std::thread::id> ids(threads);
    RunParts(threads, [&](const Part& part) {
      ids[part.worker] = std::this_thread::get_id();
      ++begun;
      while (begun < threads) std::this_thread::yield();
    });
    EXPECT_EQ(ids[0], std::this_thread::get_id());
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end()) << threads;
  }
}

std::atomic<bool> is_held{false};
std::atomic<bool> may_go_on{false};

void Hold(int) {
  is_held = true;
  while (!may_go_on) {
  }
}

// A signal stops the worker wherever it is, as a scheduler does whose core has other work.
TEST(ThreadPool, AWorkerThatIsAwayIsNotWaitedFor) {
  is_held = may_go_on = false;
  pthread_t worker;
  std::atomic<int> begun{0};
  RunParts(2, [&](const Part& part) {
    if (part.worker == 1) worker = pthread_self();
    ++begun;
    while (begun < 2) std::this_thread::yield();
  });
  struct sigaction hold {};
  struct sigaction before;
  hold.sa_handler = Hold;
  ASSERT_EQ(sigaction(SIGUSR1, &hold, &before), 0);
  ASSERT_EQ(pthread_kill(worker, SIGUSR1), 0);
  while (!is_held) std::this_thread::yield();

  Phases work(2);
  RunPhases(2, 100, &work);
  EXPECT_TRUE(work.AreRight(100));
  EXPECT_EQ(work.count(), 2);
  EXPECT_EQ(work.DoneBy(1), 0);

  may_go_on = true;
  EXPECT_TRUE(PhasesAreInStep(2));
  EXPECT_EQ(sigaction(SIGUSR1, &before, nullptr), 0);
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
