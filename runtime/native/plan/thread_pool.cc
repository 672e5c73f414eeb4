#include "plan/thread_pool.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <new>

#include "plan/fork_mutex.h"

namespace bireid {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSpinTime = std::chrono::microseconds(50);

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits for `condition` without sleeping; false after kSpinTime.
template <typename Condition>
bool Spin(Condition condition) {
  if (condition()) return true;
  const Clock::time_point end = Clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 64; ++i) {
      if (condition()) return true;
      Pause();
    }
  } while (Clock::now() < end);
  return false;
}

uint64_t BitOf(int worker) { return uint64_t{1} << worker; }
uint64_t BitsBelow(int workers) { return ~uint64_t{0} >> (64 - workers); }
static_assert(kMaxThreads == 64, "workers are the bits of a word");

// One job at a time. Its phases have numbers that never come again, and a part is taken by moving
// its number on from that of the open phase: so a thread that comes too late, whatever it still
// believes, takes nothing. Who has taken a part keeps the phase, and thereby the job, open.
class Pool {
 public:
  Pool() {
    for (Slot& slot : slots_) sem_init(&slot.wake, 0, 0);
  }

  std::mutex& busy() { return busy_; }

  // Makes sure of `wanted` threads beside the caller's; returns how many there are.
  int Grow(int wanted) {
    while (threads_ < wanted) {
      Start* start = &slots_[threads_ + 1].start;
      *start = {this, threads_ + 1};
      pthread_attr_t attributes;
      pthread_attr_init(&attributes);
      pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
      pthread_t thread;
      const int failure = pthread_create(&thread, &attributes, &Pool::Main, start);
      pthread_attr_destroy(&attributes);
      if (failure != 0) break;
      ++threads_;
    }
    return threads_ < wanted ? threads_ : wanted;
  }

  void Run(int workers, int phases, PhasedWork* work) {
    const uint64_t first = open_.load(std::memory_order_relaxed) + 1;
    work_ = work;
    first_ = first;
    last_ = first + static_cast<uint64_t>(phases) - 1;
    left_.store(workers, std::memory_order_relaxed);
    for (int part = 0; part < workers; ++part) {
      slots_[part].free.store(first, std::memory_order_relaxed);
    }
    workers_.store(workers, std::memory_order_relaxed);
    open_.store(first);
    Wake(BitsBelow(workers) & ~BitOf(0));
    const uint64_t last = last_;
    for (uint64_t phase = first; phase <= last; phase = open_.load(std::memory_order_acquire)) {
      TakeParts(0, phase);
      WaitForAnother(0, phase);
    }
  }

 private:
  struct Start {
    Pool* pool;
    int worker;
  };

  // Of a worker, and of the part that has its number. So large that no two parts share a line of
  // the cache.
  struct Slot {
    std::atomic<uint64_t> free{0};  // the phase in which nobody has taken the part yet
    Start start;
    sem_t wake;
    char padding[64];
  };

  static void* Main(void* argument) {
    const Start* start = static_cast<const Start*>(argument);
    start->pool->Work(start->worker);
    return nullptr;
  }

  void Work(int worker) {
    for (;;) {
      const uint64_t phase = open_.load(std::memory_order_acquire);
      TakeParts(worker, phase);
      WaitForAnother(worker, phase);
    }
  }

  // Does what is left of a phase.
  void TakeParts(int worker, uint64_t phase) {
    // Of a later job, maybe; then `phase` has no part that is free.
    const int count = workers_.load(std::memory_order_relaxed);
    if (worker >= count) return;
    for (int i = 0; i < count; ++i) {
      const int part = worker + i < count ? worker + i : worker + i - count;
      std::atomic<uint64_t>& free = slots_[part].free;
      uint64_t expected = phase;
      if (free.load(std::memory_order_relaxed) != phase ||
          !free.compare_exchange_strong(expected, phase + 1, std::memory_order_acq_rel)) {
        continue;
      }
      work_->Do({static_cast<int>(phase - first_), part, count, worker});
      if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) return EndPhase(phase, count);
    }
  }

  // What the job left here may be another's as soon as the next phase is open.
  void EndPhase(uint64_t phase, int workers) {
    work_->End(static_cast<int>(phase - first_));
    if (phase < last_) {
      left_.store(workers, std::memory_order_relaxed);
      open_.store(phase + 1);
      Wake(BitsBelow(workers));
    } else {
      open_.store(phase + 2);  // a phase of no job: parts that were taken last say phase + 1
      Wake(BitOf(0));
    }
  }

  // Until `phase` is over and the open one is of a job that wants this worker.
  void WaitForAnother(int worker, uint64_t phase) {
    const auto is_wanted = [&] { return open_.load() != phase && worker < workers_.load(); };
    if (Spin(is_wanted)) return;
    for (;;) {
      asleep_.fetch_or(BitOf(worker));
      if (is_wanted()) break;
      sem_wait(&slots_[worker].wake);  // may come back for nothing
    }
    asleep_.fetch_and(~BitOf(worker));
  }

  // Wakes those of `workers` that sleep. Either they see what was stored before, or this sees them.
  // A post never waits, not even for a thread that has lost its core on its way to sleep.
  void Wake(uint64_t workers) {
    if ((asleep_.load() & workers) == 0) return;
    const uint64_t woken = asleep_.fetch_and(~workers) & workers;
    for (int worker = 0; worker < kMaxThreads; ++worker) {
      if ((woken & BitOf(worker)) != 0) sem_post(&slots_[worker].wake);
    }
  }

  std::mutex busy_;
  int threads_ = 0;
  Slot slots_[kMaxThreads];  // never freed: threads run to the end of the process
  std::atomic<uint64_t> open_{1};
  std::atomic<int> workers_{0};
  std::atomic<int> left_{0};  // parts of the open phase that are not done
  std::atomic<uint64_t> asleep_{0};
  // Of the job: read by those who have taken a part alone.
  PhasedWork* work_ = nullptr;
  uint64_t first_ = 0;
  uint64_t last_ = 0;
};

// The pool of this process. A forked child has none of its parent's threads, so it gets a pool of
// its own; neither is ever freed, since detached threads use it to the end of the process.
// Null if there is no memory for it.
Pool* SharedPool() {
  static ForkMutex mutex;
  static Pool* pool = nullptr;
  static pid_t owner = 0;
  const std::lock_guard<ForkMutex> lock(mutex);
  if (pool == nullptr || owner != getpid()) {
    pool = new (std::nothrow) Pool;
    owner = getpid();
  }
  return pool;
}

void RunAlone(int phases, PhasedWork* work) {
  for (int phase = 0; phase < phases; ++phase) {
    work->Do({phase, 0, 1, 0});
    work->End(phase);
  }
}

}  // namespace

void RunPhases(int threads, int phases, PhasedWork* work) {
  if (threads <= 1 || phases <= 0) return RunAlone(phases, work);
  Pool* pool = SharedPool();
  if (pool == nullptr) return RunAlone(phases, work);
  const std::unique_lock<std::mutex> lock(pool->busy(), std::try_to_lock);
  if (!lock.owns_lock()) return RunAlone(phases, work);
  const int others = pool->Grow((threads < kMaxThreads ? threads : kMaxThreads) - 1);
  if (others == 0) return RunAlone(phases, work);
  pool->Run(others + 1, phases, work);
}

}  // namespace bireid
