// A bundle's network, ready to run.
#ifndef BIREID_ENGINE_SESSION_H_
#define BIREID_ENGINE_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/bundle.h"
#include "engine/network.h"
#include "engine/pixel_formats.h"
#include "engine/preprocess.h"
#include "plan/fork_mutex.h"
#include "plan/plan.h"
#include "plan/profile_log.h"

namespace bireid {

struct SessionOptions : NetworkOptions {
  bool verify = true;  // compare checksums
  const void* model =
      nullptr;  // the file of format "lce" or "float", read and checked by the caller
  size_t model_bytes = 0;
  std::vector<MemoryFile> files;  // not empty: the bundle is these, and no directory is read
  // Whose crops come in; empty: the first camera, if the bundle is adapted to any. None: a bundle
  // that is adapted is refused, unless the caller brings the model: then it runs as it is.
  std::optional<std::string> camera;
  bool uncentred = false;  // leave embeddings as the network gives them
};

// Largest difference of any component and smallest cosine over the golden items.
struct SelfTestResult {
  double max_difference = 0;
  // Of the outputs whose kind has one, embeddings; NaN of a network without.
  double min_cosine = std::numeric_limits<double>::quiet_NaN();
  bool passed = true;          // each output within its tolerance, and nothing decoded otherwise
  std::string other_decoding;  // the first output and item that is; empty: none
};

// Chooses the constructor that shares.
struct Sharing {};

// May be used from several threads; calls wait for each other.
class Session {
 public:
  // Throws BundleError, UnsupportedError, std::invalid_argument or std::bad_alloc.
  Session(const std::string& directory, const SessionOptions& options);
  // The network of another one that is open, for the same camera: weights and what was read of the
  // bundle are shared, working memory is its own, and neither needs the other to live. No profile
  // is kept of it. Throws std::bad_alloc.
  Session(const Session& other, Sharing);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  // Writes the profile, if one is kept.
  ~Session();

  const Manifest& manifest() const { return bundle_->manifest(); }
  const std::string& directory() const { return bundle_->directory(); }
  const std::string& description() const { return description_; }
  int threads() const { return options_.threads; }

  // Position of the camera that it was opened for; -1: none.
  int camera() const { return camera_; }

  // Those of the camera.
  const CameraNumbers& numbers() const { return numbers_; }

  // Whether the one input is an image, or a point cloud.
  bool TakesImages() const;
  bool TakesClouds() const;

  // Inputs and outputs in the order of the manifest, `items` of each behind one another; an output
  // that is null is not wanted. Items share the threads, one each. Throws BundleError if an output
  // is not what its kind promises.
  void Run(const float* const* inputs, int items, float* const* outputs);

  // Throws UnsupportedError unless TakesImages(), std::invalid_argument for a bad size.
  void RunImages(const ImageView* images, int count, float* const* outputs);

  // The same of pictures in other formats than RGB.
  void RunPictures(const Picture* pictures, int count, float* const* outputs);

  // The same of TakesClouds() and of bad points.
  void RunClouds(const CloudView* clouds, int count, float* const* outputs);

  // Runs every golden item under its own camera, for which it may open the bundle once more. Where
  // the bundle says what the stored maps decode to, it decodes them too. Throws what reading the
  // golden items, or opening, throws.
  SelfTestResult SelfTest();

 private:
  Session(Bundle bundle, const SessionOptions& options);
  using Pointers = std::vector<float*>;
  // Makes the network's input of a raw item; `slot` is below threads(), and nobody else's.
  using Prepare = std::function<void(int item, int slot, float* output)>;

  void RunLocked(const float* const* inputs, int items, float* const* outputs);
  void RunPart(const std::vector<const void*>& inputs, int items, const Pointers& outputs);
  using PrepareImage = std::function<void(int item, ImageWorkspace* workspace, float* output)>;

  void RequireImages() const;
  void RunRawImages(int count, float* const* outputs, const PrepareImage& prepare);
  void RunRaw(int count, float* const* outputs, const Prepare& prepare);
  void PrepareItems(int begin, int count, const Prepare& prepare);
  void RunGolden(const Golden& golden, int item, const Pointers& outputs);
  void CompareItem(const Golden& golden, int item, SelfTestResult* result);
  std::unique_ptr<Session> OpenFor(int camera) const;

  SessionOptions options_;  // without what belongs to the caller
  std::shared_ptr<const Bundle> bundle_;
  int camera_;
  CameraNumbers numbers_;
  std::string description_;
  std::unique_ptr<Plan> plan_;
  std::unique_ptr<ProfileLog> profile_;                          // null: none is kept
  std::vector<std::shared_ptr<const ImagePreparer>> preparers_;  // per input; null: no image
  ForkMutex mutex_;  // held while the plan and what follows are in use
  const ResizeKernels* resize_kernels_;
  std::vector<ImageWorkspace> workspaces_;    // per thread
  std::vector<float> prepared_;               // [threads][elements] of raw items
  std::vector<std::vector<float>> unwanted_;  // per output: [threads][elements], where asked for
};

}  // namespace bireid

#endif  // BIREID_ENGINE_SESSION_H_
