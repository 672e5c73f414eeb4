#include "plan/thread_pool.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
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
  const Clock::time_point end = Clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 64; ++i) {
      if (condition()) return true;
      Pause();
    }
  } while (Clock::now() < end);
  return false;
}

// One job at a time: a number that changes when there is a new one, and how many workers still run.
class Pool {
 public:
  std::mutex& busy() { return busy_; }

  // Makes sure of `wanted` threads beside the caller's; returns how many there are.
  int Grow(int wanted) {
    while (threads_ < wanted) {
      Start* start = &starts_[threads_];
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

  void Run(int workers, const WorkerFunction& function) {
    Barrier barrier(workers);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      function_ = &function;
      barrier_ = &barrier;
      workers_ = workers;
      running_.store(workers - 1, std::memory_order_relaxed);
      job_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    function(0, workers, barrier);
    const auto is_done = [this] { return running_.load(std::memory_order_acquire) == 0; };
    if (Spin(is_done)) return;
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, is_done);
  }

 private:
  struct Start {
    Pool* pool;
    int worker;
  };

  static void* Main(void* argument) {
    const Start* start = static_cast<const Start*>(argument);
    start->pool->Work(start->worker);
    return nullptr;
  }

  void Work(int worker) {
    uint32_t seen = 0;
    for (;;) {
      const auto has_job = [&] { return job_.load(std::memory_order_acquire) != seen; };
      if (!Spin(has_job)) {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, has_job);
      }
      const WorkerFunction* function;
      Barrier* barrier;
      int workers;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        seen = job_.load(std::memory_order_relaxed);
        function = function_;
        barrier = barrier_;
        workers = workers_;
      }
      if (worker >= workers) continue;
      (*function)(worker, workers, *barrier);
      const std::lock_guard<std::mutex> lock(mutex_);
      if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_.notify_one();
    }
  }

  std::mutex busy_;
  int threads_ = 0;
  Start starts_[kMaxThreads];  // of every thread, for as long as it runs
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::atomic<uint32_t> job_{0};
  std::atomic<int> running_{0};
  const WorkerFunction* function_ = nullptr;
  Barrier* barrier_ = nullptr;
  int workers_ = 0;
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

void RunAlone(const WorkerFunction& function) {
  Barrier alone(1);
  function(0, 1, alone);
}

}  // namespace

void Barrier::Wait() {
  if (workers_ == 1) return;
  const uint32_t generation = generation_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == workers_) {
    arrived_.store(0, std::memory_order_relaxed);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    changed_.notify_all();
    return;
  }
  const auto moved_on = [&] { return generation_.load(std::memory_order_acquire) != generation; };
  if (Spin(moved_on)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, moved_on);
}

void RunOnThreads(int threads, const WorkerFunction& function) {
  if (threads <= 1) return RunAlone(function);
  Pool* pool = SharedPool();
  if (pool == nullptr) return RunAlone(function);
  const std::unique_lock<std::mutex> lock(pool->busy(), std::try_to_lock);
  if (!lock.owns_lock()) return RunAlone(function);
  const int others = pool->Grow((threads < kMaxThreads ? threads : kMaxThreads) - 1);
  if (others == 0) return RunAlone(function);
  pool->Run(others + 1, function);
}

}  // namespace bireid
