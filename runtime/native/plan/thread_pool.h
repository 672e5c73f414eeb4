// Threads that the plans of a process share.
#ifndef BIREID_PLAN_THREAD_POOL_H_
#define BIREID_PLAN_THREAD_POOL_H_

namespace bireid {

// The most threads that anything here takes.
constexpr int kMaxThreads = 64;

// What one worker does at a time.
struct Part {
  int phase;
  int number;  // in [0, count)
  int count;   // parts of each phase, which is how many workers the work may have
  int worker;  // in [0, count): no two parts that are done at a time have the same
};

// Work in phases: all parts of one are done before any of the next begins. Who does a part is
// nobody's business: with the same count, each part's results must be the same.
class PhasedWork {
 public:
  // Must not throw.
  virtual void Do(const Part& part) = 0;
  // All parts of `phase` are done, and no other has begun.
  virtual void End(int phase) { static_cast<void>(phase); }

 protected:
  ~PhasedWork() = default;
};

// Does `work` with up to `threads` threads, at most kMaxThreads, the caller being worker 0, and
// returns when all is done. Each worker begins with the part that has its number, whose memory its
// cache holds from the phase before, and goes on with those that nobody has begun: one that is late
// is not waited for. With one thread, or while another caller has the pool, or if no thread can be
// started, there is one part, and the caller does it.
void RunPhases(int threads, int phases, PhasedWork* work);

// The same of one phase: `function` takes a const Part&, and must not throw.
template <typename Function>
void RunParts(int threads, const Function& function) {
  struct Parts final : PhasedWork {
    explicit Parts(const Function& called) : function(called) {}
    void Do(const Part& part) override { function(part); }
    const Function& function;
  };
  Parts work(function);
  RunPhases(threads, 1, &work);
}

}  // namespace bireid

#endif  // BIREID_PLAN_THREAD_POOL_H_
