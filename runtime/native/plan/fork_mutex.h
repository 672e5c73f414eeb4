// A mutex that a forked child finds open.
#ifndef BIREID_PLAN_FORK_MUTEX_H_
#define BIREID_PLAN_FORK_MUTEX_H_

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <new>
#include <type_traits>

namespace bireid {

#if defined(__EMSCRIPTEN__)

using ForkMutex = std::mutex;  // nothing forks there

#else

// Where a process forks while one of its threads holds a mutex, the child has the mutex and not the
// thread: it would wait for ever. Here the first thread of the child that asks makes it anew. What
// the mutex guards may be half written then; so it is for what each holder writes before reading.
class ForkMutex {
 public:
  void lock() {
    BelongHere();
    mutex_.lock();
  }

  void unlock() { mutex_.unlock(); }

 private:
  static constexpr pid_t kMoving = -1;

  void BelongHere() {
    const pid_t here = getpid();
    pid_t owner = owner_.load(std::memory_order_acquire);
    while (owner != here) {
      if (owner != kMoving &&
          owner_.compare_exchange_weak(owner, kMoving, std::memory_order_acquire)) {
        new (&mutex_) std::mutex;
        owner_.store(here, std::memory_order_release);
        return;
      }
      owner = owner_.load(std::memory_order_acquire);
    }
  }

  std::atomic<pid_t> owner_{getpid()};
  std::mutex mutex_;
  static_assert(std::is_trivially_destructible_v<std::mutex>, "what is made anew is not destroyed");
};

#endif

}  // namespace bireid

#endif  // BIREID_PLAN_FORK_MUTEX_H_
