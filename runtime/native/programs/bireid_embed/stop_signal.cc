#include "programs/bireid_embed/stop_signal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "programs/bireid_embed/errors.h"

namespace bireid_embed {
namespace {

// The end of a pipe that a signal writes to; never closed, since one may come at any time.
int stop_request = -1;

void RequestStop(int) {
  const int saved = errno;
  const char byte = 0;
  // A full pipe is readable already.
  if (write(stop_request, &byte, 1) < 0) {
  }
  errno = saved;
}

}  // namespace

StopSignal::StopSignal() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw SystemError("making a pipe", errno);
  descriptor_ = ends[0];
  stop_request = ends[1];
  struct sigaction action = {};
  action.sa_handler = RequestStop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

void StopSignal::Request() { RequestStop(0); }

Waited StopSignal::WaitFor(int descriptor, short events, int milliseconds) const {
  pollfd descriptors[] = {{descriptor, events, 0}, {descriptor_, POLLIN, 0}};
  int ready;
  while ((ready = poll(descriptors, 2, milliseconds)) < 0) {
    if (errno != EINTR) throw SystemError("poll", errno);
  }
  if (descriptors[1].revents != 0) return Waited::kStop;
  return ready == 0 ? Waited::kTimeOut : Waited::kReady;
}

}  // namespace bireid_embed
