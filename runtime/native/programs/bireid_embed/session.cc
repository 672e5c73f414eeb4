#include "programs/bireid_embed/session.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "engine/json_text.h"
#include "programs/bireid_embed/cloud.h"
#include "programs/bireid_embed/errors.h"
#include "programs/bireid_embed/item.h"
#include "programs/bireid_embed/options.h"

namespace bireid_embed {
namespace {

constexpr size_t kArriving = size_t{1} << 20;
constexpr char kRaw[] = "raw ";
constexpr size_t kRawSize = sizeof(kRaw) - 1;
constexpr char kCamera[] = "camera ";
constexpr size_t kCameraSize = sizeof(kCamera) - 1;
constexpr char kBox[] = "box ";
constexpr size_t kBoxSize = sizeof(kBox) - 1;
constexpr char kId[] = "id ";
constexpr size_t kIdSize = sizeof(kId) - 1;
constexpr char kBatch[] = "batch ";
constexpr size_t kBatchSize = sizeof(kBatch) - 1;
constexpr char kInfo[] = "info";
constexpr int kMaxBatch = 256;

// Bytes take memory as they arrive: a client that only declares them gets none. Where memory is
// short, the rest is taken from the connection for nothing.
void ReadArriving(Connection& connection, size_t count, const MemoryCheck& check,
                  std::vector<uint8_t>* bytes) {
  try {
    while (bytes->size() < count) {
      const size_t done = bytes->size();
      const size_t part = std::min(count - done, kArriving);
      check(part);
      // Of what is reserved, the system gives only what is written to.
      if (done == 0) bytes->reserve(count);
      bytes->resize(done + part);
      connection.ReadBytes(bytes->data() + done, part);
    }
  } catch (const ConnectionEnded&) {
    throw;
  } catch (const std::exception&) {
    const size_t left = count - bytes->size();
    std::vector<uint8_t>().swap(*bytes);
    connection.SkipBytes(left);
    throw;
  }
}

// "raw W H" and the pixels that follow it. Where W and H are sides of an image, the pixels are
// taken from the connection in any case: the next request begins after them.
Image ReadRaw(const std::string& request, Connection& connection, const MemoryCheck& check) {
  const size_t space = std::min(request.find(' ', kRawSize), request.size());
  const std::string height_text = space < request.size() ? request.substr(space + 1) : "";
  const int width =
      ParseInteger(request.substr(kRawSize, space - kRawSize), 1, kMaxSide, "W of raw W H");
  const int height = ParseInteger(height_text, 1, kMaxSide, "H of raw W H");
  const size_t bytes = BytesOf(width, height);
  Image image{width, height, {}};
  try {
    CheckSize(width, height, "raw");
  } catch (const std::exception&) {
    connection.SkipBytes(bytes);
    throw;
  }
  ReadArriving(connection, bytes, check, &image.pixels);
  return image;
}

// "raw N" and the points that follow it, as ReadRaw.
std::vector<float> ReadRawPoints(const std::string& request, Connection& connection,
                                 const MemoryCheck& check) {
  const int count = ParseInteger(request.substr(kRawSize), 1, kMaxPoints, "N of raw N");
  const size_t bytes = static_cast<size_t>(count) * kAxes * sizeof(float);
  std::vector<uint8_t> arrived;
  ReadArriving(connection, bytes, check, &arrived);
  std::vector<float> points(static_cast<size_t>(count) * kAxes);
  std::memcpy(points.data(), arrived.data(), bytes);
  return points;
}

Item ReadItem(const std::string& request, bool too_long, bool takes_clouds, Connection& connection,
              const MemoryCheck& check) {
  if (too_long) {
    throw ImageError("a request has at most " + std::to_string(Connection::kMaxLine) + " bytes");
  }
  if (request.empty()) throw ImageError("the request is empty; name a file");
  if (request.find('\0') != std::string::npos) throw ImageError("a path has no zero byte");
  const bool is_raw = request.compare(0, kRawSize, kRaw) == 0;
  if (takes_clouds) {
    return {{}, is_raw ? ReadRawPoints(request, connection, check) : ReadCloudFile(request)};
  }
  return {is_raw ? ReadRaw(request, connection, check) : ReadImageFile(request, check), {}};
}

// Takes a word and the one behind it off a request, such as "camera NAME ", and returns the second;
// empty if there is none.
std::string Take(const char* word, size_t size, std::string* request) {
  if (request->compare(0, size, word) != 0) return "";
  const size_t space = std::min(request->find(' ', size), request->size());
  const std::string taken = request->substr(size, space - size);
  request->erase(0, std::min(space + 1, request->size()));
  return taken;
}

// Takes "id TEXT " off a request and returns the member that echoes it, if there is one.
std::string TakeId(std::string* request) {
  const std::string id = Take(kId, kIdSize, request);
  return id.empty() ? "" : "\"id\": " + bireid::JsonString(id) + ", ";
}

// A client's target, which the next frames are sought for.
using Target = std::unique_ptr<TrackerHandle>;

std::string Follow(const std::string& box, const Image& frame, const CameraNetworks& networks,
                   Target* target) {
  if (*target == nullptr) *target = networks.NewTracker();
  return ToJson(box.empty() ? (*target)->Update(frame)
                            : (*target)->Start(frame, ParseBox(box, "box")));
}

// The members of the answer to one request for an item.
std::string Answer(std::string request, bool too_long, Connection& connection,
                   CameraNetworks& networks, MemoryBudget& budget, Target* target) {
  MemoryBudget::Share share(budget);
  try {
    std::string camera, box;
    if (networks.AskForCamera()) camera = Take(kCamera, kCameraSize, &request);
    if (networks.Tracks()) box = Take(kBox, kBoxSize, &request);
    // First of all: pixels that follow are no requests.
    const Item item =
        ReadItem(request, too_long, networks.TakesClouds(), connection, share.Check());
    if (networks.AskForCamera() && camera.empty()) {
      throw ImageError("the bundle is adapted to cameras; begin a request with \"camera NAME \"");
    }
    if (networks.Tracks()) return Follow(box, item.image, networks, target);
    NetworkHandle& network = networks.Of(camera);
    return network.ToJson(network.Run(item), item);
  } catch (const std::bad_alloc&) {
    return "\"error\": \"not enough memory\"";
  } catch (const std::exception& error) {
    return "\"error\": " + bireid::JsonString(error.what());
  }
}

// "batch N" and the requests that follow it, one after the other; each may have an id of its own.
std::string AnswerBatch(const std::string& count, Connection& connection, CameraNetworks& networks,
                        MemoryBudget& budget, Target* target) {
  int requests = 0;
  try {
    requests = ParseInteger(count, 1, kMaxBatch, "N of batch N");
  } catch (const std::exception& error) {
    return "\"error\": " + bireid::JsonString(error.what());
  }
  std::string answers, request;
  bool too_long = false;
  for (int i = 0; i < requests; ++i) {
    if (!connection.ReadLine(&request, &too_long)) throw ConnectionEnded();
    const std::string id = TakeId(&request);
    answers += (i == 0 ? "{" : ", {") + id +
               Answer(request, too_long, connection, networks, budget, target) + "}";
  }
  return "\"answers\": [" + answers + "]";
}

// One line: what the client called it, whose numbers they are, and the answer.
std::string AnswerLine(std::string request, bool too_long, Connection& connection,
                       CameraNetworks& networks, MemoryBudget& budget, Target* target) {
  const std::string id = TakeId(&request);
  std::string members;
  if (request == kInfo) {
    members = "\"info\": " + networks.json();
  } else if (request.compare(0, kBatchSize, kBatch) == 0 && !too_long) {
    members = AnswerBatch(request.substr(kBatchSize), connection, networks, budget, target);
  } else {
    members = Answer(request, too_long, connection, networks, budget, target);
  }
  return "{" + id + "\"fingerprint\": " + bireid::JsonString(networks.fingerprint()) + ", " +
         members + "}\n";
}

}  // namespace

void Serve(Connection& connection, CameraNetworks& networks, MemoryBudget& budget) {
  try {
    std::string request;
    bool too_long = false;
    Target target;
    while (connection.ReadLine(&request, &too_long)) {
      connection.Write(AnswerLine(request, too_long, connection, networks, budget, &target));
    }
  } catch (const ConnectionEnded&) {
    // The client left early, or the server is told to stop: this session is over either way.
  }
}

}  // namespace bireid_embed
