#include "programs/bireid_embed/server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "programs/bireid_embed/connection.h"
#include "programs/bireid_embed/errors.h"
#include "programs/bireid_embed/file_descriptor.h"
#include "programs/bireid_embed/memory_budget.h"
#include "programs/bireid_embed/session.h"
#include "programs/bireid_embed/stop_signal.h"

namespace bireid_embed {
namespace {

constexpr int kClients = 8;
constexpr int kPauseMilliseconds = 100;
// Of large requests together: one of 100 megapixels as raw pixels. With the network this stays
// below the MemoryMax of the systemd unit.
constexpr size_t kBudget = size_t{320} << 20;

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    throw UsageError(path + ": a socket's path has at most " +
                     std::to_string(sizeof(address.sun_path) - 1) + " bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int NewSocket() { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

// Removes the socket that a server left which did not end cleanly. Whatever else is in the way,
// bind() refuses.
void RemoveStaleSocket(const std::string& path, const sockaddr_un& address) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const FileDescriptor client(NewSocket());
  const int failure =
      connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  if (failure != 0 && errno == ECONNREFUSED) unlink(path.c_str());
}

class ListeningSocket {
 public:
  explicit ListeningSocket(const std::string& path) : path_(path), descriptor_(NewSocket()) {
    const sockaddr_un address = AddressOf(path);
    RemoveStaleSocket(path, address);
    // From its first moment on it is this user's alone.
    const mode_t saved = umask(0177);
    const int failure =
        bind(descriptor_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    const int error_number = errno;
    umask(saved);
    if (failure != 0) throw SystemError(path, error_number);
    if (lstat(path.c_str(), &own_) != 0) throw SystemError(path, errno);
    if (listen(descriptor_.get(), SOMAXCONN) != 0) {
      const int listen_error = errno;
      unlink(path.c_str());
      throw SystemError(path, listen_error);
    }
  }
  // Another server may have taken the place since: what is not ours stays.
  ~ListeningSocket() {
    struct stat status;
    if (lstat(path_.c_str(), &status) == 0 && status.st_dev == own_.st_dev &&
        status.st_ino == own_.st_ino) {
      unlink(path_.c_str());
    }
  }

  int get() const { return descriptor_.get(); }

  // Whether clients wait to be accepted.
  bool HasWaiting() const {
    pollfd listening = {descriptor_.get(), POLLIN, 0};
    return poll(&listening, 1, 0) > 0;
  }

 private:
  std::string path_;
  FileDescriptor descriptor_;
  struct stat own_ = {};
};

// Whose turn it is to make room. All idle clients look at the same time, and one place is enough.
class Evictions {
 public:
  bool Claim() {
    const int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::steady_clock::now().time_since_epoch())
                            .count();
    int64_t last = last_;
    return now - last > kPauseMilliseconds && last_.compare_exchange_strong(last, now);
  }

 private:
  std::atomic<int64_t> last_{std::numeric_limits<int64_t>::min() / 2};
};

// What the clients of a socket share.
struct Service {
  const ListeningSocket& listening;
  const StopSignal& stop;
  CameraNetworks& networks;
  MemoryBudget& budget;
  Evictions& evictions;
  int patience_milliseconds;
};

void ServeClient(int client, const Service& service) {
  try {
    const Patience patience{service.patience_milliseconds, [&service] {
                              return service.listening.HasWaiting() && service.evictions.Claim();
                            }};
    Connection connection(client, client, service.stop, patience);
    Serve(connection, service.networks, service.budget);
  } catch (const std::exception& error) {
    // Such as no memory for a buffer: this client is lost, the server goes on.
    std::fprintf(stderr, "bireid-embed: a client was dropped: %s\n", error.what());
  }
}

// One client after the other, until it is time to stop.
void AcceptClients(const Service& service) {
  const StopSignal& stop = service.stop;
  while (stop.WaitFor(service.listening.get(), POLLIN)) {
    const FileDescriptor client(
        accept4(service.listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client.get() >= 0) {
      ServeClient(client.get(), service);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // It stays ready, so that waiting alone would spin.
      pollfd stopping = {stop.descriptor(), POLLIN, 0};
      poll(&stopping, 1, kPauseMilliseconds);
    }
    // Any other failure: another thread was faster, or the client has gone.
  }
}

// Threads that are joined when they go, after being told to stop.
class Workers {
 public:
  explicit Workers(StopSignal& stop) : stop_(stop) {}
  ~Workers() {
    stop_.Request();
    for (std::thread& thread : threads_) thread.join();
  }

  template <typename Function>
  void Start(Function function) {
    threads_.emplace_back(function);
  }

 private:
  StopSignal& stop_;
  std::vector<std::thread> threads_;
};

}  // namespace

void ServeStdio(CameraNetworks& networks) {
  const StopSignal stop;
  Connection connection(STDIN_FILENO, STDOUT_FILENO, stop);
  // One client, who waits for nobody.
  MemoryBudget budget(std::numeric_limits<size_t>::max() / 2);
  Serve(connection, networks, budget);
}

void ServeSocket(const std::string& path, int patience_seconds, CameraNetworks& networks) {
  StopSignal stop;
  const ListeningSocket listening(path);
  std::fprintf(stderr, "bireid-embed: listening on %s\n", path.c_str());
  MemoryBudget budget(kBudget);
  Evictions evictions;
  const Service service{listening, stop, networks, budget, evictions, patience_seconds * 1000};
  Workers workers(stop);
  const auto accept_clients = [&service] { AcceptClients(service); };
  for (int i = 1; i < kClients; ++i) workers.Start(accept_clients);
  accept_clients();
}

}  // namespace bireid_embed
