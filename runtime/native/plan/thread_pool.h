// Threads that the plans of a process share.
#ifndef BIREID_PLAN_THREAD_POOL_H_
#define BIREID_PLAN_THREAD_POOL_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <type_traits>

namespace bireid {

// A meeting point of workers. They spin for a moment, then sleep: steps of a network follow each
// other within microseconds, but a worker that waits for a busy machine must not burn it.
class Barrier {
 public:
  explicit Barrier(int workers) : workers_(workers) {}
  void Wait();

 private:
  const int workers_;
  std::atomic<int> arrived_{0};
  std::atomic<uint32_t> generation_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

// The most threads that anything here takes.
constexpr int kMaxThreads = 64;

// Work that every worker of a group runs, told its number in [0, workers). Refers to a callable,
// and so needs no memory of its own.
class WorkerFunction {
 public:
  template <typename Callable,
            typename = std::enable_if_t<!std::is_same_v<Callable, WorkerFunction>>>
  WorkerFunction(const Callable& callable)  // NOLINT: as implicit as std::function
      : callable_(&callable), call_([](const void* target, int worker, int workers, Barrier& b) {
          (*static_cast<const Callable*>(target))(worker, workers, b);
        }) {}

  void operator()(int worker, int workers, Barrier& barrier) const {
    call_(callable_, worker, workers, barrier);
  }

 private:
  const void* callable_;
  void (*call_)(const void* callable, int worker, int workers, Barrier& barrier);
};

// Runs `function` on up to `threads` workers, at most kMaxThreads, the caller being worker 0, and
// returns when all are done. With one thread, or while another plan has the pool, or if no thread
// can be started, the caller is the only worker. `function` must not throw.
void RunOnThreads(int threads, const WorkerFunction& function);

}  // namespace bireid

#endif  // BIREID_PLAN_THREAD_POOL_H_
