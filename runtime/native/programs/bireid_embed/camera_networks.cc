#include "programs/bireid_embed/camera_networks.h"

#include <utility>

namespace bireid_embed {

CameraNetworks::CameraNetworks(const std::string& bundle, const bireid_options& options)
    : bundle_(bundle), options_(options) {
  bireid_options any = options;
  if (options.camera == nullptr) any.camera = "";
  auto network = std::make_unique<NetworkHandle>(bundle, any);
  const std::string first = network->FirstCamera();
  fingerprint_ = network->fingerprint();
  json_ = network->json();
  tracks_ = network->Tracks();
  takes_clouds_ = network->takes_clouds();
  ask_ = options.camera == nullptr && !first.empty();
  networks_.emplace(ask_ ? first : "", std::move(network));
}

std::unique_ptr<TrackerHandle> CameraNetworks::NewTracker() const {
  return std::make_unique<TrackerHandle>(bundle_, options_);
}

NetworkHandle& CameraNetworks::Of(const std::string& camera) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::unique_ptr<NetworkHandle>& network = networks_[ask_ ? camera : ""];
  if (network != nullptr) return *network;
  bireid_options options = options_;
  options.camera = camera.c_str();
  try {
    network = std::make_unique<NetworkHandle>(bundle_, options);
  } catch (...) {
    // A name that nobody knows takes no memory.
    networks_.erase(camera);
    throw;
  }
  return *network;
}

}  // namespace bireid_embed
