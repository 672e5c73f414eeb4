// SIGTERM and SIGINT as something that poll() can wait for.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_STOP_SIGNAL_H_
#define BIREID_PROGRAMS_BIREID_EMBED_STOP_SIGNAL_H_

namespace bireid_embed {

enum class Waited { kReady, kStop, kTimeOut };

// From its making on, SIGTERM and SIGINT do not end the process but make descriptor() readable for
// good. There may be one in a process. Also ignores SIGPIPE, so that a client that has gone is an
// error of one write.
class StopSignal {
 public:
  // Throws SystemError.
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Does what the signals do.
  void Request();

  int descriptor() const { return descriptor_; }

  // Waits until `descriptor` is ready for `events` of poll(); false if it is time to stop.
  bool WaitFor(int descriptor, short events) const {
    return WaitFor(descriptor, events, -1) == Waited::kReady;
  }

  // For so many milliseconds at most, below 0 for ever.
  Waited WaitFor(int descriptor, short events, int milliseconds) const;

 private:
  int descriptor_;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_STOP_SIGNAL_H_
