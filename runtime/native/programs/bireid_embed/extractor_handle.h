// An extractor of the C API that closes itself.
#ifndef BIREID_PROGRAMS_BIREID_EMBED_EXTRACTOR_HANDLE_H_
#define BIREID_PROGRAMS_BIREID_EMBED_EXTRACTOR_HANDLE_H_

#include <memory>
#include <string>
#include <vector>

#include "engine/bireid.h"
#include "programs/bireid_embed/image.h"

namespace bireid_embed {

struct SelfTest {
  double max_difference = 0;
  double min_cosine = 0;
  std::string failure;  // empty if it passed
};

// May be used from several threads.
class ExtractorHandle {
 public:
  // Opens a bundle. Throws EngineError.
  ExtractorHandle(const std::string& bundle, const bireid_options& options);

  std::string description() const { return bireid_describe(extractor_.get()); }

  // The embedding, of unit length. Throws EngineError.
  std::vector<float> Embed(const Image& image);

  // Throws EngineError if it cannot be run at all.
  SelfTest RunSelfTest();

 private:
  std::unique_ptr<bireid_extractor, void (*)(bireid_extractor*)> extractor_;
};

}  // namespace bireid_embed

#endif  // BIREID_PROGRAMS_BIREID_EMBED_EXTRACTOR_HANDLE_H_
