// The networks of a bundle: one, or of an adapted bundle one per camera, opened when first needed.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_CAMERA_NETWORKS_H_
#define BIREID_PROGRAMS_BIREID_EMBED_CAMERA_NETWORKS_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/bireid.h"
#include "programs/bireid_embed/network_handle.h"
#include "programs/bireid_embed/tracker_handle.h"

namespace bireid_embed {

// May be used from several threads.
class CameraNetworks {
 public:
  // Opens the bundle, for `options.camera` if that is set. What `options` points to must outlive
  // this. Throws as NetworkHandle.
  CameraNetworks(const std::string& bundle, const bireid_options& options);

  // Whether the bundle is adapted and no camera was named: then every request names one.
  bool AskForCamera() const { return ask_; }

  // Of the bundle: the same for all of its cameras.
  const std::string& fingerprint() const { return fingerprint_; }
  // All about it, a JSON object.
  const std::string& json() const { return json_; }

  // Whether the network follows targets; then NewTracker() has one that follows none yet.
  bool Tracks() const { return tracks_; }
  std::unique_ptr<TrackerHandle> NewTracker() const;
  // Whether the networks take point clouds, and not images.
  bool TakesClouds() const { return takes_clouds_; }

  // The network of a camera; where AskForCamera() is false, the one there is. Throws EngineError
  // for a camera that the bundle does not know.
  NetworkHandle& Of(const std::string& camera);

 private:
  const std::string bundle_;
  const bireid_options options_;
  std::string fingerprint_;
  std::string json_;
  bool ask_ = false;
  bool tracks_ = false;
  bool takes_clouds_ = false;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<NetworkHandle>> networks_;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_CAMERA_NETWORKS_H_
