#include "programs/bireid_embed/standard_streams.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "programs/bireid_embed/errors.h"

namespace bireid_embed {
namespace {

constexpr int kLastWaitMilliseconds = 5000;

}  // namespace

size_t StandardInput::Read(uint8_t* bytes, size_t size) {
  while (stop_.WaitFor(STDIN_FILENO, POLLIN)) {
    const ssize_t count = read(STDIN_FILENO, bytes, size);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR && errno != EAGAIN) throw SystemError("reading standard input", errno);
  }
  is_stopped_ = true;
  return 0;
}

void StandardOutput::Write(const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    if (!IsReady()) throw OutputClosed();
    // A pipe that is ready takes this many bytes without blocking.
    const size_t count = std::min<size_t>(text.size() - done, PIPE_BUF);
    const ssize_t written = write(STDOUT_FILENO, text.data() + done, count);
    if (written > 0) {
      done += static_cast<size_t>(written);
    } else if (written < 0 && (errno == EPIPE || errno == ECONNRESET)) {
      throw OutputClosed();
    } else if (written < 0 && errno != EINTR && errno != EAGAIN) {
      throw OutputError(errno);
    }
  }
}

bool StandardOutput::IsReady() const {
  if (stop_.WaitFor(STDOUT_FILENO, POLLOUT)) return true;
  // What is known is still printed, if somebody reads it.
  pollfd output = {STDOUT_FILENO, POLLOUT, 0};
  int ready;
  while ((ready = poll(&output, 1, kLastWaitMilliseconds)) < 0) {
    if (errno != EINTR) throw SystemError("poll", errno);
  }
  return ready > 0;
}

}  // namespace bireid_embed
