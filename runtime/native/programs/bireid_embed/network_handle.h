// A network of the C API that closes itself, whatever it gives for an image.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_NETWORK_HANDLE_H_
#define BIREID_PROGRAMS_BIREID_EMBED_NETWORK_HANDLE_H_

#include <memory>
#include <string>
#include <vector>

#include "engine/bireid_session.h"
#include "programs/bireid_embed/item.h"

namespace bireid_embed {

struct SelfTest {
  double max_difference = 0;
  double min_cosine = 0;  // NaN of a network that gives no embedding
  std::string failure;    // empty if it passed
};

// May be used from several threads.
class NetworkHandle {
 public:
  // Opens a bundle. Throws EngineError, also for a network that neither does any of that to RGB
  // images nor classifies point clouds.
  NetworkHandle(const std::string& bundle, const bireid_options& options);

  std::string description() const { return bireid_session_describe(session_.get()); }
  // Of those that the bundle is adapted to; empty if it takes all alike.
  std::string FirstCamera() const;

  // Whether it takes point clouds, and not images.
  bool takes_clouds() const { return takes_clouds_; }

  // Identifies what its outputs mean.
  std::string fingerprint() const { return bireid_session_fingerprint(session_.get()); }

  std::string json() const { return bireid_session_describe_json(session_.get()); }

  // Whether it follows a target: TrackerHandle does that.
  bool Tracks() const;
  // Whether it embeds, and finds things.
  bool Embeds() const;
  bool Detects() const;

  // Numbers of what Run returns.
  size_t elements() const { return elements_; }

  // Of a network that finds things what they may be.
  std::vector<std::string> Classes() const;

  // The embedding, of unit length, the logits, or the map of a detector or tracker. Throws
  // EngineError.
  std::vector<float> Run(const Item& item);

  // What Run returned for an item as members of a JSON object: "embedding", or "class",
  // "probability" and "logits", or "boxes". Throws EngineError.
  std::string ToJson(const std::vector<float>& values, const Item& item) const;

  // The boxes of a map that Run returned for an image, from the highest score on; of scores above
  // `score_threshold`, 0 to 1, or that of the bundle if it is -1. Throws EngineError.
  std::vector<bireid_box> Boxes(const std::vector<float>& map, const Image& image,
                                double score_threshold) const;

  // Throws EngineError if it cannot be run at all.
  SelfTest RunSelfTest();

 private:
  std::string Classify(const std::vector<float>& logits) const;
  std::string Detect(const std::vector<float>& map, const Image& image) const;

  std::unique_ptr<bireid_session, void (*)(bireid_session*)> session_;
  int32_t output_ = 0;  // the one that is shown
  std::string kind_;    // its kind
  size_t elements_ = 0;
  bool takes_clouds_ = false;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_NETWORK_HANDLE_H_
