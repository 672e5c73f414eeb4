#include "programs/bireid_embed/connection.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "programs/bireid_embed/errors.h"

namespace bireid_embed {
namespace {

// How often an idle client's place is looked at, milliseconds.
constexpr int kLook = 200;

// After a read or a write that failed: a client that has gone ends the connection, a full disk or
// a directory in place of a pipe is an error.
void EndUnlessTemporary(const char* what) {
  if (errno == EINTR || errno == EAGAIN) return;
  if (errno == EPIPE || errno == ECONNRESET) throw ConnectionEnded();
  throw SystemError(what, errno);
}

}  // namespace

bool Connection::ReadLine(std::string* line, bool* too_long) {
  line->clear();
  *too_long = false;
  bool has_read = false;
  is_idle_ = true;
  StartClock();
  while (Fill()) {
    if (!has_read) StartClock();
    has_read = true;
    is_idle_ = false;
    const char* begin = buffer_.data() + begin_;
    const size_t available = end_ - begin_;
    const char* feed = static_cast<const char*>(std::memchr(begin, '\n', available));
    const size_t count = feed == nullptr ? available : static_cast<size_t>(feed - begin);
    const size_t kept = std::min(count, kMaxLine - line->size());
    line->append(begin, kept);
    if (kept < count) *too_long = true;
    begin_ += count;
    if (feed != nullptr) {
      ++begin_;
      return true;
    }
  }
  return has_read;
}

void Connection::ReadBytes(uint8_t* bytes, size_t count) {
  while (count > 0) {
    if (!Fill()) throw ConnectionEnded();
    const size_t taken = std::min(count, end_ - begin_);
    std::memcpy(bytes, buffer_.data() + begin_, taken);
    begin_ += taken;
    bytes += taken;
    count -= taken;
  }
}

void Connection::SkipBytes(size_t count) {
  while (count > 0) {
    if (!Fill()) throw ConnectionEnded();
    const size_t taken = std::min(count, end_ - begin_);
    begin_ += taken;
    count -= taken;
  }
}

void Connection::Write(const std::string& text) {
  StartClock();
  for (size_t done = 0; done < text.size();) {
    Await(output_, POLLOUT, false);
    // A pipe that is ready takes this many bytes without blocking.
    const size_t count = std::min<size_t>(text.size() - done, PIPE_BUF);
    const ssize_t written = write(output_, text.data() + done, count);
    if (written > 0) {
      done += static_cast<size_t>(written);
    } else if (written < 0) {
      EndUnlessTemporary("writing an answer");
    }
  }
}

void Connection::Await(int descriptor, short events, bool is_idle) {
  using std::chrono::milliseconds;
  while (true) {
    int left = -1;
    if (patience_.milliseconds >= 0) {
      const auto passed = std::chrono::steady_clock::now() - began_;
      const auto limit = milliseconds(patience_.milliseconds);
      left = static_cast<int>(std::chrono::duration_cast<milliseconds>(limit - passed).count());
      if (left <= 0 && (!is_idle || patience_.place_is_needed())) throw ConnectionEnded();
      if (left <= 0) left = kLook;
    }
    switch (stop_.WaitFor(descriptor, events, left)) {
      case Waited::kReady:
        return;
      case Waited::kStop:
        throw ConnectionEnded();
      case Waited::kTimeOut:
        break;
    }
  }
}

bool Connection::Fill() {
  while (begin_ == end_) {
    Await(input_, POLLIN, is_idle_);
    const ssize_t count = read(input_, buffer_.data(), buffer_.size());
    if (count == 0) return false;
    if (count > 0) {
      begin_ = 0;
      end_ = static_cast<size_t>(count);
    } else {
      EndUnlessTemporary("reading a request");
    }
  }
  return true;
}

}  // namespace bireid_embed
